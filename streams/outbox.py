"""An outbox entry: what one commit did and has to say, as one blob in the store."""

from collections.abc import Collection
from typing import TypeAlias

import msgspec

from schemas.journal import JournalEntry, decode_entry
from state.outputs import Output

Carrier: TypeAlias = dict[str, str]
"""A trace context as headers: `traceparent`, and `tracestate` where there is one (W3C)."""


class OutboxEntry(msgspec.Struct, array_like=True, frozen=True):
    """One commit: its steps, its journal entry (as it goes to Kafka) and its outputs in order."""

    first_step: int
    last_step: int
    journal: bytes
    outputs: list[Output]
    traces: dict[int, Carrier] = {}
    """Which trace an output belongs to, by position; empty where tracing is off. No part of journal or output."""

    def split(self, keys: Collection[bytes]) -> tuple["OutboxEntry", list[Output]]:
        """Return the entry without what it says about these customers, and that; its steps stay."""
        kept = [n for n, output in enumerate(self.outputs) if output.key not in keys]
        withdrawn = [output for output in self.outputs if output.key in keys]
        traces = {to: self.traces[n] for to, n in enumerate(kept) if n in self.traces}
        outputs = [self.outputs[n] for n in kept]
        return OutboxEntry(self.first_step, self.last_step, self.journal, outputs, traces), withdrawn

    def journal_entry(self) -> JournalEntry:
        """Return the journal entry, read."""
        return decode_entry(self.journal)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(OutboxEntry)


def encode_outbox(entry: OutboxEntry) -> bytes:
    """Return the stored form."""
    return _encoder.encode(entry)


def decode_outbox(blob: bytes) -> OutboxEntry:
    """Return the entry that ``blob`` holds."""
    return _decoder.decode(blob)
