"""The parts of the rules file: what a key may hold, and what it holds when it is left out."""

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
    model_validator,
)

MODES = ("live", "dry_run", "off")


def exact_decimal(given: object) -> Decimal:
    """Return the number as it was written, exactly; ValueError for anything that is not a finite number."""
    if isinstance(given, bool) or not isinstance(given, int | float | str | Decimal):
        raise ValueError('give a number, e.g. 500 or "499.50"')
    try:
        number = Decimal(repr(given)) if isinstance(given, float) else Decimal(given)
    except InvalidOperation:
        raise ValueError('give a number, e.g. 500 or "499.50"') from None
    if not number.is_finite() or abs(number.adjusted()) > 18 or len(number.as_tuple().digits) > 38:
        raise ValueError('give a finite number, e.g. 500 or "499.50"')
    return number


def plain_text(number: Decimal) -> str:
    """Return one text per number, however it was written: 500, 500.0 and "500.00" are ``"500"``."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def one_line(name: str) -> str:
    """Return ``name``; ValueError where it holds what no line of a log or a terminal should."""
    if not name.isprintable():
        raise ValueError("give printable characters, e.g. silver")
    return name


Exact = Annotated[Decimal, BeforeValidator(exact_decimal), PlainSerializer(plain_text, return_type=str)]
Share = Annotated[Exact, Field(ge=0, le=1)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Days = Annotated[int, Field(strict=True, ge=1, le=36_500)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=64), AfterValidator(one_line)]


class Part(BaseModel):
    """A mapping of the rules file: unknown keys are errors, and nothing changes once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Window(Part):
    """Which orders count towards a tier: exactly one of the three keys."""

    rolling_days: Days | None = None
    calendar_year: Literal[True] | None = None
    lifetime: Literal[True] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for value in (self.rolling_days, self.calendar_year, self.lifetime)) != 1:
            raise ValueError("give exactly one of rolling_days, calendar_year and lifetime, e.g. {rolling_days: 365}")
        return self

    @property
    def kind(self) -> Literal["rolling_days", "calendar_year", "lifetime"]:
        """Return the key that was given."""
        if self.rolling_days is not None:
            return "rolling_days"
        return "calendar_year" if self.calendar_year else "lifetime"


class RefundReversal(Part):
    """When a refund takes an upgrade back. ``within_days: 0`` turns it off."""

    within_days: Annotated[int, Field(strict=True, ge=0, le=36_500)] = 60
    debounce_hours: Annotated[int, Field(strict=True, ge=0, le=8_760)] = 24


class Level(Part):
    """One rung of the ladder; a criterion that is left out is ignored, a level without any is always met."""

    name: Name
    spend: Annotated[Exact, Field(gt=0)] | None = None
    orders: Annotated[int, Field(strict=True, gt=0, le=1_000_000)] | None = None


class QuietHours(Part):
    """Local wall times between which nothing is sent: ``from`` is quiet, ``to`` is not."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, use_attribute_docstrings=True
    )

    from_: str = Field(default="21:00", alias="from")
    to: str = "08:00"

    @field_validator("from_", "to", mode="before")
    @classmethod
    def _wall_time(cls, given: object) -> str:
        if not isinstance(given, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", given, re.ASCII):
            raise ValueError('give a wall time in quotes, hours and minutes, e.g. "21:00"')
        return given

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.from_ == self.to:
            raise ValueError("from and to are the same; write quiet_hours: null for none")
        return self

    @property
    def from_minute(self) -> int:
        """Return ``from`` in minutes after 00:00."""
        return _minute(self.from_)

    @property
    def to_minute(self) -> int:
        """Return ``to`` in minutes after 00:00."""
        return _minute(self.to)


class Holdout(Part):
    """Customers who get no nudges, so that the others can be compared with them."""

    salt: Annotated[str, Field(strict=True, max_length=128)] = "tierline"
    share: Share = Decimal("0.05")


class Caps(Part):
    """How many nudges a customer may get; the next one is suppressed, never queued."""

    per_day: Count = 1
    per_week: Count = 3
    per_kind_and_week: Count = 1


class KindRules(Part):
    """What every kind of nudge has."""

    mode: Literal["live", "dry_run", "off"] = "live"
    """``dry_run`` suppresses every candidate, ``off`` makes none."""
    holdout: Share = Decimal(0)
    """A share of customers held out of this kind, beside the general one."""
    incentive_percent: Annotated[int, Field(strict=True, gt=0, le=100)] | None = None
    valid_days: Days | None = None
    """24 h each, from ``now``. Never None but for ``tier_at_risk``, which is valid to the end of grace."""

    @field_validator("mode", mode="before")
    @classmethod
    def _unquoted_off(cls, given: object) -> object:
        # YAML 1.1 readers turn an unquoted off into false; what is meant is plain.
        return "off" if given is False else given


class _ValidForDays(KindRules):
    @field_validator("valid_days")
    @classmethod
    def _needed(cls, given: int | None) -> int:
        if given is None:
            raise ValueError("give a number of days, e.g. 14")
        return given


class TierNearRules(_ValidForDays):
    """``tier_near``: a customer is almost at the next tier."""

    valid_days: Days | None = 14
    at: Annotated[Exact, Field(gt=0, le=1)] = Decimal("0.90")
    rearm_below: Annotated[Exact, Field(gt=0, lt=1)] = Decimal("0.85")

    @model_validator(mode="after")
    def _room_between(self) -> Self:
        if self.rearm_below >= self.at:
            raise ValueError("rearm_below must be less than at, e.g. {at: 0.90, rearm_below: 0.85}")
        return self


class ServiceMessageRules(_ValidForDays):
    """``tier_upgraded`` and ``tier_downgraded``: they come with the change itself."""

    valid_days: Days | None = 7


class TierAtRiskRules(KindRules):
    """``tier_at_risk``: the tier ends soon and would not be renewed."""

    warn_days: Annotated[tuple[Days, ...], Field(max_length=50)] = (30, 7)
    """Days before the term's end, most first."""

    @field_validator("warn_days", mode="before")
    @classmethod
    def _is_a_list(cls, given: object) -> object:
        if not isinstance(given, list | tuple):
            raise ValueError("give a list of days, e.g. [30, 7]")
        return tuple(given)

    @field_validator("warn_days")
    @classmethod
    def _most_first(cls, given: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(given), reverse=True))

    @field_validator("valid_days")
    @classmethod
    def _to_the_end_of_grace(cls, given: int | None) -> None:
        if given is not None:
            raise ValueError("leave it out: this nudge is valid to the end of the grace time")


def _minute(wall_time: str) -> int:
    return int(wall_time[:2]) * 60 + int(wall_time[3:])
