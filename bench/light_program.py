"""The light job as a program of Tierline's own: tiers by lifetime spend, and nobody is told anything.

The worker is the same. It still keeps the order ledger, so a redelivery counts once, commits atomically with a journal
and publishes each change of tier in a transaction: none of that can be turned off, and none of it is.
"""

from decimal import Decimal
from pathlib import Path

from schemas.program import Kinds, Nudges, Program, Tiers
from schemas.program_parts import Level, ServiceMessageRules, TierAtRiskRules, TierNearRules, Window

LIFE_DAYS = 36_500
LEVELS = {"silver": Decimal(250), "gold": Decimal(600), "platinum": Decimal(1200)}


def light_program() -> Program:
    """Return it; window and terms outlast every log, so its sums are those of a lifetime and no tier is lost."""
    return Program(
        tiers=Tiers(
            window=Window(rolling_days=LIFE_DAYS),
            term_days=LIFE_DAYS,
            levels=(Level(name="bronze"), *(Level(name=name, spend=spend) for name, spend in LEVELS.items())),
        ),
        nudges=Nudges(
            kinds=Kinds(
                tier_near=TierNearRules(mode="off"),
                tier_at_risk=TierAtRiskRules(mode="off"),
                tier_upgraded=ServiceMessageRules(mode="off"),
                tier_downgraded=ServiceMessageRules(mode="off"),
            )
        ),
    )


def write_light_program(folder: Path) -> Path:
    """Write it as a rules file (JSON is YAML) and return its path."""
    path = folder / "light.yaml"
    path.write_text(light_program().canonical_json(), "utf-8")
    return path
