"""The check of the README's commands finds them all, and can fail."""

from pathlib import Path

import pytest

from scripts.check_readme import Block, blocks_of, main

TEXT = """\
Two ways:

```sh
make demo
```

<!-- run as: make demo ARGS=--exit -->
```sh
make demo
```
<!-- not run: needs Docker -->

```console
$ docker compose up
```
```console
$ echo one
one
$ echo two
```
```python
print("no shell")
```
"""


def test_every_shell_block_is_found_with_its_line() -> None:
    assert list(blocks_of(TEXT, "README.md")) == [
        Block("README.md:3", "make demo\n"),
        Block("README.md:8", "make demo ARGS=--exit"),
        Block("README.md:13", "", "needs Docker"),
        Block("README.md:16", "echo one\necho two"),
    ]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("```sh\ntrue\n```\n", 0),
        ("```sh\nfalse\ntrue\n```\n", 1),
        ("```console\n$ false | true\n```\n", 1),
        ("```sh\ntrue\n```\n\n```sh\nexit 3\n```\n", 1),
        ("no command at all\n", 1),
        ("<!-- not run: why -->\n```sh\ntrue\n```\n", 1),
    ],
)
def test_it_fails_when_a_command_fails_or_none_runs(text: str, status: int, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, "utf-8")
    assert main([str(page)]) == status
