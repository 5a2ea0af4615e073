"""A real trainer as a child process. Run as `python -m tests.integration.trainer_process`."""

import json
import logging
import sys

import msgspec

from models.settings import LearningSettings
from streams.seldom import limit_repetitions
from streams.trainer import run_trainer
from streams.trainer_config import TrainerConfig
from tests.integration.installation import Installation
from tests.integration.worker_process import WorkerProcess

SESSION_SECONDS = 2.0


def a_trainer(installation: Installation, settings: LearningSettings, **options: object) -> WorkerProcess:
    """Start one more trainer."""
    told = {
        "kafka": installation.kafka,
        "name": installation.name,
        "topic_prefix": installation.prefix,
        "session_timeout_seconds": SESSION_SECONDS,
        "heartbeat_seconds": 0.3,
        "learning": msgspec.structs.asdict(settings),
        **options,
    }
    log = installation.folder / f"trainer-{len(installation.workers)}.log"
    trainer = WorkerProcess(told, log, "tests.integration.trainer_process")
    trainer.start()
    installation.workers.append(trainer)
    return trainer


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
