"""What a schedule may do to the workers, and which of the six guards it leaves them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ablation:
    """The six guards; the base has all of them."""

    commit_compare: bool = True
    relay_peek: bool = True
    compared_trim: bool = True
    hold: bool = True
    journal: bool = True
    durable_claim: bool = True


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances per await."""

    kill: float = 0.012
    zombie: float = 0.012
    rollback: float = 0.015
    empty: float = 0.002
    unknown: float = 0.01
    rollback_at_rest: float = 0.3
    failback: float = 0.0
    """The store returns to a history that an earlier rollback had left behind."""
