"""The topics' names, as data. A change of meaning is a new name with a new version."""

ORDERS = "retail.orders.v1"
ENGAGEMENT = "retail.engagement.v1"
"""Named, but not consumed yet."""
CONSENTS = "retail.consents.v1"

NUDGES = "loyalty.nudges.v1"
SUPPRESSIONS = "loyalty.suppressions.v1"
CHANGES = "loyalty.changes.v1"
CUSTOMER_STATE = "loyalty.customer-state.v1"
JOURNAL = "loyalty.journal.v1"
SAMPLES = "loyalty.samples.v1"
MODELS = "loyalty.models.v1"
ALERTS = "loyalty.alerts.v1"

INPUTS = (ORDERS, CONSENTS)
"""What a worker consumes; co-partitioned."""


def dead_letter_topic(topic: str) -> str:
    """Return the topic that takes what ``topic`` brought and nobody can accept."""
    return topic + ".dlq"
