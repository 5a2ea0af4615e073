"""Logs: text on a terminal, JSON in production, always to stderr; no personal data beyond a hashed id."""

import hashlib
import logging
import sys
from typing import TextIO

import structlog

from streams.seldom import limit_repetitions
from tierline.settings import Settings, shown, variable

_HASHED = ("customer_id", "order_id", "refund_id", "return_id")


def configure_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Send the logs of every library and of ours through one formatter."""
    stream = stream or sys.stderr
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        hash_ids,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty()) if as_text else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    limit_repetitions(handler)
    logging.getLogger("uvicorn.access").setLevel(max(logging.WARNING, root.level))


def log_settings(settings: Settings) -> None:
    """Log every setting that differs from its default, secrets starred."""
    changed = {
        variable(field): shown(settings, field)
        for field, described in Settings.model_fields.items()
        if getattr(settings, field) != described.default
    }
    structlog.get_logger("tierline").info("settings", **changed)


def hash_ids(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace ids of persons and orders by 12 hex digits of their SHA-256: enough to search for, nothing to read."""
    for field in _HASHED:
        if field in event:
            event[field] = hashlib.sha256(str(event[field]).encode()).hexdigest()[:12]
    return event
