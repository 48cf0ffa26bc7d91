"""Weights of transformers' folders through our reader, and what leaves it again as ONNX."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from skillbank_engine.errors import ModelError, WeightsError
from skillbank_engine.families.classification_pyt.architecture import Architecture, architecture_from_spec
from skillbank_engine.families.classification_pyt.export import graph_of
from skillbank_engine.families.classification_pyt.model import (
    Classifier,
    build_classifier,
    freeze,
    head_of,
    still,
)
from skillbank_engine.families.classification_pyt.starting import new_classifier
from skillbank_engine.library import AutoConfig, AutoModelForImageClassification
from tests.engine.classification_pyt.test_loss import SIZES, architecture

NAMES = ("blue", "green", "red")


def save_folder(place: Path, kind: str, names: tuple[str, ...], sizes: dict[str, Any]) -> Any:
    """Let transformers save a model with random weights."""
    labels = dict(enumerate(names))
    config = AutoConfig.for_model(
        kind, **sizes, id2label=labels, label2id={name: number for number, name in labels.items()}
    )
    torch.manual_seed(3)
    network: Any = AutoModelForImageClassification.from_config(config)
    network.save_pretrained(place)
    return network.eval()


def through_onnx(classifier: Classifier, file: Path, inputs: Tensor) -> Tensor:
    onnxruntime = pytest.importorskip("onnxruntime")
    graph = graph_of(classifier.eval(), inputs.shape[-2], inputs.shape[-1], 1)
    torch.onnx.export(
        graph.module,
        tuple(graph.inputs.values()),
        str(file),
        input_names=list(graph.inputs),
        output_names=list(graph.outputs),
        dynamic_axes={name: {0: "batch"} for name in (*graph.inputs, *graph.outputs)},
        opset_version=17,
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"input": inputs.numpy()})[0])


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.filterwarnings("ignore")
def test_outputs_are_those_of_transformers(tmp_path: Path, make_spec: Callable[..., Any], kind: str) -> None:
    theirs = save_folder(tmp_path / "saved", kind, NAMES, SIZES[kind])
    said: list[str] = []
    spec = make_spec(train__pretrained_model_path=str(tmp_path / "saved"))
    ours = new_classifier(spec, NAMES, said.append).eval()
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    normalised = (pixels / 255 - ours.mean) / ours.std
    with torch.inference_mode():
        wanted = theirs(pixel_values=normalised).logits
        assert torch.equal(ours(pixels), wanted)
        assert (through_onnx(ours, tmp_path / "model.onnx", normalised) - wanted).abs().max() < 1e-4
    assert len(said) == 1
    assert "model.backbone.type (resnet_mini) does not count" in said[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["resnet_50", "swin_tiny_patch4_window7_224", "vit_small_patch14_dinov2"])
def test_full_size_outputs_are_those_of_transformers(
    tmp_path: Path, make_spec: Callable[..., Any], name: str
) -> None:
    size = {"resnet_50": 64, "vit_small_patch14_dinov2": 70}.get(name, 224)
    built = architecture_from_spec(make_spec(model__backbone__type=name, dataset__img_size=size), len(NAMES))
    sizes = {key: value for key, value in built.network.items() if key not in ("model_type", "num_labels")}
    theirs = save_folder(tmp_path / "saved", str(built.network["model_type"]), NAMES, sizes)
    spec = make_spec(
        train__pretrained_model_path=str(tmp_path / "saved"),
        model__backbone__type=name,
        dataset__img_size=size,
    )
    said: list[str] = []
    ours = new_classifier(spec, NAMES, said.append).eval()
    assert not said
    assert ours.architecture == built
    pixels = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
    normalised = (pixels / 255 - ours.mean) / ours.std
    labels = torch.tensor([0, 2])
    with torch.inference_mode():
        wanted = theirs(pixel_values=normalised, labels=labels)
        found = ours(pixels)
        assert torch.equal(found, wanted.logits)
        assert torch.nn.functional.cross_entropy(found, labels).item() == pytest.approx(wanted.loss.item())
        assert (through_onnx(ours, tmp_path / "m.onnx", normalised) - wanted.logits).abs().max() < 1e-4


def test_other_pictures_than_a_model_was_made_for(tmp_path: Path, make_spec: Callable[..., Any]) -> None:
    theirs = save_folder(tmp_path / "saved", "vit", NAMES, SIZES["vit"])
    spec = make_spec(train__pretrained_model_path=str(tmp_path / "saved"), dataset__img_size=48)
    ours = new_classifier(spec, NAMES, lambda _: None).eval()
    pixels = torch.randint(0, 256, (1, 3, 48, 48), dtype=torch.uint8)
    normalised = (pixels / 255 - ours.mean) / ours.std
    with torch.inference_mode():
        wanted = theirs(pixel_values=normalised, interpolate_pos_encoding=True).logits
        assert torch.equal(ours(pixels), wanted)


def test_another_head_is_made_anew_and_said(tmp_path: Path, make_spec: Callable[..., Any]) -> None:
    for names in (("cat", "dog"), ("cat", "dog", "cow")):
        theirs = save_folder(tmp_path / str(len(names)), "resnet", names, SIZES["resnet"])
        said: list[str] = []
        spec = make_spec(train__pretrained_model_path=str(tmp_path / str(len(names))))
        ours = new_classifier(spec, NAMES, said.append)
        assert any("head of" in text and "made anew: its classes are others" in text for text in said)
        assert head_of(ours.network).out_features == 3
        body = {name for name in theirs.state_dict() if not name.startswith("classifier")}
        assert all(torch.equal(ours.network.state_dict()[name], theirs.state_dict()[name]) for name in body)


def test_the_backbone_alone_leaves_the_head_new(tmp_path: Path, make_spec: Callable[..., Any]) -> None:
    theirs = save_folder(tmp_path / "saved", "resnet", NAMES, SIZES["resnet"])
    said: list[str] = []
    spec = make_spec(model__backbone__pretrained_backbone_path=str(tmp_path / "saved"))
    ours = new_classifier(spec, NAMES, said.append)
    assert "the backbone alone is taken" in said[-1]
    assert not torch.equal(head_of(ours.network).weight, head_of(theirs).weight)


def test_a_file_of_tensors_fits_its_network_only(tmp_path: Path, make_spec: Callable[..., Any]) -> None:
    source = build_classifier(architecture_from_spec(make_spec(), 3), NAMES)
    plain = {name.removeprefix("network."): value for name, value in source.state_dict().items()}
    torch.save({"state_dict": {f"model.{name}": value for name, value in plain.items()}}, tmp_path / "w.pth")
    spec = make_spec(train__pretrained_model_path=str(tmp_path / "w.pth"))
    ours = new_classifier(spec, NAMES, lambda _: None)
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in ours.state_dict().items())
    foreign = make_spec(
        train__pretrained_model_path=str(tmp_path / "w.pth"), model__backbone__type="vit_tiny_patch16"
    )
    with pytest.raises(WeightsError, match="name weights of that network"):
        new_classifier(foreign, NAMES, lambda _: None)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, make_spec: Callable[..., Any]) -> None:
    source = build_classifier(architecture_from_spec(make_spec(), 3), NAMES).state_dict()
    source["network.classifier.1.bias"][0] = float("nan")
    torch.save(source, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="are not finite"):
        new_classifier(make_spec(train__pretrained_model_path=str(tmp_path / "w.pth")), NAMES, lambda _: None)


def test_nothing_there_is_said(tmp_path: Path, make_spec: Callable[..., Any]) -> None:
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "empty", tmp_path / "none"):
        with pytest.raises(WeightsError, match=r"train\.pretrained_model_path names"):
            new_classifier(make_spec(train__pretrained_model_path=str(source)), NAMES, lambda _: None)


def test_normalisation_comes_along_where_the_spec_says_nothing(
    tmp_path: Path, make_spec: Callable[..., Any]
) -> None:
    save_folder(tmp_path / "saved", "vit", NAMES, SIZES["vit"])
    document = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}
    (tmp_path / "saved" / "preprocessor_config.json").write_text(json.dumps(document), encoding="utf-8")
    said: list[str] = []
    spec = make_spec(train__pretrained_model_path=str(tmp_path / "saved"))
    assert new_classifier(spec, NAMES, said.append).architecture.mean == (0.5, 0.5, 0.5)
    assert any("normalised as" in text for text in said)
    own = make_spec(
        train__pretrained_model_path=str(tmp_path / "saved"), dataset__augmentation__mean=[0.1, 0.2, 0.3]
    )
    assert new_classifier(own, NAMES, lambda _: None).architecture.mean == (0.1, 0.2, 0.3)


def test_heads_that_cannot_be_had_are_refused(make_spec: Callable[..., Any]) -> None:
    for more, words in (
        ({"model__head__type": "LogisticRegressionHead"}, "set TAOLinearClsHead"),
        ({"model__head__custom_args": {"depth": 2}}, "takes no arguments"),
        ({"model__head__binary": True}, "says two classes, but there are 3"),
        ({"model__backbone__type": "gc_vit_tiny"}, "resnet_50"),
        (
            {"model__backbone__type": "swin_tiny_patch4_window7_224", "dataset__img_size": 64},
            "does not take pictures of 64 pixels",
        ),
    ):
        with pytest.raises(ModelError, match=words):
            new_classifier(make_spec(**more), NAMES, lambda _: None)


def test_a_wrong_number_of_features_is_said(make_spec: Callable[..., Any]) -> None:
    said: list[str] = []
    new_classifier(make_spec(model__head__in_channels=7), NAMES, said.append)
    assert "resnet_mini gives 192, which counts" in said[0]


def test_an_architecture_survives_its_plain_values() -> None:
    for kind in SIZES:
        built = architecture(kind)
        again = Architecture.from_dict(json.loads(json.dumps(built.to_dict())))
        assert again == built


def test_what_is_frozen_stands_still() -> None:
    classifier = build_classifier(architecture("resnet"), "abcd")
    assert set(classifier.heads()) == {"network.classifier.1.weight", "network.classifier.1.bias"}
    freeze(classifier, backbone=True, norms=False)
    assert {name for name, item in classifier.named_parameters() if item.requires_grad} == set(
        classifier.heads()
    )
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    classifier.train()
    still(classifier, backbone=True, norms=False)
    classifier(torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8))
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())


def test_frozen_norms_keep_their_averages() -> None:
    classifier = build_classifier(architecture("resnet"), "abcd")
    frozen = freeze(classifier, backbone=False, norms=True)
    assert frozen
    assert all("normalization" in name for name in frozen)
    before = {name: value.clone() for name, value in classifier.named_buffers()}
    classifier.train()
    still(classifier, backbone=False, norms=True)
    classifier(torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8))
    assert all(torch.equal(value, before[name]) for name, value in classifier.named_buffers())


def test_dropout_is_of_training_alone() -> None:
    from dataclasses import replace

    classifier = build_classifier(replace(architecture("vit"), dropout=0.5), "abcd")
    pixels = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    torch.manual_seed(0)
    classifier.train()
    assert not torch.equal(classifier(pixels), classifier(pixels))
    classifier.eval()
    assert torch.equal(classifier(pixels), classifier(pixels))
    assert np.isfinite(classifier(pixels).detach().numpy()).all()
