"""The contract of Label Studio's backends: configs read, predictions in its shape.

The shapes are those of the public repositories HumanSignal/label-studio-ml-backend
(``label_studio_ml/api.py``, ``examples/d_fine/model.py``) and HumanSignal/label-studio
(``label_studio/ml/models.py``). Where ``label-studio-sdk`` is installed, its own check
of predictions looks at ours as well.
"""

from __future__ import annotations

from typing import Any

import pytest

from skillbank.errors import UsageError
from skillbank.labelling.elsewhere.label_studio import controls, prediction
from skillbank.labelling.elsewhere.search import Found
from skillbank.labelling.findings import Finding

CONFIG = """
<View>
  <Header value="Mark what you see"/>
  <Image name="photo" value="$image" zoom="true"/>
  <RectangleLabels name="boxes" toName="photo" model_score_threshold="0.2">
    <Label value="exit" captions="red exit sign | green exit sign | not poster" background="red"/>
    <Label value="helmet" predicted_values="hard hat, safety helmet"/>
    <Label value="person without a hat, standing"/>
  </RectangleLabels>
  <Choices name="good" toName="photo"><Choice value="yes"/></Choices>
</View>
"""


def test_labels_become_classes_with_captions() -> None:
    [control] = controls(CONFIG)
    assert (control.name, control.to_name, control.key, control.threshold) == ("boxes", "photo", "image", 0.2)
    assert [(each.name, each.captions, each.not_captions) for each in control.search.classes] == [
        ("exit", ("red exit sign", "green exit sign"), ("poster",)),
        ("helmet", ("hard hat", "safety helmet"), ()),
        ("person without a hat, standing", ("person without a hat, standing",), ()),
    ]
    assert control.address({"data": {"image": "/data/upload/1/a.png"}}) == "/data/upload/1/a.png"
    assert control.address({"data": {"$undefined$": "/b.png"}}) == "/b.png"
    nothing: list[dict[str, Any]] = [{}, {"data": None}, {"data": {"image": 3}}, {"data": {}}]
    assert [control.address(task) for task in nothing] == [""] * 4


def test_names_are_kept_letter_by_letter() -> None:
    [control] = controls(CONFIG.replace('value="exit"', 'value="No. 5  exit."'))
    [found] = control.search.objects([Finding("red exit sign", 0.9, (0, 0, 9, 9))], 0.2, nms=0.7, across=0.7)
    assert found.name == "No. 5  exit."


def test_a_prediction_is_in_percent_of_the_sides() -> None:
    [control] = controls(CONFIG)
    findings = [
        Finding("green exit sign", 0.9, (40, 20, 120, 60)),
        Finding("hard hat", 0.25, (0, 0, 200, 100)),
        Finding("safety helmet", 0.1, (150, 50, 190, 90)),
        Finding("poster", 0.95, (300, 0, 400, 100)),
        Finding("red exit sign", 0.5, (300, 10, 400, 90)),
    ]
    found = control.search.objects(findings, 0.2, nms=0.7, across=0.7)
    made = prediction([(control, each) for each in found], 400, 200, "skillbank tiny.pth")
    assert made["model_version"] == "skillbank tiny.pth" and made["score"] == 0.25
    exit_, helmet = made["result"]
    assert exit_ == {
        "from_name": "boxes",
        "to_name": "photo",
        "type": "rectanglelabels",
        "original_width": 400,
        "original_height": 200,
        "image_rotation": 0,
        "value": {
            "x": 10.0, "y": 10.0, "width": 20.0, "height": 20.0, "rotation": 0, "rectanglelabels": ["exit"],
        },
        "score": 0.9,
    }  # fmt: skip
    assert helmet["value"]["rectanglelabels"] == ["helmet"]


def test_the_sdk_of_label_studio_takes_it() -> None:
    sdk = pytest.importorskip(
        "label_studio_sdk.label_interface",
        reason="label-studio-sdk is not installed; its shapes are checked above",
    )
    [control] = controls(CONFIG)
    made = prediction([(control, Found("exit", 0.9, (40, 20, 120, 60)))], 400, 200, "skillbank")
    assert sdk.LabelInterface(CONFIG).validate_prediction(made, return_errors=True) == []


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("", "no XML"),
        ("<View>", "no XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><View>&a;</View>', "no XML"),
        ("<View/>", "no RectangleLabels for an Image"),
        (CONFIG.replace('toName="photo" model', 'toName="other" model'), "no RectangleLabels for an Image"),
        (CONFIG.replace("$image", "image"), "no value like $image"),
        (CONFIG.replace("<Label ", "<Tag "), "has no Label"),
        (CONFIG.replace('"0.2"', '"much"'), "'much', and must be a number from 0 to 1"),
        (CONFIG.replace('"0.2"', '"nan"'), "'nan', and must be a number from 0 to 1"),
        (CONFIG.replace('value="exit"', 'value="no . 5"'), "a full stop with blanks"),
        (CONFIG.replace('value="exit"', 'value="a = b . c"'), "is not one name"),
        (CONFIG.replace("hard hat, safety", "red exit sign, safety"), "red exit sign"),
        (CONFIG.replace("not poster", "| poster"), "caption"),
        ("<View>" + " " * (1 << 20) + "</View>", "longer than 1 MB"),
    ],
)
def test_what_cannot_be_served_is_told(config: str, why: str) -> None:
    with pytest.raises(UsageError) as told:
        controls(config)
    assert why in str(told.value)
