"""Reads the YAML files that people write into a pydantic model. Errors name file, key and value, and what is right.

The file is YAML as its version 1.2 reads it: ``off``, ``no`` and ``21:00`` are words, only ``true`` and ``false`` are
truth values, and numbers keep the digits they were written with. A key that stands twice is an error, and so is
whatever such a file does not need: tags, keys that are no text, more than 64 KiB.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Generic, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.plain_yaml import read_yaml, shown_key
from schemas.words import dotted, shortened, what_is_wrong

FILE_BYTES_MAX: Final = 64 * 1024
"""A program of 50 levels with all its comments is a tenth of this; reading 10 MB of YAML takes minutes."""
MISTAKES_MAX: Final = 20
"""So many are named; a file that is something else has thousands."""

Model = TypeVar("Model", bound=BaseModel)


class YamlFileError(ValueError):
    """A file does not hold what it should. The text has one line per mistake."""


@dataclass(frozen=True, slots=True)
class YamlFile(Generic[Model]):
    """Reads files of one model; ``examples`` holds a good value of keys, for the words of an error."""

    model: type[Model]
    error: type[YamlFileError]
    examples: Mapping[str, str]

    def load(self, path: Path) -> Model:
        """Return the file's content; raises the file's error."""
        try:
            with path.open("rb") as file:
                text = file.read(FILE_BYTES_MAX + 1).decode()
        except OSError as error:
            raise self.error(
                f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
            ) from error
        except UnicodeDecodeError as error:
            # A file that is too long may have been cut inside a character.
            if error.end <= FILE_BYTES_MAX:
                raise self.error(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
            raise self._too_long(str(path)) from error
        return self.read(text, path.name)

    def read(self, text: str, name: str) -> Model:
        """Return what ``text`` says; ``name`` is what errors call the file. Raises the file's error."""
        if len(text.encode("utf-8", "surrogatepass")) > FILE_BYTES_MAX:
            raise self._too_long(name)
        try:
            given = read_yaml(text)
        except yaml.YAMLError as error:
            raise self.error(_syntax_error(name, error)) from error
        if given is None:
            given = {}
        if not isinstance(given, dict):
            raise self.error(f"{name}: the file must hold keys and values, e.g. version: 1")
        try:
            return self.model.model_validate(given)
        except ValidationError as error:
            # Not "from error": the text of pydantic's own error repeats what was given, every alias written out.
            raise self.error("\n".join(f"{name}: {line}" for line in self._mistakes(error))) from None

    def _too_long(self, name: str) -> YamlFileError:
        return self.error(f"{name}: has more than {FILE_BYTES_MAX // 1024} KiB; is it the right file?")

    def _mistakes(self, error: ValidationError) -> list[str]:
        found = error.errors(include_url=False)[: 10 * MISTAKES_MAX]
        lines = [self._in_words(details) for details in _innermost(found)]
        more = [f"and more: correct these {MISTAKES_MAX} first"] if len(lines) > MISTAKES_MAX else []
        return [*lines[:MISTAKES_MAX], *more]

    def _in_words(self, details: ErrorDetails) -> str:
        location = details["loc"]
        where = dotted([part if isinstance(part, int) else shown_key(part) for part in location])
        right = _what_is_right(details, self.examples)
        if details["type"] == "extra_forbidden":
            return f"{where}: {_no_such_key(location, self.model)}"
        if details["type"] == "missing":
            return f"{where}: is missing: {right}"
        if isinstance(details["input"], dict | list | tuple | BaseModel):
            return f"{where}: {right}" if where else right
        return f"{where}: {shortened(details['input'])} is not allowed: {right}"


def _syntax_error(name: str, error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return f"{name}: character {error.position + 1} (U+{error.character:04X}) may not stand in YAML; remove it"
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
    return f"{name}: {where}: {getattr(error, 'problem', None) or error}; correct the YAML there"


def _innermost(found: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out what only follows from an error deeper in the same part."""
    places = [details["loc"] for details in found]
    return [
        details
        for details in found
        if not any(
            len(place) > len(details["loc"]) and place[: len(details["loc"])] == details["loc"] for place in places
        )
    ]


def _no_such_key(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    keys = _keys(_part_at(location[:-1], model))
    close = get_close_matches(str(location[-1])[:40], keys, n=1)
    return (
        f"there is no such key; did you mean {close[0]}?"
        if close
        else f"there is no such key; one of {', '.join(keys)}"
    )


def _what_is_right(details: ErrorDetails, examples: Mapping[str, str]) -> str:
    context, kind = details.get("ctx", {}), details["type"]
    wanted = {
        "value_error": str(context.get("error")),
        "missing": "give it",
        "int_type": "give an integer",
        "string_type": "give text",
        "model_type": "give keys and values, or leave it out",
        "model_attributes_type": "give keys and values, or leave it out",
        "tuple_type": "give a list",
        "too_short": "give at least one",
        "too_long": "give fewer",
        "greater_than": f"give a number above {context.get('gt')}",
        "greater_than_equal": f"give {context.get('ge')} or more",
        "less_than": f"give a number below {context.get('lt')}",
        "less_than_equal": f"give at most {context.get('le')}",
        "literal_error": f"give {context.get('expected')}".replace("True", "true, or leave the key out"),
        "string_too_short": f"give {context.get('min_length')} or more characters",
        "string_too_long": f"give at most {context.get('max_length')} characters",
    }.get(kind, what_is_wrong(details))
    example = examples.get(str(details["loc"][-1])) if details["loc"] else None
    return wanted if example is None or kind in ("value_error", "literal_error") else f"{wanted}, e.g. {example}"


def _part_at(location: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel]:
    part = model
    for step in location:
        if isinstance(step, str):
            fields = {info.alias or name: info for name, info in part.model_fields.items()}
            part = next(_models_in(fields[step].annotation))
    return part


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _keys(part: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in part.model_fields.items()]
