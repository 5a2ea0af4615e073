"""A log file in, five files out: their content to the letter, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.from_log import replay_log
from replay.write import FILES, OutputFiles
from schemas.instants import parse_instant
from schemas.program import Program
from tests.builders import a_consent, a_record, a_refund, an_order
from tests.unit.replay.log_files import HOUR, MARCH, lines_of, write_log

VERSION = Program().version_id


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Near, reached, a duplicate, a dead letter, and a refund beyond the amount that takes the tier back."""
    second = an_order("o-2", "20.00", "2017-03-02T13:00:00Z")
    refund = a_refund("r-1", "o-2", "25.00", "2017-03-03T14:00:00Z")
    records = [
        a_record(a_consent(), MARCH),
        a_record(an_order("o-1", "480.00", "2017-03-01T13:00:00Z"), MARCH + HOUR),
        a_record(second, MARCH + 25 * HOUR),
        a_record(second, MARCH + 25 * HOUR),
        {"topic": "retail.orders.v1", "timestamp": MARCH + 49 * HOUR, "value": "{oops", "key": "c-1"},
        a_record(refund, MARCH + 50 * HOUR),
        {"topic": "retail.engagement.v1", "timestamp": MARCH, "value": {}},
        {"topic": "loyalty.nudges.v1", "timestamp": MARCH, "value": {}},
    ]
    return write_log(tmp_path / "log.jsonl", records)


def test_the_summary_says_where_every_record_went(log: Path, tmp_path: Path) -> None:
    summary = replay_log(log, tmp_path / "out", Program(), parse_instant("2017-03-05T00:00:00Z"))
    assert summary.as_json() == {
        "records": 6,
        "applied": 4,
        "duplicates": 1,
        "erased": 0,
        "dead": {"malformed_json": 1},
        "skipped": {"loyalty.nudges.v1": 1, "retail.engagement.v1": 1},
        "steps": 8,
        "customers": 1,
        "tiers": {"bronze": 1, "silver": 0, "gold": 0, "platinum": 0},
        "segments": {},
        "changes": {"order": 1, "refund": 1},
        "segment_changes": {},
        "nudges": {"tier_downgraded": 1, "tier_near": 1, "tier_upgraded": 1},
        "retractions": {"tier_near": 1, "tier_upgraded": 1},
        "suppressions": {"cap": 1},
        "refund_excess": "5.00",
        "currency": "USD",
        "program_version": VERSION,
        "as_of": "2017-03-05T00:00:00Z",
    }


def test_the_changes_are_what_the_topic_would_hold(log: Path, tmp_path: Path) -> None:
    replay_log(log, tmp_path, Program(), parse_instant("2017-03-05T00:00:00Z"))
    shared = {"type": "tier.changed", "customer_id": "c-1", "program_version": VERSION, "skipped": []}
    assert lines_of(tmp_path, "changes") == [
        shared
        | {
            "change_id": "00944f78dba9874acaa894fce179f750",
            "at": "2017-03-02T13:00:00Z",
            "from": "bronze",
            "to": "silver",
            "trigger": {"kind": "order", "id": "o-2"},
            "criteria": [
                {"name": "spend", "value": "500.00", "threshold": "500.00", "met": True},
                {"name": "orders", "value": 2, "threshold": 4, "met": False},
            ],
            "counterfactual": {"level": "gold", "missing": {"spend": "500.00", "orders": 6}},
            "term": {"starts_at": "2017-03-02T00:00:00Z", "ends_at": "2018-03-02T00:00:00Z"},
        },
        shared
        | {
            "change_id": "268f344a1bc4bb51c3b5bc86a12ddb2b",
            "at": "2017-03-04T14:00:00Z",
            "from": "silver",
            "to": "bronze",
            "trigger": {"kind": "refund", "id": "r-1"},
            "criteria": [
                {"name": "spend", "value": "480.00", "threshold": "500.00", "met": False},
                {"name": "orders", "value": 1, "threshold": 4, "met": False},
            ],
            "counterfactual": {"level": "silver", "missing": {"spend": "20.00", "orders": 3}},
            "term": {"starts_at": "2017-03-01T00:00:00Z", "ends_at": None},
        },
    ]


