"""The rules and models to decide with, and those before while customers are still moved to them."""

from dataclasses import dataclass
from typing import Final

from schemas.instants import Instant
from state.customer import CustomerState
from state.rules import Rules
from state.score import Model


@dataclass(frozen=True, slots=True)
class Models:
    """The model in force and, while customers are still scored with it, the one before; None before the first."""

    current: Model | None = None
    previous: Model | None = None
    adopted_at: Instant | None = None
    """The instant as of which everyone is scored with the current one; None where everyone was."""

    @property
    def version(self) -> int:
        """The version in force, -1 before the first."""
        return -1 if self.current is None else self.current.version

    def awaited_by(self, customer: CustomerState) -> Instant | None:
        """Return when ``customer`` meets the current model, None if it did."""
        return None if customer.model_version >= self.version else self.adopted_at

    def of(self, customer: CustomerState) -> Model | None:
        """Return the model to score ``customer`` with."""
        return self.current if self.awaited_by(customer) is None else self.previous


NO_MODELS: Final = Models()


@dataclass(frozen=True, slots=True)
class Programs:
    """The rules in force and, while customers are still moved to them, the ones before."""

    current: Rules
    previous: Rules | None = None
    changed_at: Instant = 0
    """The instant as of which every customer is re-evaluated under the current rules."""
    started_at: Instant | None = None
    """The first start on these topics; what is decided for an earlier moment is backfill."""
    models: Models = NO_MODELS

    def of(self, customer: CustomerState) -> Rules:
        """Return the rules that ``customer`` was last evaluated under."""
        is_old = self.previous is not None and customer.program_version == self.previous.program_version
        return self.previous if is_old and self.previous is not None else self.current
