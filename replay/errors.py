"""What can be wrong with the history that a replay reads, typed by what to do next."""


class ReplayError(Exception):
    """Base of what this layer raises; every text says what, where and what to do."""


class TopicMissingError(ReplayError):
    """A topic is not there, or its partitions do not fit.

    Operator action: check TIERLINE_KAFKA and TIERLINE_TOPIC_PREFIX; `tierline topics check`.
    """


class HistoryGoneError(ReplayError):
    """Records that the journal names were removed, by retention or by hand.

    Operator action: replay from a log file that was kept, or restore the topic; keep inputs and journal
    (`retention.ms=-1`) from now on.
    """


class TornJournalError(ReplayError):
    """The journal's steps do not follow one another, or do not lead where it says.

    Operator action: as the message says.
    """


class UnreplayableStepError(ReplayError):
    """The journal holds a step of a newer Tierline.

    Operator action: replay with the version that wrote it.
    """


class SilentKafkaError(ReplayError):
    """Kafka stopped sending although more is there.

    Operator action: check the brokers, then start the replay again; it has no state of its own.
    """
