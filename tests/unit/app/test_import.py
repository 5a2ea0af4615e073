"""`tierline import` of files: exit codes, the report of rejected rows, and log files that replay takes."""

import json
from pathlib import Path

import pytest

from replay.log_file import read_log
from tierline.cli import main

EXAMPLES = Path(__file__).parents[3] / "examples"
SAMPLE = str(EXAMPLES / "online_retail_sample.csv")
MAPPING = str(EXAMPLES / "online_retail.mapping.yaml")
EVENTS = str(EXAMPLES / "shop_events.jsonl")
EVENTS_MAPPING = str(EXAMPLES / "shop_events.mapping.yaml")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIERLINE_KAFKA", raising=False)
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["import", *arguments])
    return int(ended.value.code or 0)


def test_the_table_adds_up_and_the_log_is_in_order_of_event_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, rejected = tmp_path / "log.jsonl.gz", tmp_path / "new" / "rejected.jsonl"
    assert run(SAMPLE, "--mapping", MAPPING, "--out", str(log), "--rejected", str(rejected), "--json") == 1
    counts = json.loads(capsys.readouterr().out)
    refused = sum(counts["left_out"].values()) + sum(counts["rejected"].values()) + counts["duplicates"]
    assert counts["rows"] == counts["rows_in_events"] + refused == 438
    records = list(read_log(log))
    assert len(records) == counts["records_written"] == sum(counts["events"].values())
    stamps = [record.timestamp_ms for record in records]
    assert stamps == sorted(stamps)
    rows = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert len(rows) == refused
    texts = Path(SAMPLE).read_text().splitlines()
    assert [row["text"] for row in rows] == [texts[row["line"] - 1] for row in rows]


def test_without_a_file_for_them_the_first_rejected_rows_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(SAMPLE, "--mapping", MAPPING, "--out", str(tmp_path / "log.jsonl"), "--allow-rejected") == 0
    shown = capsys.readouterr()
    assert "+ rejected: no_known_purchase" in shown.out
    assert "online_retail_sample.csv, line 36: missing_customer_id: customer_id: CustomerID is empty" in shown.err
    assert "... and 25 more; --rejected FILE gets all of them" in shown.err


def test_nothing_rejected_is_exit_0(tmp_path: Path) -> None:
    assert run(EVENTS, "--mapping", EVENTS_MAPPING, "--out", str(tmp_path / "log.jsonl")) == 0


def test_a_consent_for_everybody_is_the_shops_responsibility(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = tmp_path / "m.yaml"
    mapping.write_text(Path(EVENTS_MAPPING).read_text() + "consent: granted\n")
    assert run(EVENTS, "--mapping", str(mapping), "--out", str(tmp_path / "log.jsonl")) == 0
    shown = capsys.readouterr()
    assert "consent.changed" in shown.out
    assert "shop's responsibility" in shown.err


def test_a_column_that_is_missing_and_a_wrong_mapping_are_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping, out = tmp_path / "m.yaml", str(tmp_path / "log.jsonl")
    mapping.write_text(Path(MAPPING).read_text().replace("CustomerID", "Customer ID"))
    assert run(SAMPLE, "--mapping", str(mapping), "--out", out) == 2
    assert "has no column 'Customer ID', which fields.customer_id of the mapping names" in capsys.readouterr().err
    mapping.write_text("fields: 3")
    assert run(SAMPLE, "--mapping", str(mapping), "--out", out) == 2
    assert "m.yaml: fields: 3 is not allowed: give keys and values" in capsys.readouterr().err
    assert not Path(out).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [SAMPLE],
        [SAMPLE, "--out", "a", "--produce"],
        [SAMPLE, "--from-topic", "shop", "--group", "g"],
        ["--from-topic", "shop"],
        ["--from-topic", "shop", "--group", "g", "--out", "a"],
        [SAMPLE, "--out", "a", "--group", "g"],
        [SAMPLE, "--produce"],
        ["--from-topic", "shop", "--group", "g"],
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments, "--mapping", MAPPING) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source: {format: csv}", "source.format"),
        ("source: {format: jsonl}\nrow: line", "row: --from-topic cannot wait"),
        ("source: {format: jsonl}\nconsent: granted", "also to those who withdrew"),
    ],
)
def test_a_bridge_takes_no_mapping_that_only_fits_files(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = tmp_path / "m.yaml"
    fields = "{order_id: a, customer_id: b, occurred_at: c, amount: d, currency: e, sku: f}"
    mapping.write_text(f"{text}\nfields: {fields}\n")
    assert run("--from-topic", "shop", "--group", "g", "--mapping", str(mapping)) == 2
    assert words in capsys.readouterr().err
