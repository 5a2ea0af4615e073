"""A real trainer as a child process. Run as `python -m tests.integration.trainer_process`."""

import json
import logging
import sys

from models.settings import LearningSettings
from streams.seldom import limit_repetitions
from streams.trainer import run_trainer
from streams.trainer_config import TrainerConfig


def config_of(options: dict[str, object]) -> TrainerConfig:
    """Return the configuration that the JSON describes."""
    rest = {key: value for key, value in options.items() if key not in {"kafka", "learning"}}
    learning = LearningSettings(**options["learning"])  # type: ignore[arg-type]
    return TrainerConfig(kafka={"bootstrap_servers": options["kafka"]}, learning=learning, **rest)  # type: ignore[arg-type]


def main() -> int:
    """Learn until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    limit_repetitions(logging.getLogger().handlers[0])
    return run_trainer(config_of(json.loads(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
