"""The files of a replay: states, changes, nudges, suppressions and dead letters, as JSON lines and as Parquet.

Outputs are written as they arise. Files get their name when all of them are whole; until then each is called
``.unfinished.<name>``, so that a replay that failed leaves nothing that looks like a result.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, Self

import msgspec
from pydantic import BaseModel

from replay.parquet import columns_of, convert
from schemas.outputs import DeadLetter, NudgeIssued, NudgeRetracted, NudgeSuppressed, SegmentChanged, TierChanged
from schemas.read_model import CustomerView
from schemas.record import LogRecord
from schemas.topics import CHANGES, NUDGES, SUPPRESSIONS
from state.outputs import Output, text_of

FILES: Final[dict[str, tuple[type[BaseModel], ...]]] = {
    "states": (CustomerView,),
    "changes": (TierChanged, SegmentChanged),
    "nudges": (NudgeIssued, NudgeRetracted),
    "suppressions": (NudgeSuppressed,),
    "dead_letters": (DeadLetter,),
}
"""Each file and the contracts that a line of it keeps."""

_FILE_OF_TOPIC: Final = {CHANGES: "changes", NUDGES: "nudges", SUPPRESSIONS: "suppressions"}
_encoder = msgspec.json.Encoder()


class _Sentence(msgspec.Struct):
    """What the summary counts of an output."""

    type: str
    kind: str = ""
    reason: str = ""
    trigger: dict[str, str | None] = {}


_sentences = msgspec.json.Decoder(_Sentence)


class OutputFiles:
    """Writes into one folder; leaving it without an error makes the files whole and writes the Parquet ones.

    `written` counts ``(what, which)``: changes by trigger, nudges and retractions by kind, suppressions by reason.
    """

    def __init__(self, folder: Path) -> None:
        self.written: Counter[tuple[str, str]] = Counter()
        self._folder = folder
        self._open: dict[str, BinaryIO] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            self._open[name] = self._stack.enter_context(self._unfinished(f"{name}.jsonl").open("wb"))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        if kind is None:
            self._finish()
        for name in FILES:
            for ending in ("jsonl", "parquet"):
                self._unfinished(f"{name}.{ending}").unlink(missing_ok=True)

    def take(self, output: Output, record: LogRecord | None) -> None:
        """Write one output; that of a dead letter needs its record."""
        name = _FILE_OF_TOPIC.get(output.topic)
        if name is None:
            self._open["dead_letters"].write(_encoder.encode(dead_letter(output, record)) + b"\n")
            return
        value = output.value or b"null"
        self._open[name].write(value + b"\n")
        self._count(_sentences.decode(value))

    def take_states(self, read_models: Iterable[Mapping[str, object]]) -> None:
        """Write read models, in the order given."""
        for view in read_models:
            self._open["states"].write(_encoder.encode(view) + b"\n")

    def _count(self, said: _Sentence) -> None:
        which = said.trigger.get("kind") if said.type in ("tier.changed", "segment.changed") else said.kind
        if said.type == "nudge.suppressed":
            which = said.reason
        self.written[said.type, which or ""] += 1

    def _finish(self) -> None:
        for name, models in FILES.items():
            convert(self._unfinished(f"{name}.jsonl"), self._unfinished(f"{name}.parquet"), columns_of(models))
        for name in FILES:
            for ending in ("jsonl", "parquet"):
                self._unfinished(f"{name}.{ending}").replace(self._folder / f"{name}.{ending}")

    def _unfinished(self, name: str) -> Path:
        return self._folder / f".unfinished.{name}"


def dead_letter(output: Output, record: LogRecord | None) -> dict[str, object]:
    """Return the line of a dead letter; text that is not UTF-8 becomes base64."""
    headers = output.headers
    return {
        "topic": text_of(headers, "tl_topic"),
        "partition": int(text_of(headers, "tl_partition")),
        "offset": int(text_of(headers, "tl_offset")),
        "timestamp": -1 if record is None else record.timestamp_ms,
        "key": _text(output.key),
        "value": _text(output.value),
        "reason": text_of(headers, "tl_reason"),
        "detail": text_of(headers, "tl_detail"),
    }


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
