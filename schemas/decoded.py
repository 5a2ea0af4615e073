"""The shapes that ``schemas.decoding.decode`` returns: the events' fields, instants and money converted once.

At run time they are structs built from the models of ``schemas.events``; these protocols are for the type checker,
which narrows ``Event`` by ``event.type``. A test holds the two together.
"""

from typing import Literal, Protocol, TypeAlias

from schemas.instants import Instant


class _Decoded(Protocol):
    customer_id: str
    occurred_at: Instant


class OrderLine(Protocol):
    """One line of an order."""

    sku: str
    category: str | None
    quantity: int
    amount_minor: int | None


class ReturnedLine(Protocol):
    """One line of a returned order."""

    sku: str
    category: str | None
    quantity: int


class OrderPlaced(_Decoded, Protocol):
    """A customer placed and paid one order."""

    type: Literal["order.placed"]
    order_id: str
    amount_minor: int
    currency: str
    channel: str | None
    region: str | None
    coupon: str | None
    nudge_id: str | None
    lines: tuple[OrderLine, ...] | None


class OrderCancelled(_Decoded, Protocol):
    """An order does not count any more."""

    type: Literal["order.cancelled"]
    order_id: str
    reason: str | None


class OrderReinstated(_Decoded, Protocol):
    """A cancelled order counts again."""

    type: Literal["order.reinstated"]
    order_id: str
    reason: str | None


class OrderRefunded(_Decoded, Protocol):
    """Money of an order went back."""

    type: Literal["order.refunded"]
    refund_id: str
    order_id: str
    amount_minor: int
    currency: str


class OrderReturned(_Decoded, Protocol):
    """Goods come back."""

    type: Literal["order.returned"]
    return_id: str
    order_id: str
    reason: str | None
    lines: tuple[ReturnedLine, ...] | None


class ConsentChanged(_Decoded, Protocol):
    """A customer allowed nudges or took that back."""

    type: Literal["consent.changed"]
    granted: bool
    channel: str | None


class ProfileUpdated(_Decoded, Protocol):
    """Facts about a customer."""

    type: Literal["profile.updated"]
    time_zone: str | None
    household_id: str | None
    country: str | None


class TierAssigned(_Decoded, Protocol):
    """A person gave the customer a tier."""

    type: Literal["tier.assigned"]
    tier: str
    until: Instant
    reason: str


class CustomerErased(_Decoded, Protocol):
    """The customer is to be forgotten."""

    type: Literal["customer.erased"]


OrderEvent: TypeAlias = OrderPlaced | OrderCancelled | OrderReinstated | OrderRefunded | OrderReturned
ConsentEvent: TypeAlias = ConsentChanged | ProfileUpdated | TierAssigned | CustomerErased
Event: TypeAlias = OrderEvent | ConsentEvent
