"""The summary on a terminal."""

from collections.abc import Mapping

from rich.table import Table

from tierline.console import out
from tierline.demo.summary import Summary


def show(summary: Summary, levels: list[str]) -> None:
    """Print the summary to stdout; ``levels`` gives the tiers their order."""
    out.rule("A year of baskets")
    out.print(_columns(_flow(summary), _tiers(summary, levels)))
    out.print(_columns(_counts("Nudges issued", summary.nudges_issued), _counts("Suppressed", summary.suppressions)))
    out.print(_columns(_counts("Tier changes", summary.tier_changes), _counts("Retracted", summary.nudges_retracted)))
    out.print(_checks(summary))
    verdict = "[green]Everything adds up.[/]" if summary.reconciles else "[red]Something does not add up, see above.[/]"
    out.print(verdict)


def _flow(summary: Summary) -> Table:
    table = _table("Flow")
    for what, value in (
        ("orders in", f"{summary.orders_in:,}"),
        ("records in (with consents)", f"{summary.records_in:,}"),
        ("applied", f"{summary.applied:,}"),
        ("duplicates", f"{summary.duplicates:,}"),
        ("dead letters", f"{summary.dead_letters:,}"),
        ("orders a second", f"{summary.orders_per_second:,.0f}"),
        ("seconds", f"{summary.seconds:.1f}"),
        ("order to visible, p50", _ms(summary.visible_p50_ms)),
        ("order to visible, p99", _ms(summary.visible_p99_ms)),
    ):
        table.add_row(what, value)
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
    table = Table("Must be equal", "expected", "found", "", show_edge=False, title_justify="left")
    for column in (1, 2):
        table.columns[column].justify = "right"
    for check in summary.checks:
        verdict = "[green]ok[/]" if check.holds else "[red]WRONG[/]"
        table.add_row(check.what, f"{check.expected:,}", f"{check.found:,}", verdict)
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, show_edge=False)
    table.add_column(min_width=28)
    table.add_column(justify="right", min_width=10)
    return table


def _columns(left: Table, right: Table) -> Table:
    grid = Table.grid(padding=(1, 6, 0, 0))
    grid.add_row(left, right)
    return grid


def _ms(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1f} ms"
