"""``tierline import``: a shop's own orders, from a file or a topic, to the contracts."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierline.console import JsonFlag, UsageError, note, print_json, print_table

if TYPE_CHECKING:
    from schemas.mapping import OrderMapping
    from tierline.importing import Report

SHOWN_MAX = 10


def import_(
    mapping: Annotated[Path, typer.Option(help="YAML: their fields to ours, see docs/onboarding.md", dir_okay=False)],
    source: Annotated[
        Path | None, typer.Argument(help="a history: CSV or JSON lines, plain or .gz", exists=True, dir_okay=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="write a log file (.jsonl or .gz)", dir_okay=False)] = None,
    to_kafka: Annotated[bool, typer.Option("--produce", help="send to Kafka instead, stamped with event time")] = False,
    from_topic: Annotated[str | None, typer.Option(help="go on for ever with the JSON messages of this topic")] = None,
    group: Annotated[str | None, typer.Option(help="consumer group that remembers how far; with --from-topic")] = None,
    rejected: Annotated[
        Path | None,
        typer.Option(help="write every row that is in no event: line, reason, detail, text", dir_okay=False),
    ] = None,
    allow_rejected: Annotated[bool, typer.Option("--allow-rejected", help="exit code 0 in spite of them")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Map a shop's own orders to Tierline's events: a history from SOURCE, or live from a topic of theirs.

    Every row ends in an event, as a duplicate, left out by the mapping, or rejected with its reason: the table adds
    up. The log file is in order of event time; `tierline replay --log` and `tierline produce --timestamps event` take
    it. Exit code 1 if rows are rejected, 2 if the mapping or the file is not what it should be.

    With --from-topic, each message is sent on before it is committed (at least once; ids make a repeat a duplicate).
    Rejected ones go to --rejected, or else to the topic with .dlq behind its name. SIGTERM ends it.

    Example: tierline import orders.csv --mapping shop.yaml --out orders.jsonl.gz --rejected rejected.jsonl

    Example: tierline import --from-topic shop.orders --group tierline-bridge --mapping shop.yaml
    """
    from tierline.importing import mapping_of

    if sum((source is not None, from_topic is not None)) != 1:
        raise UsageError("Give SOURCE, a file, or --from-topic TOPIC.")
    if from_topic is not None:
        if out is not None or to_kafka or group is None:
            raise UsageError("--from-topic needs --group, and always sends to Kafka: leave --out and --produce out.")
        _bridge(from_topic, group, mapping_of(mapping), rejected, as_json=as_json)
        return
    if (out is not None) == to_kafka or group is not None:
        raise UsageError("SOURCE needs either --out LOG or --produce; --group goes with --from-topic.")
    assert source is not None
    code = _import(source, mapping_of(mapping), out, rejected, as_json=as_json)
    raise typer.Exit(0 if allow_rejected else code)


def _import(source: Path, mapping: "OrderMapping", out: Path | None, rejected: Path | None, *, as_json: bool) -> int:
    from tierline.importing import produce_events, read_source, write_events, write_refusals

    report = read_source(source, mapping)
    if rejected is not None:
        write_refusals(rejected, report.refusals)
    events = report.imported.events
    written = produce_events(events) if out is None else write_events(out, events)
    if as_json:
        print_json({**report.as_json(), "records_sent" if out is None else "records_written": written})
    else:
        print_table(f"Import of {source.name}", ("what", "count"), list(_rows(report)))
    _say(report, mapping, source, rejected)
    return 1 if report.imported.books.rejected else 0


def _rows(report: "Report") -> Iterator[tuple[str, str]]:
    books = report.imported.books
    yield "rows", str(books.rows)
    yield "= in events", str(books.in_events)
    yield "+ duplicates", str(books.duplicates)
    for reason, count in sorted(books.left_out.items()):
        yield f"+ left out: {reason}", str(count)
    for reason, count in sorted(books.rejected.items()):
        yield f"+ rejected: {reason}", str(count)
    counts = report.as_json()
    events = counts["events"]
    assert isinstance(events, dict)
    for kind, count in events.items():
        yield kind, str(count)
    for name in ("customers", "first_at", "last_at"):
        yield name.replace("_", " "), str(counts[name])


def _say(report: "Report", mapping: "OrderMapping", source: Path, rejected: Path | None) -> None:
    if mapping.consent == "granted":
        note(
            "consent: granted: the mapping says that every customer in this file agreed to messages. That is the "
            "shop's responsibility; sent after a customer's own consent or withdrawal, it would replace that."
        )
    if rejected is not None:
        return
    refused = [refusal for refusal in report.refusals if refusal.fate == "rejected"]
    for refusal in refused[:SHOWN_MAX]:
        note(f"{source.name}, line {refusal.line}: {refusal.reason}: {refusal.detail}")
    if len(refused) > SHOWN_MAX:
        note(f"... and {len(refused) - SHOWN_MAX} more; --rejected FILE gets all of them")


def _bridge(topic: str, group: str, mapping: "OrderMapping", rejected: Path | None, *, as_json: bool) -> None:
    from tierline.bridging import bridge

    counts = bridge(topic, group, mapping, rejected)
    if as_json:
        print_json(counts.as_json())
    else:
        print_table(f"Messages of {topic}", ("what", "count"), [(k, str(v)) for k, v in counts.as_json().items()])
