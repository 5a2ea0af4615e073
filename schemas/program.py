"""The program: the rules of one loyalty scheme, validated, with every default written out.

``version_id`` is stamped on every event, state and report; it depends on what the rules say, not on how the file is
written: ``500``, ``"500"`` and ``500.00`` are one program.
"""

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from schemas.money import AmountError, is_currency, to_minor
from schemas.program_parts import (
    Caps,
    Days,
    Holdout,
    Level,
    Part,
    QuietHours,
    RefundReversal,
    ServiceMessageRules,
    TierAtRiskRules,
    TierNearRules,
    Window,
)
from schemas.segment_parts import Segments
from schemas.zones import is_time_zone

LATER_KINDS = ("second_purchase", "cart_abandoned", "win_back", "dormant_top_tier", "cross_sell")
"""Kinds of nudge that this version of Tierline does not have yet."""


class Tiers(Part):
    """The ladder and how a customer moves on it."""

    window: Window = Window(rolling_days=365)
    match: Literal["any", "all"] = "any"
    term_days: Days = 365
    grace_days: Annotated[int, Field(strict=True, ge=0, le=36_500)] = 30
    refund_reversal: RefundReversal = RefundReversal()
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=50)] = (
        Level(name="bronze"),
        Level(name="silver", spend=Decimal(500), orders=4),
        Level(name="gold", spend=Decimal(1000), orders=8),
        Level(name="platinum", spend=Decimal(2000), orders=15),
    )
    """Lowest first. Everybody holds the lowest, whatever its criteria."""

    @field_validator("levels")
    @classmethod
    def _a_rising_ladder(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        names = [level.name for level in levels]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise ValueError(f"two levels are named {name}; give each its own name")
        _check_rising("spend", [(level.name, level.spend) for level in levels])
        _check_rising("orders", [(level.name, level.orders) for level in levels])
        return levels


class Kinds(Part):
    """The rules of each kind of nudge."""

    tier_near: TierNearRules = TierNearRules()
    tier_at_risk: TierAtRiskRules = TierAtRiskRules()
    tier_upgraded: ServiceMessageRules = ServiceMessageRules()
    tier_downgraded: ServiceMessageRules = ServiceMessageRules()

    @model_validator(mode="before")
    @classmethod
    def _not_yet(cls, given: object) -> object:
        later = [kind for kind in LATER_KINDS if isinstance(given, dict) and kind in given]
        if later:
            raise ValueError(f"this version of Tierline has no nudge kind {later[0]} yet; leave it out")
        return given


class Nudges(Part):
    """Which nudges are sent, when, and how many."""

    quiet_hours: QuietHours | None = QuietHours()
    holdout: Holdout = Holdout()
    caps: Caps = Caps()
    kinds: Kinds = Kinds()


class Program(Part):
    """One version of the rules. Every key has a default, so ``Program()`` is the shipped program."""

    version: Annotated[int, Field(strict=True, ge=1, le=2**53)] = 1
    currency: Annotated[str, Field(strict=True)] = "USD"
    time_zone: Annotated[str, Field(strict=True)] = "UTC"
    tiers: Tiers = Tiers()
    nudges: Nudges = Nudges()
    segments: Segments = Segments()

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, code: str) -> str:
        if not is_currency(code):
            raise ValueError("give an ISO 4217 code in capitals, e.g. USD")
        return code

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if not is_time_zone(name):
            raise ValueError("give a name of the IANA time zone database, e.g. Europe/Berlin")
        return name

    @field_validator("tiers")
    @classmethod
    def _whole_minor_units(cls, tiers: Tiers, info: ValidationInfo) -> Tiers:
        currency = info.data.get("currency")
        for level in tiers.levels if currency else ():
            try:
                to_minor(level.spend or Decimal(0), str(currency))
            except AmountError as error:
                raise ValueError(f"spend of level {level.name}: {error}") from None
        return tiers

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the program that ``canonical_json`` wrote down; pydantic's ValidationError if it is none."""
        return cls.model_validate(json.loads(text, parse_float=Decimal))

    def canonical_json(self) -> str:
        """Return the one JSON text of these rules: keys sorted, defaults written out, exact numbers as strings.

        Keys that older programs did not have are left out at their defaults, so that those keep their version.
        """
        tree = self.model_dump(mode="json", by_alias=True)
        kept = {"k", *self.segments.beyond_the_defaults()}
        tree["segments"] = {key: value for key, value in tree["segments"].items() if key in kept}
        return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @cached_property
    def version_id(self) -> str:
        """Return ``version``, a dot, and the first 12 hex digits of the canonical JSON's SHA-256."""
        return f"{self.version}.{hashlib.sha256(self.canonical_json().encode()).hexdigest()[:12]}"


def _check_rising(criterion: str, given: Iterable[tuple[str, Decimal | int | None]]) -> None:
    below: tuple[str, Decimal | int] | None = None
    for name, threshold in given:
        if threshold is None:
            continue
        if below is not None and threshold <= below[1]:
            raise ValueError(
                f"{criterion} must rise with the levels: {name} has {threshold}, {below[0]} has {below[1]}"
            )
        below = (name, threshold)
