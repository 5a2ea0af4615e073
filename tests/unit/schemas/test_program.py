from decimal import Decimal

import pytest
from pydantic import ValidationError

from schemas.program import Program


def a_ladder(**silver: object) -> Program:
    return Program.model_validate({"tiers": {"levels": [{"name": "bronze"}, {"name": "silver", **silver}]}})


def test_the_default_program_is_the_shipped_one() -> None:
    program = Program()
    assert [level.name for level in program.tiers.levels] == ["bronze", "silver", "gold", "platinum"]
    assert program.tiers.window.kind == "rolling_days"
    assert program.nudges.holdout.share == Decimal("0.05")
    assert program.nudges.quiet_hours is not None
    assert (program.nudges.quiet_hours.from_minute, program.nudges.quiet_hours.to_minute) == (1260, 480)
    assert program.nudges.kinds.tier_near.at == Decimal("0.9")
    assert program.nudges.kinds.tier_at_risk.valid_days is None


def test_the_version_depends_on_the_rules_and_not_on_how_numbers_are_written() -> None:
    written = [500, "500", 500.0, "500.00", Decimal("5E2")]
    assert len({a_ladder(spend=spend).version_id for spend in written}) == 1
    assert a_ladder(spend=500).version_id != a_ladder(spend=501).version_id
    assert Program.model_validate({"nudges": {"holdout": {"share": 0.050}}}).version_id == Program().version_id


def test_the_default_program_keeps_its_version() -> None:
    assert Program().version_id == "1.338234d8be51"


def test_a_program_survives_its_canonical_json() -> None:
    program = a_ladder(spend="499.99", orders=3)
    assert Program.from_json(program.canonical_json()) == program
    assert Program.from_json(program.canonical_json()).canonical_json() == program.canonical_json()


def test_warnings_are_put_in_order() -> None:
    kinds = {"tier_at_risk": {"warn_days": [7, 30, 7]}}
    assert Program.model_validate({"nudges": {"kinds": kinds}}).nudges.kinds.tier_at_risk.warn_days == (30, 7)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"version": True}, "valid integer"),
        ({"currency": "XXX"}, "ISO 4217"),
        ({"time_zone": "../UTC"}, "IANA"),
        ({"nudges": {"quiet_hours": {"from": 1260, "to": "08:00"}}}, "quotes"),
        ({"nudges": {"quiet_hours": {"from": "08:00", "to": "08:00"}}}, "the same"),
        ({"tiers": {"levels": [{"name": "a"}, {"name": "a", "spend": 1}]}}, "own name"),
        ({"tiers": {"levels": [{"name": "a", "orders": 3}, {"name": "b", "orders": 3}]}}, "must rise"),
        ({"currency": "JPY", "tiers": {"levels": [{"name": "a"}, {"name": "b", "spend": "1.5"}]}}, "minor unit of JPY"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Program.model_validate(given)


def test_an_unquoted_off_means_off_also_to_a_yaml_1_1_reader() -> None:
    program = Program.model_validate({"nudges": {"kinds": {"tier_near": {"mode": False}}}})
    assert program.nudges.kinds.tier_near.mode == "off"


def test_a_level_may_leave_out_its_criteria() -> None:
    program = Program.model_validate({"tiers": {"levels": [{"name": "guest"}, {"name": "member"}]}})
    assert [level.name for level in program.tiers.levels] == ["guest", "member"]
