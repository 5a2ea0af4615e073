import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import JsonValue
from referencing import Registry, Resource

from schemas import examples
from schemas.alerts import ALERT_MODELS
from schemas.decoding import decode
from schemas.events import MODELS
from schemas.journal import decode_entry
from schemas.outputs import OUTPUTS, DeadLetter
from schemas.program import Program
from schemas.published import documents, drifted, main
from schemas.read_model import CustomerView
from schemas.topics import CUSTOMER_STATE, INPUTS, JOURNAL
from schemas.wire_structs import tag_of

TEXTS = documents()
SCHEMAS = {name: json.loads(text) for name, text in TEXTS.items() if name.endswith(".schema.json")}
REGISTRY: Registry[bool | Mapping[str, JsonValue]] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
EXAMPLES = [
    *((topic, examples.INPUTS[str(tag_of(model))]) for topic, models in MODELS.items() for model in models),
    *((topic, examples.OUTPUTS[str(tag_of(model))]) for topic, models in OUTPUTS.items() for model in models),
    *((topic, examples.ALERTS[str(tag_of(model))]) for topic, models in ALERT_MODELS.items() for model in models),
    (CUSTOMER_STATE, examples.CUSTOMER_VIEW),
    (JOURNAL, examples.JOURNAL_ENTRY),
    ("dead_letters", examples.DEAD_LETTER),
]


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name], registry=REGISTRY)


def test_the_published_contracts_are_what_the_models_say() -> None:
    assert drifted(TEXTS) == [], "run: python -m schemas.published"
    assert main(["--check"]) == 0


def test_a_drift_is_found_and_named(tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "asyncapi.json").write_text("{}", "utf-8")
    (tmp_path / "forgotten.json").write_text("{}", "utf-8")
    assert drifted(TEXTS, tmp_path) == ["asyncapi.json", "forgotten.json"]


def test_the_same_contracts_give_the_same_text() -> None:
    assert documents() == TEXTS


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize(("topic", "example"), EXAMPLES)
def test_every_example_is_valid(topic: str, example: examples.Example) -> None:
    validator(f"{topic}.schema.json").validate(example)


@pytest.mark.parametrize(("topic", "example"), EXAMPLES)
def test_the_models_accept_every_example(topic: str, example: examples.Example) -> None:
    if topic in INPUTS:
        assert decode(topic, json.dumps(example).encode()).type == example["type"]
    elif topic in {**OUTPUTS, **ALERT_MODELS}:
        model = next(model for model in {**OUTPUTS, **ALERT_MODELS}[topic] if tag_of(model) == example["type"])
        assert model.model_validate(example).model_dump(by_alias=True) == example
    elif topic == JOURNAL:
        assert decode_entry(json.dumps(example).encode()).next_step == 4833
    else:
        view = CustomerView if topic == CUSTOMER_STATE else DeadLetter
        assert view.model_validate(example).model_dump() == example


def test_a_program_is_valid_as_a_file_may_write_it_and_as_the_journal_does() -> None:
    program = validator("program.schema.json")
    program.validate({})
    program.validate(
        {"tiers": {"levels": [{"name": "a"}, {"name": "b", "spend": 500}, {"name": "c", "spend": "1000.50"}]}}
    )
    program.validate(json.loads(Program().canonical_json()))


def test_the_asyncapi_document_has_no_dangling_reference() -> None:
    document = json.loads(TEXTS["asyncapi.json"])

    def references(part: object) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if "$ref" in part else []
            return own + [reference for value in part.values() for reference in references(value)]
        return [reference for value in part for reference in references(value)] if isinstance(part, list) else []

    for reference in references(document):
        file, _, path = reference.partition("#/")
        target = SCHEMAS[file.removeprefix("./")] if file else document
        for step in filter(None, path.split("/")):
            target = target[step]
    assert set(document["channels"]) >= {*INPUTS, "retail.orders.v1.dlq", "loyalty.models.v1"}
