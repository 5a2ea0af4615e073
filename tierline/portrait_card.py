"""Portraits on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from rich.padding import Padding
from rich.text import Text

from tierline.console import Json, note, out

Node = Mapping[str, Json]

TITLES: Final = {"rfm": "By value: the program's rule segments", "cluster": "By behaviour: the learnt clusters"}


def print_portraits(view: Node) -> None:
    """Print a paragraph for each group."""
    sampled = cast("Node", view["sampled"])
    count = cast("int", sampled["customers"])
    out.print(f"{count:,} customers, model {view['model_version']}, as of {view['as_of']}.", markup=False)
    for scheme, title in TITLES.items():
        out.print(Text(f"\n{title}", style="bold"))
        for group in cast("Sequence[Node]", view[scheme]):
            out.print(Text(f"\n{group['name']}", style="bold"))
            _print_paragraph(" ".join(words_of(group)))
            campaign = cast("Node | None", group["campaign"])
            if campaign is not None:
                _print_paragraph(f"{campaign['name']}: because {campaign['why']} {campaign['how']}")
    if view["note"] is not None:
        note(str(view["note"]))


def words_of(group: Node) -> list[str]:
    """Return all sentences about a group."""
    habits = cast("Node", group.get("habits") or {"words": []})
    return [str(one) for one in [*cast("Sequence[Json]", group["words"]), *cast("Sequence[Json]", habits["words"])]]


def _print_paragraph(words: str) -> None:
    out.print(Padding(Text(words), (0, 0, 0, 2)), soft_wrap=False)
