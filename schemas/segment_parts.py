"""The ``segments`` of the rules file: rules that take every customer, words for every recency, traits, and k."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field, field_validator

from schemas.program_parts import Exact, Part
from schemas.segment_rules import BEST, CELLS, Asks, Persona, RuleSegment, bounds_of, cells_of

Proportion = Annotated[Exact, Field(gt=0, lt=1)]


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
