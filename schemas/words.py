"""What pydantic found, in words a person can act on. Texts never hold an id or a name of a person."""

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_SHORT = 40
_SECRET = frozenset({"customer_id", "order_id", "refund_id", "return_id", "nudge_id", "household_id", "reason"})


def first_error_in_words(error: ValidationError) -> str:
    """Return ``field: what is wrong``, with the offending value shortened unless it could be personal."""
    details = error.errors(include_url=False)[0]
    where = dotted(details["loc"])
    field = next((str(part) for part in reversed(details["loc"]) if isinstance(part, str)), "")
    what = what_is_wrong(details)
    if details["type"] == "missing" or field in _SECRET or isinstance(details["input"], dict | list):
        return f"{where}: {what}"
    return f"{where}: {shortened(details['input'])} {what}"


def dotted(location: Sequence[str | int]) -> str:
    """Return a path such as ``lines[2].amount``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def shortened(value: object) -> str:
    """Return the value as it would stand in JSON, cut when it is long."""
    if isinstance(value, str):
        # No line break and nothing that a terminal would obey.
        text = "".join(_shown(one) for one in f'"{value[:_SHORT]}"') + value[_SHORT:]
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    else:
        text = str(value)
    return text if len(text) <= _SHORT else text[:_SHORT] + "…"


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def what_is_wrong(details: ErrorDetails) -> str:
    """Return one clause, such as ``is missing`` or ``must be an integer``."""
    context = details.get("ctx", {})
    known = {
        "missing": "is missing",
        "extra_forbidden": "is not a key here",
        "value_error": str(context.get("error", "")),
        "string_type": "must be text",
        "int_type": "must be an integer",
        "bool_type": "must be true or false",
        "tuple_type": "must be a list",
        "model_type": "must be an object",
        "string_too_short": f"must have {context.get('min_length')} or more characters",
        "string_too_long": f"must have at most {context.get('max_length')} characters",
        "greater_than": f"must be above {context.get('gt')}",
        "greater_than_equal": f"must be {context.get('ge')} or more",
        "less_than": f"must be below {context.get('lt')}",
        "less_than_equal": f"must be {context.get('le')} or less",
        "literal_error": f"must be {context.get('expected')}",
    }
    return known.get(details["type"], details["msg"])