def test_the_nudges_are_issued_and_retracted_in_their_order(log: Path, tmp_path: Path) -> None:
    replay_log(log, tmp_path, Program(), parse_instant("2017-03-05T00:00:00Z"))
    nudges = lines_of(tmp_path, "nudges")
    assert [(one["type"], one["kind"], one.get("reason"), one["at"]) for one in nudges] == [
        ("nudge.issued", "tier_near", None, "2017-03-01T13:00:00Z"),
        ("nudge.issued", "tier_upgraded", None, "2017-03-02T13:00:00Z"),
        ("nudge.retracted", "tier_near", "reached", "2017-03-02T13:00:00Z"),
        ("nudge.issued", "tier_downgraded", None, "2017-03-04T14:00:00Z"),
        ("nudge.retracted", "tier_upgraded", "tier_changed", "2017-03-04T14:00:00Z"),
    ]
    assert nudges[0] == {
        "type": "nudge.issued",
        "nudge_id": "18784c16d7c07bc8afb0527400c0ddfd",
        "kind": "tier_near",
        "customer_id": "c-1",
        "at": "2017-03-01T13:00:00Z",
        "program_version": VERSION,
        "tier": "bronze",
        "next_tier": "silver",
        "missing": {"spend": "20.00", "orders": 3},
        "progress": {"spend": 0.96, "orders": 0.25},
        "cheapest_path": "spend",
        "not_before": "2017-03-01T13:00:00Z",
        "expires_at": "2017-03-15T13:00:00Z",
        "incentive": None,
        "segment": None,
        "clv_90d": None,
        "because": [
            {"name": "spend", "value": "480.00", "threshold": "500.00"},
            {"name": "orders", "value": 1, "threshold": 4},
        ],
        "trigger": {"kind": "order", "id": "o-1"},
    }
    (suppressed,) = lines_of(tmp_path, "suppressions")
    assert (suppressed["reason"], suppressed["kind"]) == ("cap", "tier_near")
    assert isinstance(suppressed["nudge"], dict)
    assert suppressed["nudge"]["nudge_id"] == suppressed["nudge_id"]


def test_the_states_are_read_models_as_of_the_end(log: Path, tmp_path: Path) -> None:
    replay_log(log, tmp_path, Program(), parse_instant("2017-03-05T00:00:00Z"))
    assert lines_of(tmp_path, "states") == [
        {
            "customer_id": "c-1",
            "as_of": "2017-03-05T00:00:00Z",
            "program_version": VERSION,
            "model_version": None,
            "tier": {
                "name": "bronze",
                "since": "2017-03-04T14:00:00Z",
                "expires_at": None,
                "grace_until": None,
                "at_expiration": "bronze",
                "next": {
                    "name": "silver",
                    "missing": {"spend": "20.00", "orders": 3},
                    "progress": {"spend": 0.96, "orders": 0.25},
                    "near": True,
                    "cheapest_path": "spend",
                },
            },
            "rfm": {
                "recency_days": 4,
                "frequency": 1,
                "monetary": "480.00",
                "aov": "480.00",
                "tenure_days": 4,
                "scores": {"r": None, "f": None, "m": None},
            },
            "segment": {"rfm": None, "cluster": None, "persona": None, "traits": [], "since": None},
            "clv_90d": None,
            "source": {"topic": "retail.orders.v1", "partition": 0, "offset": 4},
        }
    ]


def test_without_until_time_runs_to_the_latest_record(log: Path, tmp_path: Path) -> None:
    summary = replay_log(log, tmp_path, Program())
    assert summary.as_of == "2017-03-03T14:00:00Z"
    assert summary.tiers["silver"] == 1  # The refund still waits.


def test_a_dead_letter_is_written_with_its_place_and_reason(log: Path, tmp_path: Path) -> None:
    replay_log(log, tmp_path, Program())
    (letter,) = lines_of(tmp_path, "dead_letters")
    assert str(letter.pop("detail")).startswith("JSON is malformed")
    assert letter == {
        "topic": "retail.orders.v1",
        "partition": 0,
        "offset": 3,
        "timestamp": MARCH + 49 * HOUR,
        "key": "c-1",
        "value": "{oops",
        "reason": "malformed_json",
    }


def test_a_failed_replay_leaves_no_result_and_keeps_the_one_before(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    replay_log(log, folder, Program())
    before = (folder / "changes.jsonl").read_bytes()
    with pytest.raises(RuntimeError, match="power"), OutputFiles(folder):
        raise RuntimeError("power")
    assert (folder / "changes.jsonl").read_bytes() == before
    written = {path.name for path in folder.iterdir()}
    assert written == {f"{name}.{ending}" for name in FILES for ending in ("jsonl", "parquet")}
