"""A worker of a version before the topic of consents was: it asks Kafka for orders alone. Otherwise it is today's."""

import sys

import schemas.topics


def main() -> int:
    """Work until told to stop."""
    # Before anything is imported that keeps the names of the topics for itself.
    schemas.topics.INPUTS = (schemas.topics.ORDERS,)  # type: ignore[assignment]
    from tests.integration import worker_process

    return worker_process.main()


if __name__ == "__main__":
    sys.exit(main())
