"""What can be wrong with what was learnt, typed by what to do next."""


class ModelError(Exception):
    """Base of what this layer raises."""


class SettingsMismatchError(ModelError):
    """A snapshot was learnt under other settings, so that learning cannot go on from it.

    Reaction: learn anew from the samples that are kept.
    """


class NothingToCompareError(ModelError):
    """There are too few customers, or they spent nothing, so that prices cannot be judged.

    Operator action: ask for a moment with more history behind it.
    """
