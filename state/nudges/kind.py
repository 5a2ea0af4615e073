"""What a nudge kind is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from state.customer import CustomerState, OpenNudge
from state.decision import Candidate, Decision


def _settle_nothing(_customer: CustomerState, _reason: str | None) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class NudgeKind:
    """When a nudge is wanted, when it stops being true, and what its outcome changes."""

    name: str
    candidate: Callable[[Decision], Candidate | None]
    retraction: Callable[[Decision, OpenNudge], str | None]
    """Return the reason why an issued one is no longer true, None while it is."""
    only_after: Literal["tier_change", "time"] | None = None
    """What alone can bring a candidate about: a tier change in the same decision, or time; None: anything."""
    stands_until: Literal["tier_change", "far", "renewal"] | None = None
    """What alone takes an issued one back: a tier change; that, or sums far from the next level; that, or orders that
    would renew the term; None: anything."""
    is_service: bool = False
    """Service messages need consent but no other permission, and count against no cap."""
    on_tier_change: Callable[[Decision], None] | None = None
    """Called before the candidates of a decision in which the tier changed."""
    settle: Callable[[CustomerState, str | None], None] = _settle_nothing
    """Called with the reason of a suppression, or None when it was issued."""
    conclude: Callable[[Decision], None] | None = None
    """Called after the candidates of every decision."""
