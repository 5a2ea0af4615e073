"""Whom a tick moves, and how far: a tick is cut by instant, then by the hash of the customer's id."""

from hashlib import sha256

from schemas.instants import Instant
from schemas.journal import Tick


def reach(tick: Tick, customer_id: str) -> Instant:
    """Return the last instant up to which the tick moves this customer."""
    if tick.upto is None or customer_hash(customer_id) <= tick.upto:
        return tick.at
    return tick.at - 1


def reaches_everyone(tick: Tick, at: Instant) -> bool:
    """Tell whether the tick takes all customers up to and including that instant."""
    return tick.at > at or (tick.at == at and tick.upto is None)


def customer_hash(customer_id: str) -> str:
    """Return the order in which customers due at one instant are taken: 16 hex digits of the id's SHA-256."""
    return sha256(customer_id.encode()).hexdigest()[:16]
