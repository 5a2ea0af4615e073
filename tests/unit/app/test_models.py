"""Models on the command line: raw units, money as text, and what moved."""

import json
from math import log1p

import pytest
from msgspec.structs import replace

from schemas.drift import Drift, Emerging
from schemas.operator_records import Freeze, encode_freeze
from schemas.snapshot import Rollback, encode_snapshot
from schemas.value import Correction
from streams.model_versions import ModelVersions
from tests.unit.models.building import a_snapshot
from tierline.model_cards import print_card, print_comparison, print_list
from tierline.model_views import card_view, comparison_view, list_view

LEARNT = a_snapshot()


def versions(*bodies: bytes) -> ModelVersions:
    found = ModelVersions()
    for offset, body in enumerate(bodies):
        found.take(offset, body)
    return found


def test_the_list_tells_the_current_version_from_those_held_back(capsys: pytest.CaptureFixture[str]) -> None:
    again = replace(LEARNT, rollback=Rollback(0, True))
    view = list_view(versions(*map(encode_snapshot, (LEARNT, LEARNT, again, LEARNT))))
    assert (view["current"], view["frozen_at"]) == (2, 2)
    print_list(view)
    shown = capsys.readouterr()
    lines = [line for line in shown.out.splitlines() if "2017" in line or "1970" in line]
    assert ["current" in line for line in lines] == [False, False, True, False]
    assert "model 0 again, current" in lines[2]
    assert "held back" in lines[3]
    assert "nothing newer than model 2" in shown.err


def test_a_list_without_models_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    view = list_view(versions(encode_freeze(Freeze(None))))
    assert view == {"current": None, "frozen_at": None, "versions": []}
    print_list(view)


def test_a_card_is_in_raw_units(capsys: pytest.CaptureFixture[str]) -> None:
    cluster = replace(LEARNT.clusters[0], centre=(log1p(7), log1p(3), log1p(1234.5), log1p(411.5), log1p(90)))
    view = json.loads(json.dumps(card_view(4, replace(LEARNT, clusters=(cluster, *LEARNT.clusters[1:])))))
    assert view["clusters"][0]["centre"] == {
        "recency_days": 7.0, "frequency": 3.0, "monetary": "1234.50", "aov": "411.50", "tenure_days": 90.0,
    }  # fmt: skip
    assert view["edges"]["monetary"][0] == f"{LEARNT.edges.monetary_minor[0] / 100:.2f}"
    print_card(view)
    shown = capsys.readouterr().out
    assert "1234.50" in shown
    assert "nearer by 10.0%" in shown
    assert "Budget Buyer: frequency above" in shown


def test_list_and_card_say_which_model_prices_and_from_how_many_labels(capsys: pytest.CaptureFixture[str]) -> None:
    assert LEARNT.value is not None
    correction = Correction((0.0,) * 7, (1.0,) * 7, (0.25,) * 8, (1.0,) * 36, 3.0)
    corrected = replace(LEARNT, value=replace(LEARNT.value, priced_by="poisson", labels=5_100, correction=correction))
    unpriced = replace(LEARNT, value=None)
    view = list_view(versions(*map(encode_snapshot, (unpriced, LEARNT, corrected))))
    assert [(one["priced_by"], one["labels"]) for one in view["versions"]] == [  # type: ignore[union-attr, index, call-overload]
        (None, 0), ("bg_nbd", 0), ("poisson", 5_100),
    ]  # fmt: skip
    print_card(json.loads(json.dumps(card_view(2, corrected))))
    shown = " ".join(capsys.readouterr().out.split())
    assert "by Poisson on BG/NBD; 5,100 labels have matured" in shown
    assert "spend 91 days 0.250" in shown
    print_card(json.loads(json.dumps(card_view(0, unpriced))))
    assert "Value" not in capsys.readouterr().out


def test_money_without_minor_units_has_no_point() -> None:
    view = json.loads(json.dumps(card_view(4, replace(LEARNT, minor_per_major=1))))
    assert view["edges"]["monetary"][0] == str(LEARNT.edges.monetary_minor[0])


def test_a_comparison_names_what_moved(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *others = LEARNT.clusters
    recency, *rest = first.centre
    moved = replace(first, centre=(recency + LEARNT.scaling.deviation[0] / 2, *rest), share=first.share + 0.1)
    other = replace(LEARNT, clusters=(moved, replace(second, name="Other", share=second.share - 0.1), *others))
    view = comparison_view((3, LEARNT), (5, other))
    assert view["centre_shift"] == pytest.approx(0.5)
    assert view["share_shift"] == pytest.approx(0.1)
    print_comparison(view)
    shown = capsys.readouterr().out
    assert f"{second.name} -> Other" in shown
    assert "0.500 deviations" in shown
    assert "10.0% of the customers" in shown


def test_models_of_another_number_of_clusters_can_be_compared(capsys: pytest.CaptureFixture[str]) -> None:
    fewer = replace(LEARNT, clusters=LEARNT.clusters[1:])
    view = comparison_view((3, LEARNT), (5, fewer))
    assert view["share_shift"] == pytest.approx(LEARNT.clusters[0].share / 2)
    print_comparison(view)
    assert f"{LEARNT.clusters[0].name} -> none" in capsys.readouterr().out


def test_a_card_shows_what_the_trainer_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    group = Emerging(40, 0.016, (log1p(1), log1p(3), log1p(900), log1p(300), log1p(12)))
    drift = Drift(share_shift=0.25, label_churn=0.01, above=("share_shift",), emerging=group)
    view = card_view(4, replace(LEARNT, drift=drift))
    print_card(json.loads(json.dumps(view)))
    shown = capsys.readouterr().out
    assert "share shift 0.250!, label churn 0.010," in shown
    assert "Emerging: 40 customers" in shown
    assert "900.00 spent" in shown
    assert "started afresh" not in shown
    print_card(card_view(4, replace(LEARNT, drift=replace(drift, has_restarted=True))))
    assert "With this model the clusters were started afresh." in capsys.readouterr().out
    print_card(card_view(4, replace(LEARNT, drift=None)))
    assert "Against" not in capsys.readouterr().out
