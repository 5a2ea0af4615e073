"""Dead letters for the command line: choose, show, send again."""

from collections.abc import Mapping, Sequence
from typing import cast

from schemas.instants import format_instant
from streams.dead_letters import DeadLetter, dead_letters, find_dead_letter, original
from tierline.connections import kafka_options
from tierline.console import Json
from tierline.producing import Outgoing, send
from tierline.settings import Settings
from tierline.wiring import wall_now


async def chosen_letters(settings: Settings, reason: str | None) -> list[DeadLetter]:
    """Return the dead letters, all of them or those of one reason."""
    letters = dead_letters(_options(settings), settings.topic_prefix, settings.partitions)
    return [letter async for letter in letters if reason in (None, letter.reason)]


async def one_letter(settings: Settings, letter_id: str) -> DeadLetter:
    """Return the dead letter of that id."""
    return await find_dead_letter(_options(settings), settings.topic_prefix, letter_id)


async def replay_letters(settings: Settings, letter_ids: Sequence[str], reason: str | None) -> list[str]:
    """Send the named ones, or those of a reason, or all, to their topics again; return their ids."""
    named = [await one_letter(settings, letter_id) for letter_id in letter_ids]
    letters = named or await chosen_letters(settings, reason)
    await send(settings, [await _again(settings, letter) for letter in letters])
    return [letter.id for letter in letters]


def as_json_of(letter: DeadLetter, *, with_value: bool) -> dict[str, Json]:
    """Return a dead letter for printing."""
    shown: dict[str, Json] = {
        "id": letter.id,
        "reason": letter.reason,
        "detail": letter.detail,
        "at": format_instant(letter.at),
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": None if letter.record.key is None else letter.record.key.decode("utf-8", "replace"),
    }
    if with_value:
        shown["truncated"] = letter.is_truncated
        shown["value"] = letter.value_as_text()
    return shown


async def _again(settings: Settings, letter: DeadLetter) -> Outgoing:
    # The log learns of it now; where only the log moves time, now is the moment at which it was refused.
    at = letter.at if settings.clock == "log" else wall_now()
    first = await original(_options(settings), settings.topic_prefix, letter)
    return Outgoing(letter.topic, first.key, first.value, at // 1000, first.headers)


def _options(settings: Settings) -> Mapping[str, object]:
    return cast("Mapping[str, object]", kafka_options(settings))
