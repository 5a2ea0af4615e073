"""The rights of Tierline's Redis user are those that its sources use, no fewer and no more."""

import re
from pathlib import Path

from state.redis_rights import CALLED, CALLED_BY_FUNCTIONS, COMMANDS, acl_rule
from tierline.doctor.redis_rights import PROBES

CHECKOUT = Path(__file__).parents[2]
BY_LIBRARY = {"INFO", "CLIENT|SETINFO", "FCALL", "FUNCTION|LOAD", "WAITAOF"}


def test_what_the_functions_call_is_allowed_and_nothing_else() -> None:
    source = (CHECKOUT / "state/commit.lua").read_text("utf-8")
    called = set(re.findall(r"(?:redis\.p?call|sliced)\('(\w+)'", source))
    assert called == set(CALLED_BY_FUNCTIONS)
    assert not re.search(r"redis\.p?call\((?!'|command)", source)


def test_what_the_processes_send_is_allowed_and_nothing_else() -> None:
    named: set[str] = set()
    for name in ("redis_repository.py", "redis_reading.py", "redis_wire.py"):
        source = (CHECKOUT / "state" / name).read_text("utf-8")
        named |= set(re.findall(r'\(\s*(?:partition, )?"([A-Z]+)"', source))
    assert (named - {"FUNCTION"}) | BY_LIBRARY == set(CALLED)


def test_the_doctor_tries_every_one() -> None:
    assert set(PROBES) == set(COMMANDS)


def test_the_rule_is_in_the_platform_teams_page_to_the_letter() -> None:
    page = " ".join((CHECKOUT / "docs/deployment.md").read_text("utf-8").split())
    assert acl_rule("tierline") in page
