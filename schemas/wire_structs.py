"""Decoding structs built from the pydantic models, so that there is one source of truth.

Lengths, bounds, literals and defaults carry over. A money field ``x`` becomes ``x_minor`` (still ``x`` on the wire).
What msgspec cannot check (printable ids, known zones) is listed in the model's ``Plan`` for the decoder.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Literal, NamedTuple, Union, cast, get_args, get_origin

import msgspec
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from schemas.fields import Printable
from schemas.instants import WireDatetime
from schemas.zones import known_zone


class Plan(NamedTuple):
    """The attributes of a struct that the decoder finishes by hand, by kind."""

    printables: tuple[str, ...]
    instants: tuple[str, ...]
    has_amount: bool
    zones: tuple[str, ...]
    lines_have_amounts: bool


def struct_of(model: type[BaseModel]) -> type[msgspec.Struct]:
    """Return the struct for ``model``, tagged by its ``type`` if it has one; the same one every time."""
    if model not in _STRUCTS:
        _STRUCTS[model] = _build(model)
    return _STRUCTS[model]


def plan_of(model: type[BaseModel]) -> Plan:
    """Return what the decoder has to finish on a struct of ``model``."""
    fields = {attribute_name(name, info): info for name, info in model.model_fields.items()}
    lines = _line_model(model)
    return Plan(
        printables=tuple(n for n, i in fields.items() if any(isinstance(m, Printable) for m in i.metadata)),
        instants=tuple(n for n, i in fields.items() if i.annotation is datetime),
        has_amount="amount" in model.model_fields,
        zones=tuple(n for n, i in fields.items() if _is_zone(i.annotation)),
        lines_have_amounts=lines is not None and "amount" in lines.model_fields,
    )


def tag_of(model: type[BaseModel]) -> str | None:
    """Return the event type that ``model`` stands for; None for a part of an event."""
    info = model.model_fields.get("type")
    return None if info is None else cast(str, get_args(info.annotation)[0])


def attribute_name(name: str, info: FieldInfo) -> str:
    """Return what the struct calls the model's field ``name``: money says its unit."""
    return f"{name}_minor" if Decimal in (info.annotation, *map(_bare, get_args(info.annotation))) else name


def struct_from_model(model: BaseModel) -> msgspec.Struct:
    """Return the struct that holds the same as ``model``, not finished yet."""
    values = {
        attribute_name(name, info): _plain(getattr(model, name))
        for name, info in type(model).model_fields.items()
        if name != "type"
    }
    return struct_of(type(model))(**values)


_STRUCTS: dict[type[BaseModel], type[msgspec.Struct]] = {}


def _build(model: type[BaseModel]) -> type[msgspec.Struct]:
    tag = tag_of(model)
    fields: list[tuple[str, object, object]] = []
    for name, info in model.model_fields.items():
        if name == "type":
            continue
        default = msgspec.NODEFAULT if info.is_required() else info.default
        wire_type = _wire_type(info.annotation, info.metadata)
        fields.append((attribute_name(name, info), wire_type, msgspec.field(default=default, name=name)))
    return msgspec.defstruct(
        model.__name__,
        fields,
        tag=tag,
        tag_field=None if tag is None else "type",
        namespace={"__doc__": model.__doc__} if tag is None else {"__doc__": model.__doc__, "type": tag},
        module=__name__,
        kw_only=True,
        gc=False,
    )


def _wire_type(annotation: object, metadata: list[object]) -> object:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _wire_type(args[0], [constraint for extra in args[1:] for constraint in _unpacked(extra)])
    if origin in (Union, UnionType):
        return Union[tuple(_wire_type(arg, []) for arg in args)]  # noqa: UP007
    if origin is tuple:
        return tuple[_wire_type(args[0], []), ...]  # type: ignore[misc]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return struct_of(annotation)
    if annotation is datetime:
        return WireDatetime
    if annotation in (str, int):
        return Annotated[annotation, _meta(metadata)]
    if annotation is Decimal:
        # The text is read when it is converted, once per price; other numbers than integers go the exact, slow way.
        return str | int
    if annotation in (bool, NoneType) or origin is Literal:
        return annotation
    raise TypeError(f"no wire type for {annotation}; teach schemas.wire_structs about it")


def _meta(metadata: list[object]) -> msgspec.Meta:
    bounds: dict[str, int] = {}
    for constraint in metadata:
        for name in ("min_length", "max_length", "ge", "le"):
            if hasattr(constraint, name):
                bounds[name] = getattr(constraint, name)
    # msgspec.Meta is typed as overloads for each kind of bound.
    return cast(Callable[..., msgspec.Meta], msgspec.Meta)(**bounds)


def _unpacked(extra: object) -> list[object]:
    return list(extra.metadata) if isinstance(extra, FieldInfo) else [extra]


def _bare(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _is_zone(annotation: object) -> bool:
    validators = [extra for part in get_args(annotation) for extra in get_args(part)[1:]]
    return any(isinstance(extra, AfterValidator) and extra.func is known_zone for extra in validators)


def _line_model(model: type[BaseModel]) -> type[BaseModel] | None:
    info = model.model_fields.get("lines")
    return None if info is None else cast(type[BaseModel], get_args(get_args(info.annotation)[0])[0])


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return struct_from_model(value)
    return tuple(_plain(item) for item in value) if isinstance(value, tuple) else value
