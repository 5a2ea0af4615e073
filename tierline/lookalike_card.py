"""Look-alikes on a terminal."""

from collections.abc import Mapping, Sequence
from typing import cast

from tierline.console import Json, note, out, print_table

Node = Mapping[str, Json]


def print_lookalikes(view: Node) -> None:
    """Print a line for each, and whom the customer was compared with."""
    rows = [_row(one) for one in cast("Sequence[Node]", view["lookalikes"])]
    if rows:
        columns = ("customer", "score", "tier", "what they share", "what differs most")
        print_table(f"Most like {view['customer_id']}", columns, rows)
    compared = cast("Node", view["compared_with"])
    if rows:
        out.print(f"\nCompared with {compared['customers']:,} customers, sampled until {compared['sampled_at']}.")
    if view["note"] is not None:
        note(str(view["note"]))


def _row(one: Node) -> tuple[str, ...]:
    shared = ", ".join(str(each["words"]) for each in cast("Sequence[Node]", one["shared"]))
    differs = cast("Node | None", one["differs"])
    score = f"{cast('float', one['score']):.3f}"
    return (str(one["customer_id"]), score, str(one["tier"]), shared, "" if differs is None else str(differs["words"]))
