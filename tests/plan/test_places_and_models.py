"""What may be a name on the hub is data, a model, or asked about; none is taken for another."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

DATA = {
    "train rtdetr with data/train and data/val": {"data/train": "train_datasets", "data/val": "eval_dataset"},
    "train rtdetr with data/a, val data/b": {"data/a": "train_datasets", "data/b": "eval_dataset"},
    "train rtdetr with data/a but validate with data/b": {
        "data/a": "train_datasets",
        "data/b": "eval_dataset",
    },
    "train rtdetr using data/a, test with data/b": {"data/a": "train_datasets", "data/b": "eval_dataset"},
    "train rtdetr on Data/Train, val Data/Val": {"Data/Train": "train_datasets", "Data/Val": "eval_dataset"},
    "train rtdetr with team/a, val data/b": {"team/a": "train_datasets", "data/b": "eval_dataset"},
    "train rtdetr on team/a together with team/b": {"team/a": "train_datasets", "team/b": "train_datasets"},
    "train rtdetr on team/a combined with lab/b": {"team/a": "train_datasets", "lab/b": "train_datasets"},
}
UNCLEAR = (
    "train rtdetr with data/a and data/b",
    "train rtdetr with data/a, hold out data/b",
    "train segformer with data/trian and data/val",
    "train rtdetr using PekingU/rtdetr_r50vd and data/train",
    "train rtdetr with lab/boxes & team/boxes",
    "train rtdetr on data/a labelled with team/tool",
    "train rtdetr on data/a, weights from Bob/Ann",
    "train rtdetr on data/a, initialised from Smith/Jones",
)
MODELS = (
    "train rtdetr with PekingU/rtdetr_r50vd on data/train",
    "train rtdetr on data/train with PekingU/rtdetr_r50vd",
    "train rtdetr on data/train from PekingU/rtdetr_r50vd",
    "train rtdetr from PekingU/rtdetr_r50vd with data/train",
)


@pytest.mark.parametrize(("text", "data"), DATA.items())
def test_data_that_is_listed_is_no_model(runtime: Runtime, text: str, data: dict[str, str]) -> None:
    [request] = runtime.read(f"{text}, no hpo").requests
    assert request.pretrained is None and not request.questions
    assert {each.uri: each.source for each in request.data} == data


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_may_be_data_as_well_as_a_model_is_asked_about(runtime: Runtime, text: str) -> None:
    [plan] = runtime.plan(f"{text}, no hpo")
    assert plan.questions and not any("pretrained" in str(o.key) for o in plan.overrides)


@pytest.mark.parametrize("text", MODELS)
def test_a_model_on_the_hub_beside_data(runtime: Runtime, text: str) -> None:
    [request] = runtime.read(f"{text}, no hpo").requests
    assert request.pretrained == "PekingU/rtdetr_r50vd" and not request.questions
    assert [each.uri for each in request.data] == ["data/train"]
