"""The ``segments`` of the rules file: ordered rules over scores, the words of personas, what traits ask, and k."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from schemas.program_parts import Exact, Name, Part

BEST: Final = 5
RESERVED_NAMES: Final = ("none", "null")
"""What readers show for a customer who is in no segment."""
_RANGE: Final = re.compile(r"[1-5](-[1-5])?", re.ASCII)


class Cell(NamedTuple):
    """Three scores, 1-5 each: one of the 125 that a customer can have."""

    r: int
    f: int
    m: int


CELLS: Final = tuple(Cell(*scores) for scores in product(range(1, BEST + 1), repeat=3))
ScoreName: TypeAlias = Literal["r", "f", "m"]


def score_range(given: object) -> str:
    """Return the scores from lowest to highest, such as ``4-5``, and one score as ``3``; ValueError otherwise."""
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str) or not _RANGE.fullmatch(text):
        raise ValueError("give scores from 1 to 5, e.g. 4-5 or 3")
    lowest, highest = bounds_of(text)
    if lowest > highest:
        raise ValueError(f"give the lower score first: {highest}-{lowest}")
    return text[0] if lowest == highest else text


def bounds_of(scores: str) -> tuple[int, int]:
    """Return the lowest and the highest of a range of scores."""
    return int(scores[0]), int(scores[-1])


ScoreRange = Annotated[
    str,
    BeforeValidator(score_range),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^[1-5](-[1-5])?$"},
                {"type": "integer", "minimum": 1, "maximum": BEST},
            ]
        }
    ),
]
Proportion = Annotated[Exact, Field(gt=0, lt=1)]


class Asks(Part):
    """Ranges of scores; a score that is left out is not asked for."""

    r: ScoreRange | None = None
    """Recency; 5 are those who bought last."""
    f: ScoreRange | None = None
    """Frequency; 5 are those who buy most often."""
    m: ScoreRange | None = None
    """Monetary; 5 are those who spent most."""

    @field_validator("r", "f", "m")
    @classmethod
    def _asks_something(cls, given: str | None) -> str | None:
        if given == f"1-{BEST}":
            raise ValueError("every score is in 1-5; leave it out")
        return given

    @model_validator(mode="after")
    def _not_empty(self) -> "Asks":
        if not self.ranges():
            raise ValueError("give one of r, f and m or more, e.g. {r: 4-5}")
        return self

    def ranges(self) -> list[tuple[ScoreName, int, int]]:
        """Return each score that is asked for with the lowest and the highest that meet it."""
        given: list[tuple[ScoreName, str | None]] = [("r", self.r), ("f", self.f), ("m", self.m)]
        return [(name, *bounds_of(scores)) for name, scores in given if scores is not None]

    def met_by(self, cell: Cell) -> list[bool]:
        """Tell of each range whether the cell meets it."""
        return [lowest <= getattr(cell, name) <= highest for name, lowest, highest in self.ranges()]


class RuleSegment(Part):
    """One rule segment. It takes who meets all that it asks; without ``all``, ``any`` and ``not_all``, everybody."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, use_attribute_docstrings=True
    )

    name: Name
    all_: Asks | None = Field(default=None, alias="all")
    """Every one of these has to be met."""
    any_: Asks | None = Field(default=None, alias="any")
    """At least one of these has to be met."""
    not_all: Asks | None = None
    """At least one of these must be missed."""

    @field_validator("name")
    @classmethod
    def _free(cls, name: str) -> str:
        if name.strip() != name:
            raise ValueError("give a name without spaces around it")
        if name.casefold() in RESERVED_NAMES:
            raise ValueError("is what readers show for no segment; give another name")
        return name

    @field_validator("any_")
    @classmethod
    def _a_choice(cls, given: Asks | None) -> Asks | None:
        if given is not None and len(given.ranges()) == 1:
            raise ValueError("any needs two scores to choose from, e.g. {f: 4-5, m: 4-5}; for one write all")
        return given

    def takes(self, cell: Cell) -> bool:
        """Tell whether the rule takes these scores, whatever stands above it."""
        return (
            (self.all_ is None or all(self.all_.met_by(cell)))
            and (self.any_ is None or any(self.any_.met_by(cell)))
            and (self.not_all is None or not all(self.not_all.met_by(cell)))
        )


class Persona(Part):
    """One word for a range of recency; with the tier's name behind it, it is a persona such as Dormant Gold."""

    word: Name
    r: ScoreRange

    @field_validator("word")
    @classmethod
    def _one_word(cls, word: str) -> str:
        if len(word.split()) != 1 or word.strip() != word:
            raise ValueError("give one word, e.g. Active: the tier's name comes behind it")
        return word


class BudgetBuyer(Part):
    """The trait Budget Buyer: often and cheap."""

    frequency_top: Proportion = Decimal("0.40")
    """The part of the customers who order most often, 0-1."""
    aov_bottom: Proportion = Decimal("0.40")
    """The part of the customers with the lowest average order value, 0-1."""


