"""A portrait in plain words. Every sentence is what the numbers say, and no more."""

from collections.abc import Iterator
from typing import Final

from models.portraits import FEW_CUSTOMERS, Portrait, Spread, Typical
from schemas.money import format_minor

MUCH_MORE: Final = 1.25
"""Of revenue over customers; its inverse is much less."""


def sentences(portrait: Portrait, everybody: Portrait, currency: str) -> list[str]:
    """Return what a manager wants to know of the group, beside everybody."""
    if not portrait.customers:
        return ["Nobody is here now."]
    return list(_sentences(portrait, everybody, currency))


def percent(share: float) -> str:
    """Return a share as text, such as ``31.2 %``; what is there is never shown as nothing."""
    if 0 < share < 0.001:
        return "under 0.1\N{NO-BREAK SPACE}%"
    return f"{share * 100:.1f}\N{NO-BREAK SPACE}%"


def _sentences(portrait: Portrait, everybody: Portrait, currency: str) -> Iterator[str]:
    yield _weight(portrait)
    typical, usual = portrait.typical, everybody.typical
    if typical is None or usual is None:
        yield f"Fewer than {FEW_CUSTOMERS} customers: too few to say what is typical."
        return
    yield _recency(typical, usual)
    yield _orders(typical, currency)
    yield _tenure(typical, usual)


def _weight(portrait: Portrait) -> str:
    share, of_revenue = portrait.share_of_customers, portrait.share_of_revenue
    said = f"{percent(share)} of customers bring {percent(of_revenue)} of revenue"
    if of_revenue >= MUCH_MORE * share:
        return f"{said}, {of_revenue / share:.1f} times what their number would suggest."
    if of_revenue * MUCH_MORE <= share:
        return f"{said}, less than their number would suggest."
    return f"{said}, about what their number suggests."


def _recency(typical: Typical, usual: Typical) -> str:
    recency = typical.recency_days
    said = f"Half of them last ordered {_ago(recency.median)}"
    if recency.upper > recency.median:
        said += f", a quarter {recency.upper} days ago or earlier"
    return f"{said}; over all customers, half did so {_ago(usual.recency_days.median)}."


def _ago(days: int) -> str:
    return "today" if days == 0 else f"at most {days} day{'s' * (days != 1)} ago"


def _orders(typical: Typical, currency: str) -> str:
    frequency, aov = typical.frequency, typical.aov_minor
    low, middle, high = (format_minor(minor, currency) for minor in aov)
    orders = f"{frequency.median} order{'s' * (frequency.median != 1)}"
    basket = f"a typical order is {middle} {currency}" + ("" if aov.lower == aov.upper else f" ({low} to {high})")
    return f"The customer in the middle has placed {orders}{_half(frequency)}, and {basket}."


def _half(spread: Spread) -> str:
    return "" if spread.lower == spread.upper else f" (the middle half {spread.lower} to {spread.upper})"


def _tenure(typical: Typical, usual: Typical) -> str:
    mine, others = typical.tenure_days.median, usual.tenure_days.median
    return f"In the middle their first order was {mine} day{'s' * (mine != 1)} ago; over all customers {others}."
