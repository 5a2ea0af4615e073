"""``tierline replay``: history through the same rules as live, and beside what is live."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierline.console import CommandError, JsonFlag, UsageError, note, print_json, print_table

if TYPE_CHECKING:
    from replay.summary import Summary
    from tierline.replaying import Outcome

SHOWN_MAX = 20


def replay(
    log: Annotated[
        Path | None, typer.Option(help="a log file (.jsonl or .gz); without it, Kafka's journal", dir_okay=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="folder for the results, JSON lines and Parquet")] = None,
    program: Annotated[Path | None, typer.Option(help="rules file; default: the settings'; with --log")] = None,
    until: Annotated[str | None, typer.Option(help="let time pass to this RFC 3339 instant; with --log")] = None,
    partitions: Annotated[str | None, typer.Option(help="only these, e.g. 0,2,5-7; without --log")] = None,
    against_live: Annotated[bool, typer.Option("--against-live", help="compare with what Redis holds")] = False,
    against_topics: Annotated[
        bool, typer.Option("--against-topics", help="compare with the nudges, suppressions and changes in Kafka")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Fold history again: a log file by the rules, or what the workers did, along their journal.

    Nothing is published: states, changes, nudges, suppressions and dead letters go to files in --out. Only
    --against-live reads Redis. Exit code 1 if a comparison finds any difference.

    Example: tierline replay --log orders.jsonl.gz --out results --until 2018-01-01T00:00:00Z

    Example: tierline replay --against-live --against-topics
    """
    from tierline.replaying import replay_file, replay_kafka

    if log is not None:
        if partitions or against_live or against_topics:
            raise UsageError("--partitions and --against-... go with the journal in Kafka, not with --log.")
        if out is None:
            raise UsageError("--log needs --out DIR, the folder for the results.")
        outcome = replay_file(log, out, program, until)
    else:
        if program or until:
            raise UsageError("--program and --until go with --log; the journal holds its own programs and its own end.")
        if out is None and not (against_live or against_topics):
            raise UsageError("Give --out DIR for the results, or compare: --against-live, --against-topics.")
        outcome = replay_kafka(out, partitions, live=against_live, topics=against_topics)
    _show(outcome, as_json=as_json)
    if outcome.differences:
        raise CommandError(f"{len(outcome.differences)} differences between the replay and what is live")


def _show(outcome: "Outcome", *, as_json: bool) -> None:
    if as_json:
        print_json(outcome.as_json(SHOWN_MAX))
        return
    print_table("Replay", ("what", "value"), list(_rows(outcome.summary)))
    for difference in outcome.differences[:SHOWN_MAX]:
        note(str(difference))
    if len(outcome.differences) > SHOWN_MAX:
        note(f"... and {len(outcome.differences) - SHOWN_MAX} more")


def _rows(summary: "Summary") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in summary.as_json().items():
        if isinstance(value, dict):
            rows += [(f"{name}: {which}", str(count)) for which, count in value.items()]
        else:
            rows.append((name.replace("_", " "), str(value)))
    return rows
