"""The overview says what prices customers, as partitions noted it when they adopted a model."""

from msgspec.structs import replace

from schemas.program import Program
from schemas.value import Value
from state.meta import PartitionMeta, decode_meta, encode_meta
from state.score import model_of
from storefront.overview import Look, overview
from tests.unit.models.building import a_snapshot


def test_what_prices_is_told_of_the_newest_model_in_any_partition() -> None:
    value = a_snapshot().value
    assert value is not None
    learning = replace(value, labels=4_900)
    handed_over = replace(value, priced_by="poisson", labels=5_100)
    metas = [_adopted(17, learning), _adopted(18, handed_over), _adopted(18, handed_over, is_noted=False)]
    assert _priced(metas) == _priced(metas[::-1]) == ("poisson", 5_100)
    assert _priced(metas[:1]) == ("bg_nbd", 4_900)
    assert _priced([decode_meta(encode_meta(one)) for one in metas]) == ("poisson", 5_100)


def test_a_model_that_prices_nobody_ends_what_the_one_before_said() -> None:
    meta = _adopted(17, a_snapshot().value)
    meta.note_adopted(model_of(18, replace(a_snapshot(), value=None)), 0)
    assert _priced([meta]) == (None, 0)


def _adopted(version: int, value: Value | None, *, is_noted: bool = True) -> PartitionMeta:
    """A partition with this model; not noted: as an older Tierline has left it."""
    meta = PartitionMeta(program=Program().canonical_json())
    meta.note_adopted(model_of(version, replace(a_snapshot(), value=value)), 0)
    if not is_noted:
        meta.priced_by, meta.labels = None, 0
    return meta


def _priced(metas: list[PartitionMeta]) -> tuple[object, object]:
    model = overview(Look(metas, None), 0.0)["model"]
    assert isinstance(model, dict)
    return model["priced_by"], model["labels"]
