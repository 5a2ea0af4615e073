"""What can be wrong with what was learnt, typed by what to do next."""


class ModelError(Exception):
    """Base of what this layer raises."""


class SettingsMismatchError(ModelError):
    """A trainer's state was learnt under other settings.

    Operator action: start the trainer without that state; it warms up again.
    """
