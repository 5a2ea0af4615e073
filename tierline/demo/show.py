"""The summary on a terminal."""

from collections.abc import Mapping

from rich import box
from rich.table import Table

from tierline.console import out
from tierline.demo.summary import Summary


def show(summary: Summary, levels: list[str]) -> None:
    """Print the summary to stdout; ``levels`` gives the tiers their order."""
    out.rule("A year of baskets")
    issued, suppressed = summary.nudges_issued, summary.suppressions
    out.print(_columns(_flow(summary), _tiers(summary, levels), _counts("Tier changes", summary.tier_changes)))
    out.print(
        _columns(
            _counts("Nudges issued", issued),
            _counts("Nudges suppressed", suppressed),
            _counts("Nudges retracted", summary.nudges_retracted),
        )
    )
    out.print(
        _columns(
            _learnt(summary),
            _counts("Customers by segment", summary.customers_by_segment),
            _counts("Segment changes", summary.segment_changes),
        )
    )
    out.print(_checks(summary))
    verdict = "[green]Everything adds up.[/]" if summary.reconciles else "[red]Something does not add up, see above.[/]"
    out.print(verdict)


def _flow(summary: Summary) -> Table:
    table = _table("Flow")
    for what, value in (
        ("orders in", f"{summary.orders_in:,}"),
        ("with consents", f"{summary.records_in:,}"),
        ("applied", f"{summary.applied:,}"),
        ("duplicates", f"{summary.duplicates:,}"),
        ("dead letters", f"{summary.dead_letters:,}"),
        ("orders a second", f"{summary.orders_per_second:,.0f}"),
        ("seconds", f"{summary.seconds:.1f}"),
        ("visible after, p50", _ms(summary.visible_p50_ms)),
        ("visible after, p99", _ms(summary.visible_p99_ms)),
    ):
        table.add_row(what, value)
    return table


def _learnt(summary: Summary) -> Table:
    least, most = summary.adoptions_per_partition
    table = _table("Models")
    table.add_row("published", f"{summary.models_published:,}")
    table.add_row("adopted by each partition", f"{least:,}" if least == most else f"{least:,}-{most:,}")
    return table


def _tiers(summary: Summary, levels: list[str]) -> Table:
    table = _table("Customers by tier")
    for level in reversed(levels):
        table.add_row(level, f"{summary.customers_by_tier.get(level, 0):,}")
    table.add_row("all", f"{sum(summary.customers_by_tier.values()):,}")
    return table


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    table = _table(title)
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    table.add_row("all", f"{sum(counts.values()):,}")
    return table


def _checks(summary: Summary) -> Table:
    table = Table("Must be equal", show_edge=False, box=box.SIMPLE)
    table.add_column("expected", justify="right")
    table.add_column("found", justify="right")
    table.add_column("")
    for check in summary.checks:
        verdict = "[green]ok[/]" if check.holds else "[red]WRONG[/]"
        table.add_row(check.what, f"{check.expected:,}", f"{check.found:,}", verdict)
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False, show_edge=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    return table


def _columns(*tables: Table) -> Table:
    grid = Table.grid(padding=(1, 5, 0, 0))
    grid.add_row(*tables)
    return grid


def _ms(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1f} ms"
