"""What comes in: the events of the input topics, as pydantic models. They are the contract.

The hot path decodes with structs that ``schemas.decoding`` builds from these models. Unknown fields are ignored, so a
shop may add fields without a new version.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas.fields import Amount, Currency, Flag, Id, Label, Moment, Note, Quantity
from schemas.topics import CONSENTS, ORDERS
from schemas.zones import known_zone


class InputEvent(BaseModel):
    """What every event has."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    customer_id: Id
    """Whose event it is; the record's key holds the same."""
    occurred_at: Moment
    """When it happened in the shop (event time), not when the log learnt of it."""


class OrderLine(BaseModel):
    """One line of an order. Lines only feed categories; ``amount`` of the order decides money."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    sku: Label
    category: Label | None = None
    quantity: Quantity = 1
    amount: Amount | None = None


class ReturnedLine(BaseModel):
    """One line of an order that comes back."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    sku: Label
    category: Label | None = None
    quantity: Quantity = 1


class OrderPlaced(InputEvent):
    """A customer placed and paid one order.

    Delivered at least once: ``order_id`` tells a redelivery from a second order.
    """

    type: Literal["order.placed"]
    order_id: Id
    amount: Amount
    """Goods after discounts, without shipping and tax."""
    currency: Currency
    channel: Label | None = None
    region: Label | None = None
    coupon: Note | None = None
    nudge_id: Note | None = None
    """The nudge that brought the customer."""
    lines: tuple[OrderLine, ...] | None = None


class OrderCancelled(InputEvent):
    """An order does not count any more. Of several, the latest ``occurred_at`` decides; a tie means cancelled."""

    type: Literal["order.cancelled"]
    order_id: Id
    reason: Note | None = None


class OrderReinstated(InputEvent):
    """A cancelled order counts again."""

    type: Literal["order.reinstated"]
    order_id: Id
    reason: Note | None = None


class OrderRefunded(InputEvent):
    """Some or all of an order's money went back. It may come before its order."""

    type: Literal["order.refunded"]
    refund_id: Id
    order_id: Id
    amount: Amount
    currency: Currency


class OrderReturned(InputEvent):
    """Goods come back: opens a return that a refund of the order, or 30 days, closes."""

    type: Literal["order.returned"]
    return_id: Id
    order_id: Id
    reason: Note | None = None
    lines: tuple[ReturnedLine, ...] | None = None


class ConsentChanged(InputEvent):
    """A customer allowed nudges or took that back. Without ``channel``, or with ``all``, it sets every channel."""

    type: Literal["consent.changed"]
    granted: Flag
    channel: Label | None = None


class ProfileUpdated(InputEvent):
    """Facts about a customer; a field that is left out stays as it was."""

    type: Literal["profile.updated"]
    time_zone: Annotated[Label, AfterValidator(known_zone)] | None = None
    """A name of the IANA time zone database."""
    household_id: Label | None = None
    country: Label | None = None


class TierAssigned(InputEvent):
    """A person gave the customer a tier: a floor until ``until``."""

    type: Literal["tier.assigned"]
    tier: Label
    until: Moment
    reason: Note


class CustomerErased(InputEvent):
    """The customer is to be forgotten, with every event up to ``occurred_at``."""

    type: Literal["customer.erased"]


OrdersEvent = Annotated[
    OrderPlaced | OrderCancelled | OrderReinstated | OrderRefunded | OrderReturned, Field(discriminator="type")
]
"""What ``retail.orders.v1`` brings."""
ConsentsEvent = Annotated[ConsentChanged | ProfileUpdated | TierAssigned | CustomerErased, Field(discriminator="type")]
"""What ``retail.consents.v1`` brings."""

MODELS: dict[str, tuple[type[InputEvent], ...]] = {
    ORDERS: (OrderPlaced, OrderCancelled, OrderReinstated, OrderRefunded, OrderReturned),
    CONSENTS: (ConsentChanged, ProfileUpdated, TierAssigned, CustomerErased),
}
"""The models of each input topic."""
