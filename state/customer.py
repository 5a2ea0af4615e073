"""Everything Tierline knows of one customer but the orders themselves (those are the ledger)."""

from typing import Final

import msgspec

from schemas.instants import Instant
from state.calendar import Day
from state.errors import NewerStateError, UnreadableStateError

STATE_FORMAT: Final = 2
"""Raised when a field changes its meaning; `decode_state` upgrades what is older."""


class Chain(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Upgrades that a refund may still reverse, together."""

    grant_day: Day
    """The day of the last of them."""
    tier: str
    """The earned tier before the first of them."""
    term_day: Day
    expires_at: Instant | None
    """The term of that tier."""


class Debounce(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A refund that waits before it may reverse an upgrade."""

    ends_at: Instant
    trigger_id: str


class Floor(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A tier assigned by hand, held at least until then."""

    tier: str
    until_at: Instant
    reason: str


class OpenNudge(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An issued nudge that may still have to be retracted."""

    nudge_id: str
    kind: str
    target: str
    expires_at: Instant


class Sent(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A non-service nudge that counts against the caps."""

    send_at: Instant
    kind: str


class Bucket(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Net spend and counting orders of one local day."""

    day: Day
    spend_minor: int
    orders: int


class Source(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The last record that moved this customer."""

    topic: str
    partition: int
    offset: int


class Standing(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """How a customer compares with all others, by the model last scored with."""

    r: int
    f: int
    m: int
    rfm: str
    """The rule segment."""
    cluster_id: int
    cluster: str
    persona: str
    budget_buyer: bool
    power_user: bool
    since_at: Instant
    """When one of the three names changed last."""
    value_minor: int | None = None
    """`clv_90d` in minor units; None where the model does not price."""


class Emptied(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is still told of a standing after the last order that counted is gone."""

    model_version: int
    """Last scored with."""
    since_at: Instant


class CustomerState(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One customer. Money in minor units, instants in microseconds, days as ordinals.

    `step()` never changes the one it is given.
    """

    format: int = 0
    customer_id: str
    program_version: str
    now_at: Instant
    source: Source | None = None
    erased_at: Instant | None = None
    """An earlier customer of this id was erased then; older events are dropped."""

    orders: int = 0
    spend_minor: int = 0
    excess_minor: int = 0
    """Refunds beyond the amount of their orders: reported, never booked."""
    first_order_at: Instant | None = None
    last_order_at: Instant | None = None
    first_order_day: Day | None = None
    last_order_day: Day | None = None

    days: list[Bucket] = msgspec.field(default_factory=list)
    """Ascending; what any window question may still ask for."""
    older: Bucket = msgspec.field(default_factory=lambda: Bucket(0, 0, 0))
    """The sum of all days before those."""
    window_day: Day = 0
    window_minor: int = 0
    window_orders: int = 0
    """The program's window as of `window_day`."""

    tier: str
    """The earned tier; a floor may stand above it."""
    rank: int = 0
    since_at: Instant
    term_day: Day = 0
    expires_at: Instant | None = None
    grace_until: Instant | None = None
    warned_at: Instant = 0
    """Warnings of the term up to this instant are given or were never due."""
    chain: Chain | None = None
    debounce: Debounce | None = None
    floor: Floor | None = None
    tier_changes: int = 0

    consent_default: bool | None = None
    consent_channels: dict[str, bool] = msgspec.field(default_factory=dict)
    time_zone: str | None = None
    country: str | None = None
    household_id: str | None = None
    returns: dict[str, Instant] = msgspec.field(default_factory=dict)
    """Open returns: order id and when the wait for its refund ends."""

    near_armed: bool = True
    near_waiting: bool = False
    candidates: dict[str, int] = msgspec.field(default_factory=dict)
    """How many candidates of ``kind|target`` there were."""
    sent: list[Sent] = msgspec.field(default_factory=list)
    open_nudges: list[OpenNudge] = msgspec.field(default_factory=list)

    model_version: int = -1
    """The version of the model last scored with, or adopted without an order to score; -1 for none."""
    standing: Standing | None = None
    """None without a model, or without an order that counts."""
    emptied: Emptied | None = None
    """None with a standing, and where there never was one."""
    segment_changes: int = 0

    due_at: Instant | None = None
    """The next moment at which time alone changes this customer under its own program."""

    def copy(self) -> "CustomerState":
        """Return a state that can be changed without touching this one.

        Its lists and dicts are the same objects: whoever changes one puts a new one in its place.
        """
        return self.__copy__()  # type: ignore[attr-defined,no-any-return]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CustomerState)


def encode_state(customer: CustomerState) -> bytes:
    """Return the stored form: JSON, so that `redis-cli GET` reads it."""
    return _encoder.encode(customer)


def decode_state(blob: bytes) -> CustomerState:
    """Return the customer stored as ``blob``, upgraded to today's format.

    Raises `NewerStateError` for a format of the future, `UnreadableStateError` for anything else.
    """
    try:
        customer = _decoder.decode(blob)
    except msgspec.DecodeError as error:
        raise UnreadableStateError(f"a stored customer state cannot be read: {error}") from error
    if customer.format == STATE_FORMAT:
        return customer
    if customer.format > STATE_FORMAT:
        raise NewerStateError(
            f"a stored customer state has format {customer.format}; this Tierline reads up to {STATE_FORMAT}"
        )
    return _upgraded(customer)


def _upgraded(customer: CustomerState) -> CustomerState:
    """Format 0 was written before the format was stored, format 1 before customers were priced."""
    customer.format = STATE_FORMAT
    return customer