class PowerUser(Part):
    """The trait Power User: much and dear."""

    monetary_top: Proportion = Decimal("0.20")
    """The part of the customers who spent most, 0-1."""
    aov_top: Proportion = Decimal("0.20")
    """The part of the customers with the highest average order value, 0-1."""


class Traits(Part):
    """Which part of the customers a trait means; the trainer turns it into thresholds, in force with its next model."""

    budget_buyer: BudgetBuyer = BudgetBuyer()
    power_user: PowerUser = PowerUser()


_HIGH: Final = Asks(r="4-5", f="4-5", m="4-5")
_LOW: Final = Asks(r="1-2", f="1-2", m="1-2")
_MIDDLE: Final = Asks(r="3-5", f="3-5")
DEFAULT_RULES: Final = (
    RuleSegment(name="VIP", all_=_HIGH),
    RuleSegment(name="Loyal", all_=Asks(r="4-5"), any_=Asks(f="4-5", m="4-5")),
    RuleSegment(name="Potential Loyalist", all_=_MIDDLE),
    RuleSegment(name="At Risk", all_=Asks(r="1-2"), any_=Asks(f="3-5", m="3-5")),
    RuleSegment(name="Dormant", all_=_LOW),
    RuleSegment(name="Regulars", not_all=_MIDDLE),
)
DEFAULT_PERSONAS: Final = (Persona(word="Active", r="3-5"), Persona(word="Dormant", r="1-2"))


class Segments(Part):
    """Rule segments, personas, traits, and how many clusters the trainer learns."""

    k: Annotated[int, Field(strict=True, ge=2, le=50)] = 6
    rules: Annotated[tuple[RuleSegment, ...], Field(min_length=1, max_length=50)] = DEFAULT_RULES
    """The first that takes a customer's scores wins; together they take all 125."""
    personas: Annotated[tuple[Persona, ...], Field(min_length=1, max_length=BEST)] = DEFAULT_PERSONAS
    """Words by recency, for each score one; kept with the best score first."""
    traits: Traits = Traits()

    @field_validator("rules")
    @classmethod
    def _one_answer_for_every_cell(cls, rules: tuple[RuleSegment, ...]) -> tuple[RuleSegment, ...]:
        _check_distinct("segments", [rule.name for rule in rules])
        taken = cells_of(rules)
        for index, rule in enumerate(rules):
            if rule.name not in taken.values():
                raise ValueError(_takes_nobody(rule, rules[:index]))
        for cell in CELLS:
            if cell not in taken:
                raise ValueError(
                    f"no segment takes r {cell.r}, f {cell.f}, m {cell.m} "
                    f"({len(CELLS) - len(taken)} of {len(CELLS)} are left); "
                    "end with one for everybody else, e.g. {name: Others}"
                )
        return rules

    @field_validator("personas")
    @classmethod
    def _one_word_for_every_score(cls, personas: tuple[Persona, ...]) -> tuple[Persona, ...]:
        _check_distinct("personas", [persona.word for persona in personas])
        ordered = sorted(personas, key=lambda persona: -bounds_of(persona.r)[1])
        for score in range(BEST, 0, -1):
            words = [one.word for one in ordered if bounds_of(one.r)[0] <= score <= bounds_of(one.r)[1]]
            if len(words) != 1:
                held = f"{words[0]} and {words[1]} both have" if words else "no word has"
                raise ValueError(f"{held} the recency score {score}; give each of 1 to 5 to one word")
        return tuple(ordered)

    def beyond_the_defaults(self) -> set[str]:
        """Return the keys that the first format of programs did not have and that are not at their defaults."""
        fields = type(self).model_fields
        return {name for name in ("rules", "personas", "traits") if getattr(self, name) != fields[name].default}


@lru_cache(maxsize=64)
def cells_of(rules: tuple[RuleSegment, ...]) -> Mapping[Cell, str]:
    """Return the name of the first rule that takes it, by cell; who is taken by none is missing."""
    names = {cell: next((rule.name for rule in rules if rule.takes(cell)), None) for cell in CELLS}
    return {cell: name for cell, name in names.items() if name is not None}


def _check_distinct(what: str, names: Sequence[str]) -> None:
    known = [name.casefold() for name in names]
    for index, name in enumerate(names):
        if name.casefold() in known[:index]:
            raise ValueError(f"two {what} are named {name}; give each its own name")


def _takes_nobody(rule: RuleSegment, above: tuple[RuleSegment, ...]) -> str:
    if not any(rule.takes(cell) for cell in CELLS):
        return f"nobody can be {rule.name}: what it asks contradicts itself"
    takers = {name for cell, name in cells_of(above).items() if rule.takes(cell)}
    earlier = ", ".join(one.name for one in above if one.name in takers)
    return f"nobody is left for {rule.name}: {earlier} above it take them all; move it up or leave it out"
