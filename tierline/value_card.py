"""How good prices were, on a terminal and in words."""

from collections.abc import Mapping, Sequence
from typing import cast

from storefront.portrait_words import percent
from tierline.console import Json, out, print_table

Node = Mapping[str, Json]


def print_report(report: Node) -> None:
    """Print the sentences and the tenths."""
    for sentence in words_of(report):
        out.print(sentence, markup=False, soft_wrap=True)
    rows = [
        (str(number), str(one["customers"]), str(one["mean_expected"]), str(one["mean_spent"]), gained(one))
        for number, one in enumerate(tenths_of(report), 1)
    ]
    columns = ("tenth", "customers", f"expected ({report['currency']})", "spent", "part of all so far")
    print_table("Customers by expected value, the highest first", columns, rows)


def words_of(report: Node) -> list[str]:
    """Return what the figures say."""
    level, unit = cast("float", report["level"]), report["currency"]
    off = "as much as" if 0.98 <= level <= 1.02 else f"{percent(abs(level - 1))} {'more' if level > 1 else 'less'} than"
    first, second = (percent(cast("float", report[part])) for part in ("capture_10", "capture_20"))
    compared = f"{off} the {report['spent']} {unit} that they spent"
    error = percent(cast("float", report["decile_error"]))
    sentences = [
        f"{report['customers']:,} customers had a price at {report['at']}.",
        f"Until {report['until']} they were expected to spend {report['expected']} {unit}, {compared}.",
        f"The tenth with the highest prices brought {first} of it, the first two tenths {second}.",
        f"A tenth's mean price was off by {error} of the mean spend, on average.",
    ]
    if report["unpriced"]:
        sentences.append(f"{report['unpriced']:,} more had ordered, but had no price yet.")
    if report["erased"]:
        sentences.append(f"{report['erased']:,} with a price were erased since; they are left out.")
    return sentences


def tenths_of(report: Node) -> Sequence[Node]:
    """Return the tenths, the highest prices first."""
    return cast("Sequence[Node]", report["tenths"])


def gained(tenth: Node) -> str:
    """Return the part of all spend that falls on the tenths so far."""
    return percent(cast("float", tenth["gained"]))
