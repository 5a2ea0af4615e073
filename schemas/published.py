"""Writes the contracts that other teams read into ``docs/contracts``: ``python -m schemas.published [--check]``."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, JsonValue, TypeAdapter

from schemas.alerts import ALERT_MODELS
from schemas.asyncapi import Document, asyncapi, schema_file
from schemas.events import MODELS
from schemas.outputs import OUTPUTS, DeadLetter
from schemas.program import Program
from schemas.read_model import CustomerView
from schemas.topics import CUSTOMER_STATE, JOURNAL

FOLDER = Path(__file__).parent.parent / "docs" / "contracts"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, str]:
    """Return the text of every published file by its name; the same text for the same contracts."""
    bodies = {**MODELS, **OUTPUTS, **ALERT_MODELS}
    published: dict[str, Document] = {
        **{schema_file(topic): _schema_of_any(topic, models) for topic, models in bodies.items()},
        schema_file(CUSTOMER_STATE): _schema(CustomerView),
        schema_file(JOURNAL): _journal(),
        "dead_letters.schema.json": _schema(DeadLetter),
        "program.schema.json": _schema(Program),
        "asyncapi.json": asyncapi(),
    }
    return {name: json.dumps(document, indent=2, ensure_ascii=False) + "\n" for name, document in published.items()}


def drifted(texts: Mapping[str, str], folder: Path = FOLDER) -> list[str]:
    """Return the names of files in ``folder`` that are not what the contracts say, or that nothing publishes."""
    stale = [name for name, text in texts.items() if not _is(folder / name, text)]
    return sorted([*stale, *(path.name for path in folder.glob("*.json") if path.name not in texts)])


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` say which differ; return the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m schemas.published [--check]", file=sys.stderr)
        return 2
    texts = documents()
    changed = drifted(texts)
    if arguments:
        for name in changed:
            print(f"docs/contracts/{name} is not what schemas/ says; run: python -m schemas.published", file=sys.stderr)
        return 1 if changed else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in texts:
            (FOLDER / name).write_text(texts[name], "utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


def _schema(model: type[BaseModel]) -> Document:
    return {"$schema": _DIALECT, **model.model_json_schema()}


def _schema_of_any(topic: str, models: tuple[type[BaseModel], ...]) -> Document:
    _, schema = TypeAdapter.json_schemas([(model, "validation", TypeAdapter(model)) for model in models])
    one_of: list[JsonValue] = [{"$ref": f"#/$defs/{model.__name__}"} for model in models]
    return {"$schema": _DIALECT, "title": topic, "oneOf": one_of, "$defs": schema["$defs"]}


def _journal() -> Document:
    offsets: JsonValue = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}
    return {
        "$schema": _DIALECT,
        "title": "JournalEntry",
        "description": "What one commit of a partition did, in which order. Steps are numbered without gaps.",
        "type": "object",
        "required": ["first_step", "steps", "next_offsets"],
        "additionalProperties": False,
        "properties": {
            "first_step": {"type": "integer", "minimum": 0, "description": "The number of the first step"},
            "steps": {"type": "array", "items": {"anyOf": _journal_steps()}},
            "next_offsets": {"description": "The offset to take next, per input topic", "anyOf": [offsets]},
        },
    }


def _journal_steps() -> list[JsonValue]:
    instant: JsonValue = {"type": "string", "format": "date-time"}
    program: JsonValue = {"$ref": "program.schema.json"}
    start: JsonValue = {
        "type": "object",
        "required": ["at", "offsets", "topic_ids", "program"],
        "properties": {"at": {"type": ["string", "null"]}, "program": program},
    }
    change: JsonValue = {
        "type": "object",
        "required": ["at", "program"],
        "properties": {"at": instant, "program": program},
    }
    return [
        _step(
            "A run of records of one input topic",
            {"type": "string", "pattern": "\\."},
            {"type": "integer", "minimum": 1},
        ),
        _step(
            "Time reached an instant, for ids up to a hash", {"const": "tick"}, instant, {"type": ["string", "null"]}
        ),
        _step("The first step of a partition", {"const": "start"}, start),
        _step("Another program is in force", {"const": "program"}, change),
        _step("A model snapshot is in force", {"const": "model"}, {"type": "integer", "minimum": 0}),
    ]


def _step(description: str, *items: JsonValue) -> JsonValue:
    shape: list[JsonValue] = list(items)
    count = len(shape)
    return {"type": "array", "description": description, "prefixItems": shape, "minItems": count, "maxItems": count}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
