"""YAML as a rules file needs it: version 1.2's plain words, and nothing that could surprise, run or grow.

No tags, no merge keys, no keys but words, none twice. Aliases are references, so that whoever does not write them out
sees nothing grow.
"""

import re
from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import ClassVar, Final, NoReturn

import yaml

from schemas.words import shortened

NESTED_MAX: Final = 50
"""A rules file is six levels deep."""


def read_yaml(text: str) -> object:
    """Return what the text says; raises yaml.YAMLError."""
    return yaml.load(text, _Loader)  # _Loader is a SafeLoader


def shown_key(key: str) -> str:
    """Return the key in one short line, whatever the file calls one."""
    return key if key.isidentifier() and len(key) <= 40 else shortened(key)


class _Loader(yaml.SafeLoader):
    """A SafeLoader that takes plain words as YAML 1.2 does, and no tags: a word's form alone says what it is."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
    yaml_constructors: ClassVar[dict[str | None, Callable[..., object]]] = {}

    depth = 0

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        """Begin a list or a mapping in brackets; of thousands in each other the scanner alone would take seconds."""
        if self.flow_level >= NESTED_MAX:
            _refuse("nested too deeply", self.get_mark())
        super().fetch_flow_collection_start(token)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node. An explicit tag is an error, whatever it is."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) not in (None, "!"):
            _refuse(f"a tag ({shortened(event.tag)}) has no place here", event.start_mark)
        if self.depth >= NESTED_MAX:
            _refuse("nested too deeply", event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        """Return the mapping; a key that is no text or stands twice is an error."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != _TEXT:
                _refuse("a key must be a word", key.start_mark)
            if key.value in seen:
                _refuse(f"{shown_key(key.value)} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _refuse(problem: str, mark: yaml.Mark) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _text(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    value = str(node.value)
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        _refuse("half of a surrogate pair is no character", node.start_mark)
    return value


def _number(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | Decimal:
    if len(node.value) > _NUMBER_CHARACTERS_MAX:
        _refuse(f"a number of more than {_NUMBER_CHARACTERS_MAX} characters", node.start_mark)
    return int(node.value) if _INTEGER.match(node.value) else Decimal(node.value)


_NUMBER_CHARACTERS_MAX: Final = 40
_TEXT = "tag:yaml.org,2002:str"
_DIGITS = list("-+.0123456789")
_INTEGER = re.compile(r"^[-+]?\d+$", re.ASCII)
_DECIMAL = re.compile(r"^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d{1,9})?$", re.ASCII)
_Loader.add_implicit_resolver("!null", re.compile("^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("!bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver("!number", _INTEGER, _DIGITS)
_Loader.add_implicit_resolver("!number", _DECIMAL, _DIGITS)
_Loader.add_constructor("!null", lambda _loader, _node: None)
_Loader.add_constructor("!bool", lambda _loader, node: node.value.lower() == "true")
_Loader.add_constructor("!number", _number)
_Loader.add_constructor(_TEXT, _text)
for _tag in ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"):
    _Loader.add_constructor(_tag, yaml.SafeLoader.yaml_constructors[_tag])
