"""A server that cannot start is never passed over in silence."""

from pathlib import Path

import pytest

from tests.servers import started
from tierline.embedded import EmbeddedError, EmbeddedValkey


class BrokenValkey(EmbeddedValkey):
    def start(self, timeout_seconds: float = 60.0) -> "BrokenValkey":
        raise EmbeddedError("no such processor")


def test_it_fails_the_test_where_servers_are_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.servers.SERVERS_REQUIRED", True)
    with pytest.raises(EmbeddedError), started(BrokenValkey(tmp_path)):
        raise AssertionError("not reached")


def test_it_skips_the_test_by_name_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.servers.SERVERS_REQUIRED", False)
    with pytest.raises(pytest.skip.Exception, match="no valkey: no such processor"), started(BrokenValkey(tmp_path)):
        raise AssertionError("not reached")
