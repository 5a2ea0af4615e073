"""What a command says when Kafka, Redis or the program file is not as it needs it: one message, never a stack trace."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError
from redis.exceptions import RedisError

from replay.errors import ReplayError
from schemas.program import Program
from schemas.program_file import ProgramFileError, load_program
from state.errors import StateError
from state.store import StoreRefusedError, StoreUnavailableError
from streams.ports import LogUnavailableError, StreamsError
from streams.refusal import refusal_now
from tierline.connections import kafka_options
from tierline.console import CommandError, UsageError
from tierline.settings import Settings, load_settings, shown


def settings_of_process() -> Settings:
    """Return the settings of this process' environment; ``SettingsError`` if they are wrong."""
    return load_settings(os.environ)


def program_of(settings: Settings) -> Program:
    """Return the program that the settings name; ``UsageError`` says what is wrong with its file."""
    try:
        return load_program(settings.program)
    except ProgramFileError as error:
        raise UsageError(str(error)) from error


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Turn every error that a server or its state can cause into a ``CommandError`` that says what to do."""
    try:
        yield
    except (KafkaError, AioKafkaError) as error:
        raise CommandError(
            _refused(settings)
            or f"Kafka at {settings.kafka} does not do what was asked: {_words(error)}. "
            "Check that it runs and that TIERLINE_KAFKA names it; `tierline doctor` looks closer."
        ) from error
    except RedisError as error:
        raise CommandError(
            f"Redis at {shown(settings, 'redis')} does not answer: {_words(error)}. "
            "Check that it runs and that TIERLINE_REDIS names it."
        ) from error
    except StoreRefusedError as error:
        raise CommandError(str(error)) from error
    except (LogUnavailableError, StoreUnavailableError) as error:
        refused = _refused(settings) if isinstance(error, LogUnavailableError) else None
        raise CommandError(refused or f"{error}. Start it, or correct the address") from error
    except (ReplayError, StateError, StreamsError) as error:
        raise CommandError(str(error)) from error


def _refused(settings: Settings) -> str | None:
    return refusal_now(cast("Mapping[str, object]", kafka_options(settings)))


def _words(error: Exception) -> str:
    text, kind = str(error).strip().rstrip("."), type(error).__name__
    if text.startswith(kind):
        return text
    return f"{kind}: {text}" if text else kind
