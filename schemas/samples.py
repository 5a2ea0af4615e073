"""The body of `loyalty.samples.v1`: what one slice of a partition's daily sweep saw of its customers."""

from typing import Final

import msgspec

from schemas.instants import Instant

SAMPLES_FORMAT: Final = 3


class UnreadableSamplesError(ValueError):
    """Bytes that are no slice of samples.

    Reaction: pass over them; the next sweep brings the customers again.
    """


class NewerSamplesError(ValueError):
    """Written by a newer Tierline.

    Operator action: run the newer version; what this one cannot read it must not pass over.
    """


class Sample(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One customer with at least one order that counts. Days are local, money in minor units."""

    customer_id: str
    recency_days: int
    frequency: int
    monetary_minor: int
    tenure_days: int
    month_minor: int | None = None
    """Net spend of the last 28 days; None in a slice of format 1."""
    quarter_minor: int | None = None
    """Of the last 91."""


class SampleSlice(msgspec.Struct, frozen=True, kw_only=True):
    """Up to some hundred customers of one partition, as of its clock."""

    format: int = SAMPLES_FORMAT
    partition: int
    """Of the inputs; the samples topic has only one."""
    at: Instant
    """The partition's clock (event time), as of which the facts hold."""
    rows: tuple[Sample, ...]
    is_last: bool = True
    """With it the sweep of that day is done: everybody was sampled at ``at`` or later. In formats before 3, which do
    not say it, each slice means that the days before are over."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SampleSlice)


def encode_slice(samples: SampleSlice) -> bytes:
    """Return the body of the record."""
    return _encoder.encode(samples)


def decode_slice(blob: bytes) -> SampleSlice:
    """Return the slice in ``blob``; raises `NewerSamplesError` or `UnreadableSamplesError`."""
    try:
        samples = _decoder.decode(blob)
    except msgspec.DecodeError as error:
        if _format_of(blob) > SAMPLES_FORMAT:
            raise _newer(_format_of(blob)) from error
        raise UnreadableSamplesError(f"a slice of samples cannot be read: {error}") from error
    if samples.format > SAMPLES_FORMAT:
        raise _newer(samples.format)
    return samples


class _Format(msgspec.Struct):
    format: int = 0


def _format_of(blob: bytes) -> int:
    try:
        return msgspec.json.decode(blob, type=_Format).format
    except msgspec.DecodeError:
        return 0


def _newer(found: int) -> NewerSamplesError:
    return NewerSamplesError(
        f"samples have format {found}; this Tierline reads up to {SAMPLES_FORMAT}: run the newer one"
    )
