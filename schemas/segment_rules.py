"""One rule segment or persona of the rules file: ranges of scores 1-5, and whom they take."""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from schemas.program_parts import Name, Part

BEST: Final = 5
RESERVED_NAMES: Final = ("none", "null")
"""What readers show for a customer who is in no segment."""
_RANGE: Final = re.compile(r"[1-5](-[1-5])?", re.ASCII)


class Scores(NamedTuple):
    """Recency, frequency and monetary, 1-5, 5 is best: one of the 125 cells that a customer can be in."""

    r: int
    f: int
    m: int


CELLS: Final = tuple(Scores(*scores) for scores in product(range(1, BEST + 1), repeat=3))
"""In order, so that scores r, f, m stand at ((r - 1) * `BEST` + f - 1) * `BEST` + m - 1."""
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

    def met_by(self, cell: Scores) -> list[bool]:
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

    def takes(self, cell: Scores) -> bool:
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


@lru_cache(maxsize=64)
def cells_of(rules: tuple[RuleSegment, ...]) -> Mapping[Scores, str]:
    """Return the name of the first rule that takes it, by cell; who is taken by none is missing."""
    names = {cell: next((rule.name for rule in rules if rule.takes(cell)), None) for cell in CELLS}
    return {cell: name for cell, name in names.items() if name is not None}
