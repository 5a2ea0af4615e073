"""Why a record goes to the dead letters."""

from typing import Literal, TypeAlias

Reason: TypeAlias = Literal[
    "malformed_json",
    "unknown_type",
    "invalid_field",
    "negative_amount",
    "amount_precision",
    "currency_mismatch",
    "future_event",
    "key_mismatch",
    "wrong_partition",
    "too_large",
]
"""Why a record goes to the dead letters. The first five are decided here, the others where the record is admitted."""


class RejectedError(ValueError):
    """A record nobody can accept: it goes to the dead letters with ``reason`` and ``detail``."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
