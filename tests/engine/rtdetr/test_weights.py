"""Weights from elsewhere, and what a student takes from its teacher."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from skillbank_engine.errors import ModelError, WeightsError
from skillbank_engine.families.rtdetr.architecture import Architecture
from skillbank_engine.families.rtdetr.backbone import backbone_config
from skillbank_engine.families.rtdetr.detector import Detector
from skillbank_engine.families.rtdetr.distillation import (
    feature_loss,
    place_weights,
    require_alike,
    start_from,
)
from skillbank_engine.families.rtdetr.model import build_detector
from skillbank_engine.families.rtdetr.parameters import family_name
from skillbank_engine.families.rtdetr.targets import batch_targets
from skillbank_engine.families.rtdetr.weights import fit_classes, load_backbone, read_transformers
from tests.engine.rtdetr.conftest import TINY


def test_an_architecture_survives_a_checkpoint() -> None:
    assert Architecture.from_dict(TINY.to_dict()) == TINY
    with pytest.raises(ModelError, match="'colour'"):
        Architecture.from_dict({**TINY.to_dict(), "colour": 1})


def test_an_absent_backbone_is_refused_with_what_there_is() -> None:
    with pytest.raises(ModelError, match=r"fan_tiny.*resnet_50.*convnext_tiny"):
        backbone_config(replace(TINY, backbone="fan_tiny"))


def test_further_blocks_are_built(detector: Detector) -> None:
    deeper = build_detector(replace(TINY, depth=2), 5)
    blocks = deeper.network.encoder.fpn_blocks[0].bottlenecks
    assert len(blocks) == 2 * len(detector.network.encoder.fpn_blocks[0].bottlenecks)
    assert deeper.eval()(torch.rand(1, 3, 64, 64)).logits.shape == (1, 1, 10, 5)


def test_an_earlier_layer_can_answer(detector: Detector) -> None:
    pixels = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        layers = detector.train(False)(pixels, batch_targets([torch.zeros(0, 4)], [torch.zeros(0).long()]))
        detector.architecture = replace(TINY, answer=0)
        early = detector(pixels)
    assert layers.logits.shape[0] == 2
    assert torch.equal(early.logits[-1], layers.logits[0])


def test_recomputing_changes_no_gradient(detector: Detector) -> None:
    detector.train()
    pixels = torch.rand(2, 3, 64, 64)
    found = []
    for recompute in (False, True):
        detector.recompute = recompute
        detector.zero_grad()
        detector(pixels).boxes.square().sum().backward()
        found.append([p.grad.clone() for p in detector.parameters() if p.grad is not None])
    assert len(found[0]) == len(found[1]) > 20
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_classes_that_both_have_keep_their_weights(detector: Detector) -> None:
    known = ("a", "b", "c", "d", "e")
    same, note = fit_classes(detector, known, known)
    assert same is detector and not note
    fitted, note = fit_classes(detector, known, ("x", "c"))
    assert "2 classes" in note and "1 of 2" in note
    ours, theirs = fitted.state_dict(), detector.state_dict()
    head = "network.decoder.class_embed.1.weight"
    assert torch.equal(ours[head][1], theirs[head][2])
    assert not torch.equal(ours[head][0], theirs[head][0])
    body = "network.decoder.layers.0.mlp.fc1.weight"
    assert torch.equal(ours[body], theirs[body])


@pytest.mark.parametrize("prefix", ["", "network.backbone.model.", "backbone."])
def test_a_backbone_is_read_from_a_file(detector: Detector, tmp_path: Path, prefix: str) -> None:
    other = build_detector(TINY, 5)
    state = other.network.backbone.model.state_dict()
    torch.save({"weights": {prefix + name: value for name, value in state.items()}}, tmp_path / "b.pth")
    load_backbone(detector, str(tmp_path / "b.pth"))
    for name, value in detector.network.backbone.model.state_dict().items():
        assert torch.equal(value, state[name])


def test_weights_of_another_network_are_refused(detector: Detector, tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="fits 0 of"):
        load_backbone(detector, str(tmp_path / "other.pth"))
    state = detector.network.backbone.model.state_dict()
    torch.save({name: value / 0 for name, value in state.items()}, tmp_path / "broken.pth")
    with pytest.raises(WeightsError, match="not finite"):
        load_backbone(detector, str(tmp_path / "broken.pth"))
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(WeightsError, match="cannot be read"):
        load_backbone(detector, str(tmp_path / "text.pth"))
    with pytest.raises(WeightsError, match="pretrained_model_path"):
        read_transformers(str(tmp_path / "nowhere"), TINY)


def test_names_are_the_familys(detector: Detector) -> None:
    names = {family_name(name).split(".")[0] for name, _ in detector.named_parameters()}
    assert {"backbone", "encoder", "decoder"} <= names


def test_a_teacher_must_have_comparable_maps(detector: Detector) -> None:
    require_alike(detector, detector)
    with pytest.raises(ModelError, match=r"hidden_dim=32.*16"):
        require_alike(detector, build_detector(replace(TINY, hidden_dim=32), 5))


def test_a_student_can_start_from_its_teacher(detector: Detector) -> None:
    teacher = build_detector(replace(TINY, backbone_channels=(8, 24, 24, 24)), 5)
    assert start_from(detector, teacher) > 50
    name = "network.decoder.layers.0.mlp.fc1.weight"
    assert torch.equal(detector.state_dict()[name], teacher.state_dict()[name])


@pytest.mark.parametrize("criterion", ["IOU", "L1", "L2"])
def test_equal_maps_cost_nothing_and_others_something(detector: Detector, criterion: str) -> None:
    detector.eval()
    pixels = torch.rand(2, 3, 64, 64)
    targets = batch_targets([torch.tensor([[0.5, 0.5, 0.2, 0.2]])] * 2, [torch.tensor([1])] * 2)
    with torch.no_grad():
        maps = detector.sources(pixels)
        weights = place_weights(detector, maps, targets)
    assert weights.shape == (2, 8 * 8 + 4 * 4)
    # What the places around the object say counts, the corner does not.
    assert weights[0, 8 * 4 + 4] > 0 and weights[0, 0] == 0
    assert float(feature_loss(maps, maps, criterion, weights)) == 0
    moved = [level + 1 for level in maps]
    assert float(feature_loss(moved, maps, criterion, weights)) > 0.5
