"""The policy: loading, round trip, and one clear error per wrong setting."""

import json
from dataclasses import replace
from typing import Any

import pytest

from insights.model import Model, ModelError


def test_round_trip_through_json() -> None:
    model = Model.from_dict({"name": "ours", "windows": {"silence_days": 120}})
    again = Model.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again == model
    assert again.hash() == model.hash()


def test_a_partial_dict_is_laid_over_the_defaults() -> None:
    model = Model.from_dict({"components": {"usage": {"weight": 0}}, "churn": {"watch": 0.2}})
    assert model.components["usage"].weight == 0
    assert model.components["usage"].curve == Model().components["usage"].curve
    assert model.components["sentiment"].weight == 30
    assert model.churn == {"healthy": 0.03, "watch": 0.2, "unknown": 0.12, "at_risk": 0.3}


def test_the_hash_is_of_the_content_not_of_the_name() -> None:
    assert Model.from_dict({"name": "b"}).hash() == Model().hash()
    assert Model.from_dict({"windows": {"recent_days": 90}}).hash() == Model().hash()
    assert Model.from_dict({"windows": {"recent_days": 91}}).hash() != Model().hash()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"windos": {}}, "windos: no such setting"),
        ({"windows": {"days": 3}}, "windows.days: no such setting"),
        ({"windows": {"recent_days": 0}}, "longer than 0 days"),
        ({"windows": {"recent_days": "soon"}}, "windows.recent_days"),
        ({"windows": 5}, "windows"),
        ({"components": {"usage": {"curve": [[1, 0], [0, 9]]}}}, "x must rise"),
        ({"components": {"usage": {"curve": [[0, 0], [1, 101]]}}}, "within 0..100"),
        ({"components": {"luck": {"side": "do", "curve": [[0, 0], [1, 1]], "weight": 1}}}, "luck"),
        ({"caps": {"full_moon": {"at_most": 5}}}, "full_moon"),
        ({"bands": {"healthy_from": 30}}, "watch_from <= healthy_from"),
        ({"churn": {"watch": 2}}, "0..1"),
        ({"required_contacts": {"preset": "mine"}}, "book2019"),
        ({"required_contacts": {"preset": "custom"}}, "needs bands"),
        ({"required_contacts": {"bands": [[0, 1]]}}, "belong to preset `custom`"),
        ({"levels": {"roles": {"boss": "king"}}}, "king"),
        ({"levels": {"titles": [["(", "user"]]}}, "does not parse"),
        ({"value": {"discount_rate": 0}}, "between 0 and 1"),
        ({"sentiment": {"influence": {"user": -1}}}, "above 0"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError) as caught:
        Model.from_dict(given)
    assert says in str(caught.value)


def test_a_model_written_in_full_keeps_what_it_left_out() -> None:
    levels = replace(Model().levels, roles={"boss": "decision_maker"})
    sentiment = replace(Model().components["sentiment"], fresh_days=None)
    components = {**Model().components, "sentiment": sentiment}
    model = replace(Model(), levels=levels, components=components)
    again = Model.whole(json.loads(json.dumps(model.to_dict())))
    assert again == model
    assert again.hash() == model.hash()


def test_a_component_of_weight_nought_is_out_of_the_score() -> None:
    weights = {name: {"weight": 0} for name in Model().components}
    with pytest.raises(ModelError, match="at least one weight"):
        Model.from_dict({"components": weights})
