"""Why a row made no event."""

from typing import Literal, NamedTuple, TypeAlias

from schemas.rejection import Reason

RowReason: TypeAlias = (
    Reason
    | Literal[
        "malformed_csv",
        "wrong_number_of_columns",
        "wrong_encoding",
        "missing_value",
        "missing_customer_id",
        "missing_order_id",
        "unexpected_pattern",
        "invalid_time",
        "invalid_number",
        "invalid_quantity",
        "no_rule",
        "id_repeated",
        "order_incomplete",
        "no_known_purchase",
    ]
)
"""Those of the dead letters, and those that only a foreign row can have."""

Fate: TypeAlias = Literal["rejected", "left_out", "duplicate"]


class RowError(ValueError):
    """A row that makes no event, with ``reason`` and ``detail``."""

    def __init__(self, reason: RowReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: RowReason = reason
        self.detail = detail


class LeftOut(NamedTuple):
    """A row that the mapping leaves out on purpose."""

    reason: str
    detail: str


class Refusal(NamedTuple):
    """A row of the file that is in no event: which one, what became of it and why, and its text."""

    line: int
    fate: Fate
    reason: str
    detail: str
    text: str
