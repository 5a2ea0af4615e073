"""Centres as people read them: days, orders and money instead of logs."""

from decimal import Decimal
from math import expm1

from schemas.features import Features


def raw_units(centre: Features, minor_per_major: int) -> dict[str, float | str]:
    """Return a typical customer: what a mean of logs is in raw units, which is no average; money as text."""
    recency, frequency, monetary, aov, tenure = map(expm1, centre)
    return {
        "recency_days": round(recency, 1),
        "frequency": round(frequency, 1),
        "monetary": money_text(round(monetary * minor_per_major), minor_per_major),
        "aov": money_text(round(aov * minor_per_major), minor_per_major),
        "tenure_days": round(tenure, 1),
    }


def money_text(minor: int, minor_per_major: int) -> str:
    """Return the decimal text with all digits of the currency, of which a snapshot knows only their number."""
    digits = len(str(minor_per_major)) - 1
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"
