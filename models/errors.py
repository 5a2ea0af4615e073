"""What can be wrong with what was learnt, typed by what to do next."""


class ModelError(Exception):
    """Base of what this layer raises."""


class UnreadableModelError(ModelError):
    """Bytes that are neither a snapshot nor a trainer's state we can read.

    Operator action: let the trainer learn anew from `loyalty.samples.v1`; workers keep the model they have.
    """


class NewerModelError(ModelError):
    """Written by a newer Tierline.

    Operator action: run the newer version; models are upgraded on reading, never downgraded.
    """


class SettingsMismatchError(ModelError):
    """A trainer's state was learnt under other settings.

    Operator action: start the trainer without that state; it warms up again.
    """
