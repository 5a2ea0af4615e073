"""The campaign that fits a group of customers, by what its numbers say; its name decides nothing.

The first that fits is it. Each says why with the very numbers that made it fit.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from models.portraits import Portrait, Typical

WORTH_A_LETTER: Final = 0.75
"""Who is away is written to personally where a customer has spent at least so many times the average."""
MUCH: Final = 1.5
"""Who has spent so many times the average is thanked rather than discounted."""


class Campaign(NamedTuple):
    """What to do, and the facts that speak for it."""

    name: str
    why: str
    how: str


class Case(NamedTuple):
    """A group beside everybody."""

    group: Typical
    everybody: Typical
    spend_of_share: float
    """Its share of the revenue over its share of the customers: 1 is as everybody."""


class _Kind(NamedTuple):
    name: str
    fits: Callable[[Case], bool]
    why: Callable[[Case], str]
    how: str


def campaign_for(portrait: Portrait, everybody: Portrait) -> Campaign | None:
    """Return what fits; None where too few customers are known to say what is typical."""
    if portrait.typical is None or everybody.typical is None:
        return None
    over = portrait.share_of_revenue / portrait.share_of_customers if everybody.revenue_minor else 1.0
    case = Case(portrait.typical, everybody.typical, over)
    kind = next(kind for kind in _KINDS if kind.fits(case))
    return Campaign(kind.name, kind.why(case), kind.how)


def _is_stale(case: Case) -> bool:
    """Three in four have been away for longer than the customer in the middle of all."""
    return case.group.recency_days.lower > case.everybody.recency_days.median


def _is_fresh(case: Case) -> bool:
    return case.group.recency_days.median <= case.everybody.recency_days.median


def _away(case: Case) -> str:
    days, usual = case.group.recency_days.lower, case.everybody.recency_days.median
    return f"three in four last ordered {_days(days)} ago or earlier; over all customers the middle is {_days(usual)}"


def _spends(case: Case) -> str:
    return f"on average they have spent {case.spend_of_share:.1f} times what a customer has"


def _lately(case: Case) -> str:
    days, usual = case.group.recency_days.median, case.everybody.recency_days.median
    return f"half of them ordered in the last {_span(days)}; over all customers it is {_days(usual)}"


def _span(days: int) -> str:
    return "day" if days <= 1 else f"{days} days"


def _days(count: int) -> str:
    return f"{count} day{'s' * (count != 1)}"


_KINDS: Final = (
    _Kind(
        "Win back",
        lambda case: _is_stale(case) and case.spend_of_share >= WORTH_A_LETTER,
        lambda case: f"{_away(case)}, and {_spends(case)}.",
        "Write once, personally, with what they used to buy; keep a group unwritten to see what it brings.",
    ),
    _Kind(
        "Second purchase",
        lambda case: case.group.frequency.median == 1 and _is_fresh(case),
        lambda case: f"half of them or more have placed a single order, and {_lately(case)}.",
        "An offer for the second order, soon after the first: who buys twice is likelier to stay.",
    ),
    _Kind(
        "Reminder at low cost",
        _is_stale,
        lambda case: f"{_away(case)}, and {_spends(case)}, so little should be spent on it.",
        "Let them hear of a season's start or a sale by e-mail; stop after two without an answer.",
    ),
    _Kind(
        "Thank and keep",
        lambda case: _is_fresh(case) and case.spend_of_share >= MUCH,
        lambda case: f"{_spends(case)}, and {_lately(case)}.",
        "Early access, service and the tier's benefits rather than discounts; warn them before a tier is lost.",
    ),
    _Kind(
        "Bigger basket",
        lambda case: (
            case.group.frequency.median > case.everybody.frequency.median
            and case.group.aov_minor.median < case.everybody.aov_minor.median
        ),
        lambda case: (
            f"they order more often than others (middle {case.group.frequency.median} against "
            f"{case.everybody.frequency.median}), and an order is smaller."
        ),
        "Bundles, and a benefit from an order value a little above their usual one.",
    ),
    _Kind(
        "Welcome",
        lambda case: 2 * case.group.tenure_days.median <= case.everybody.tenure_days.median,
        lambda case: (
            f"half of them first ordered at most {_days(case.group.tenure_days.median)} ago; over all customers the "
            f"middle is {_days(case.everybody.tenure_days.median)}."
        ),
        "Show what the programme gives, and how far the next tier is.",
    ),
    _Kind(
        "Next visit sooner",
        lambda case: case.group.frequency.median < case.everybody.frequency.median,
        lambda case: (
            f"they order less often than others (middle {case.group.frequency.median} against "
            f"{case.everybody.frequency.median}), and at least a quarter were here in the last "
            f"{_span(case.everybody.recency_days.median)}."
        ),
        "A reason to come back before the usual gap is over: refills, matching goods, a date.",
    ),
    _Kind(
        "On to the next tier",
        lambda _: True,
        lambda _: "nothing sets them apart that would call for more.",
        "Let progress to the next tier do the work: nudge who is near it.",
    ),
)
