"""Run the commands of Markdown files, as a reader would copy them: `check_readme.py README.md docs/*.md`.

Every fenced block marked `sh`, and every `$ ` line of one marked `console`, runs in bash at the top of the checkout; a
block is one shell, which stops at its first failure. A comment right above a block can change that, and says so aloud:

    <!-- run as: make demo ARGS="--exit --speed max" -->    a form of it that ends by itself
    <!-- not run: needs Docker -->                          left out, with the reason
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
BLOCK_TIMEOUT_SECONDS = 600

BLOCK = re.compile(
    r"(?:^<!-- *(?P<order>run as|not run): *(?P<words>.*?) *-->\n+)?^```(?P<kind>sh|console)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """The commands of one fenced block; none, but a reason, when it is left out."""

    where: str
    commands: str
    reason: str = ""


def blocks_of(text: str, file_name: str) -> Iterator[Block]:
    """Yield the blocks of a Markdown text in order."""
    for found in BLOCK.finditer(text):
        where = f"{file_name}:{text.count(chr(10), 0, found.start('kind')) + 1}"
        match found["order"]:
            case "not run":
                yield Block(where, "", found["words"] or "no reason given")
            case "run as":
                yield Block(where, found["words"])
            case _:
                yield Block(where, commands_of(found["kind"], found["body"]))


def commands_of(kind: str, body: str) -> str:
    """Return a block's shell commands, without prompts and printed output."""
    if kind == "sh":
        return body
    return "\n".join(line.removeprefix("$ ") for line in body.splitlines() if line.startswith("$ "))


def run(block: Block) -> bool:
    """Run one block; whether it succeeded in time."""
    print(f"\n== {block.where}\n{block.commands.strip()}", flush=True)
    began = time.monotonic()
    shell = subprocess.Popen(["bash", "-euo", "pipefail", "-c", block.commands], cwd=CHECKOUT, start_new_session=True)
    try:
        status = shell.wait(BLOCK_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
        print(f"-- {block.where}: not done after {BLOCK_TIMEOUT_SECONDS} s", file=sys.stderr)
        return False
    print(f"-- {block.where}: exit {status} after {time.monotonic() - began:.1f} s", flush=True)
    return status == 0


def main(file_names: Sequence[str]) -> int:
    """Return 0 when all blocks ran well, 1 when one failed or there is none."""
    blocks = [block for name in file_names for block in blocks_of(Path(name).read_text("utf-8"), name)]
    for block in blocks:
        if block.reason:
            print(f"== {block.where}: not run: {block.reason}")
    to_run = [block for block in blocks if not block.reason]
    failed = [block.where for block in to_run if not run(block)]
    print(f"\n{len(to_run)} blocks run, {len(failed)} failed, {len(blocks) - len(to_run)} left out", flush=True)
    if not to_run:
        print(f"No command found in {', '.join(file_names)}: mark blocks as sh or console.", file=sys.stderr)
    for where in failed:
        print(f"failed: {where}", file=sys.stderr)
    return 1 if failed or not to_run else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
