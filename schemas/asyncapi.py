"""The AsyncAPI document: every topic with its key, headers and messages."""

from typing import TypeAlias

from pydantic import BaseModel, JsonValue

from schemas import examples
from schemas.alerts import ALERT_MODELS
from schemas.events import MODELS
from schemas.outputs import OUTPUTS
from schemas.topics import (
    ALERTS,
    CHANGES,
    CONSENTS,
    CUSTOMER_STATE,
    INPUTS,
    JOURNAL,
    NUDGES,
    ORDERS,
    SAMPLES,
    SUPPRESSIONS,
    dead_letter_topic,
)
from schemas.topics import MODELS as MODELS_TOPIC
from schemas.wire_structs import tag_of

Document: TypeAlias = dict[str, JsonValue]

DESCRIPTIONS = {
    ORDERS: "Orders placed, cancelled, reinstated, refunded and returned. Delivered at least once.",
    CONSENTS: "Consent, profile facts, manual tiers and erasure.",
    NUDGES: "Nudges issued and retracted: whatever stands here may be sent.",
    SUPPRESSIONS: "Nudges held back, each with its reason and the body that would have been sent.",
    CHANGES: "Changes of tier and segment.",
    CUSTOMER_STATE: "The read model, compacted: the latest value per customer; null means erased.",
    JOURNAL: "Tierline's own: what each partition did, in which order.",
    SAMPLES: "Tierline's own: what each partition's daily sweep saw of its customers, in slices for the trainer; at "
    "most once. One partition, keyed by the inputs' partition number.",
    MODELS_TOPIC: "Tierline's own: what the trainer learnt, one snapshot a day, and what operators say of it. One "
    "partition; a version is an offset.",
    ALERTS: "What the trainer noticed about its models, for operators. One partition, keyed by what it is about.",
}
DEAD_LETTERS = "Records that nobody can accept: key, value and headers as they came, and the reason in headers."
_EXAMPLES = {**examples.INPUTS, **examples.OUTPUTS, **examples.ALERTS}


def asyncapi() -> Document:
    """Return the AsyncAPI 3.0 document; payloads refer to the JSON Schemas beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tierline",
            "version": "1.0.0",
            "description": "Records about customers are keyed by customer_id (UTF-8, murmur2 partitioner). Bodies are "
            "JSON in UTF-8, money is decimal text, instants are RFC 3339. A topic's version is the end of its name.",
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic) for topic in [*DESCRIPTIONS, *map(dead_letter_topic, INPUTS)]},
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": _headers()},
    }


def schema_file(topic: str) -> str:
    """Return the name of the file that holds the JSON Schema of a topic's bodies."""
    return f"{topic}.schema.json"


def _channel(topic: str) -> JsonValue:
    return {
        "address": topic,
        "description": DESCRIPTIONS.get(topic, DEAD_LETTERS),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names_on(topic)},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}},
    }


def _names_on(topic: str) -> list[str]:
    own = {CUSTOMER_STATE: ["CustomerView"], JOURNAL: ["JournalEntry"]}
    if topic.endswith(".dlq"):
        return ["DeadLetter"]
    models: tuple[type[BaseModel], ...] = tuple(
        model for models in (MODELS, OUTPUTS, ALERT_MODELS) for model in models.get(topic, ())
    )
    return own.get(topic, [model.__name__ for model in models])


def _operations() -> JsonValue:
    receives = {f"receive {topic}": _operation("receive", topic) for topic in INPUTS}
    written = [*OUTPUTS, *ALERT_MODELS, CUSTOMER_STATE, JOURNAL, SAMPLES, MODELS_TOPIC, *map(dead_letter_topic, INPUTS)]
    return {**receives, **{f"send {topic}": _operation("send", topic) for topic in written}}


def _operation(action: str, topic: str) -> JsonValue:
    return {"action": action, "channel": {"$ref": f"#/channels/{topic}"}}


def _messages() -> dict[str, JsonValue]:
    messages: dict[str, JsonValue] = {}
    for topic, models in MODELS.items():
        messages |= {model.__name__: _message(topic, model, "InputHeaders") for model in models}
    for topic, outputs in {**OUTPUTS, **ALERT_MODELS}.items():
        messages |= {model.__name__: _message(topic, model, "OutputHeaders") for model in outputs}
    view: JsonValue = {
        "name": "CustomerView",
        "payload": _one_or_null(),
        "examples": [_example(examples.CUSTOMER_VIEW)],
    }
    entry: JsonValue = {
        "name": "JournalEntry",
        "payload": {"$ref": f"./{schema_file(JOURNAL)}"},
        "examples": [_example(examples.JOURNAL_ENTRY)],
    }
    letter: JsonValue = {
        "name": "DeadLetter",
        "summary": DEAD_LETTERS,
        "contentType": "application/octet-stream",
        "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
        "payload": {"description": "The bytes as they came; of more than 256 KiB the first 64 KiB."},
    }
    return {**messages, "CustomerView": view, "JournalEntry": entry, "DeadLetter": letter}


def _message(topic: str, model: type[BaseModel], headers: str) -> JsonValue:
    kind = str(tag_of(model))
    return {
        "name": kind,
        "title": model.__name__,
        "summary": (model.__doc__ or "").partition("\n")[0],
        "headers": {"$ref": f"#/components/schemas/{headers}"},
        "payload": {"$ref": f"./{schema_file(topic)}#/$defs/{model.__name__}"},
        "bindings": {"kafka": {"key": {"$ref": "#/components/schemas/Key"}, "bindingVersion": "0.5.0"}},
        "examples": [_example(_EXAMPLES[kind])],
    }


def _example(payload: examples.Example) -> JsonValue:
    return {"payload": payload}


def _one_or_null() -> JsonValue:
    return {"oneOf": [{"$ref": f"./{schema_file(CUSTOMER_STATE)}"}, {"type": "null"}]}


def _headers() -> JsonValue:
    text: JsonValue = {"type": "string"}
    cloud_event: dict[str, JsonValue] = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "Deterministic; a reader may deduplicate on it"},
        "ce_type": {"type": "string", "description": "The body's type"},
        "ce_source": text,
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "description": "The key: customer_id, or what an alert is about"},
        "content-type": {"const": "application/json"},
    }
    reasons: dict[str, JsonValue] = dict.fromkeys(
        ("tl_reason", "tl_detail", "tl_topic", "tl_partition", "tl_offset", "tl_at", "tl_truncated"), text
    )
    return {
        "Key": {
            "type": "string",
            "minLength": 1,
            "maxLength": 128,
            "description": "UTF-8: the customer_id, or what an alert is about",
        },
        "InputHeaders": {
            "type": "object",
            "description": "All optional: CloudEvents are accepted in binary and in structured mode",
            "properties": {"ce_type": text, "content-type": text},
        },
        "OutputHeaders": {"type": "object", "properties": cloud_event, "required": list(cloud_event)},
        "DeadLetterHeaders": {
            "type": "object",
            "description": "Beside the record's own",
            "properties": reasons,
            "required": [name for name in reasons if name != "tl_truncated"],
        },
    }
