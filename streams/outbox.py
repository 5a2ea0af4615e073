"""An outbox entry: what one commit did and has to say, as one blob in the store."""

from collections.abc import Collection

import msgspec

from schemas.journal import JournalEntry, decode_entry
from state.outputs import Output


class OutboxEntry(msgspec.Struct, array_like=True, frozen=True):
    """One commit: its steps, its journal entry (as it goes to Kafka) and its outputs in order."""

    first_step: int
    last_step: int
    journal: bytes
    outputs: list[Output]

    def split(self, keys: Collection[bytes]) -> tuple["OutboxEntry", list[Output]]:
        """Return the entry without what it says about these customers, and that; its steps stay."""
        kept = [output for output in self.outputs if output.key not in keys]
        withdrawn = [output for output in self.outputs if output.key in keys]
        return OutboxEntry(self.first_step, self.last_step, self.journal, kept), withdrawn

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
