"""What can be wrong with stored state, typed by what to do next."""


class StateError(Exception):
    """Base of what this layer raises."""


class UnreadableStateError(StateError):
    """A stored value is not a customer state or ledger entry that we can read.

    Operator action: `tierline rebuild --partition P`.
    """


class NewerStateError(StateError):
    """A stored value was written by a newer Tierline.

    Operator action: run the newer version; states are upgraded on reading, never downgraded.
    """


class ChangeRefusedError(StateError):
    """A program or a model cannot follow the one in force (another currency, an older version).

    Operator action: as the message says; another currency needs a new installation (`TIERLINE_NAME`).
    """


class LedgerNeeded(StateError):  # noqa: N818 - not an error: a request, answered by loading and calling again
    """A step has to see every order of these customers; nothing was changed yet."""

    def __init__(self, customer_ids: tuple[str, ...]) -> None:
        super().__init__(f"the whole order ledger of {len(customer_ids)} customer(s) is needed")
        self.customer_ids = customer_ids
