"""The network, its loss and its denoising are transformers' own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import scipy.optimize
import torch
import transformers
from transformers.loss import loss_rt_detr
from transformers.models.rt_detr_v2.modeling_rt_detr_v2 import get_contrastive_denoising_training_group

from skillbank_engine.families.rtdetr.architecture import Architecture
from skillbank_engine.families.rtdetr.denoising import noised_queries
from skillbank_engine.families.rtdetr.detector import Detector
from skillbank_engine.families.rtdetr.loss import LossWeights, detection_loss
from skillbank_engine.families.rtdetr.model import (
    build_detector,
    network_class,
    network_config,
    network_values,
    rebuild_detector,
    wrap_network,
)
from skillbank_engine.families.rtdetr.targets import TargetBatch, batch_targets
from skillbank_engine.families.rtdetr.weights import read_transformers
from skillbank_engine.library import RTDetrV2ForObjectDetection
from tests.engine.rtdetr.conftest import TINY

_FULL = Architecture(backbone="resnet_18", frozen_norms=False, dec_layers=3, num_queries=50)


@pytest.fixture
def own_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let transformers compute its loss, which the engine's imports leave without scipy."""
    monkeypatch.setattr(
        loss_rt_detr, "linear_sum_assignment", scipy.optimize.linear_sum_assignment, raising=False
    )
    monkeypatch.setattr(loss_rt_detr, "requires_backends", lambda *_: None)


def _pair(architecture: Architecture, classes: int) -> tuple[Any, Detector]:
    """A transformers network with start values worth comparing, and our way through it."""
    torch.manual_seed(0)
    config = network_config(architecture, classes)
    network = network_class(config)(config)
    detector = wrap_network(network, architecture)
    detector.load_state_dict(build_detector(architecture, classes).state_dict())
    return network, detector


def _targets(counts: tuple[int, ...], classes: int) -> tuple[TargetBatch, list[dict[str, torch.Tensor]]]:
    torch.manual_seed(1)
    boxes = [torch.rand(count, 4) * 0.3 + 0.3 for count in counts]
    kinds = [torch.randint(0, classes, (count,)) for count in counts]
    labels = [{"class_labels": kind, "boxes": box} for kind, box in zip(kinds, boxes, strict=True)]
    return batch_targets(boxes, kinds), labels


@pytest.mark.parametrize(
    "architecture",
    [
        pytest.param(TINY, id="tiny"),
        pytest.param(replace(TINY, dec_layers=1), id="one layer"),
        pytest.param(_FULL, id="full", marks=pytest.mark.slow),
    ],
)
def test_outputs_are_those_of_transformers(architecture: Architecture) -> None:
    network, detector = _pair(architecture, 5)
    network.eval()
    pixels = torch.rand(2, 3, 96, 64)
    with torch.no_grad():
        theirs, ours = network(pixels), detector(pixels)
    torch.testing.assert_close(ours.logits[-1], theirs.logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.boxes[-1], theirs.pred_boxes, atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("own_loss")
@pytest.mark.parametrize("counts", [(3, 0, 5), (1,), (0, 0)], ids=str)
@pytest.mark.parametrize(("denoising", "layers"), [(0, 2), (12, 2), (12, 1)])
def test_the_loss_of_a_batch_is_that_of_transformers(
    counts: tuple[int, ...], denoising: int, layers: int
) -> None:
    network, detector = _pair(replace(TINY, denoising=denoising, dec_layers=layers), 5)
    targets, labels = _targets(counts, 5)
    pixels = torch.rand(len(counts), 3, 64, 64)
    network.train()
    torch.manual_seed(2)
    theirs = network(pixels, labels=labels)
    torch.manual_seed(2)
    output = detector.train()(pixels, targets)
    assert (output.denoising is not None) == (denoising > 0 and max(counts) > 0)
    ours = detection_loss(output, targets, LossWeights())["loss"]
    torch.testing.assert_close(ours, theirs.loss, atol=1e-4, rtol=1e-5)
    network.zero_grad()
    theirs.loss.backward(retain_graph=True)
    gradients = {name: p.grad.clone() for name, p in detector.named_parameters() if p.grad is not None}
    network.zero_grad()
    ours.backward()  # type: ignore[no-untyped-call]
    for name, parameter in detector.named_parameters():
        if name in gradients:
            torch.testing.assert_close(parameter.grad, gradients[name], atol=1e-3, rtol=1e-3)


@pytest.mark.usefixtures("own_loss")
def test_without_auxiliary_losses_too() -> None:
    network, detector = _pair(TINY, 5)
    network.config.auxiliary_loss = False
    targets, labels = _targets((2, 4), 5)
    pixels = torch.rand(2, 3, 64, 64)
    network.train()
    torch.manual_seed(2)
    theirs = network(pixels, labels=labels).loss
    torch.manual_seed(2)
    ours = detection_loss(detector.train()(pixels, targets), targets, LossWeights(auxiliary=False))["loss"]
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-5)


def test_denoising_queries_are_those_of_transformers() -> None:
    targets, labels = _targets((3, 1), 7)
    torch.manual_seed(3)
    theirs: Any = get_contrastive_denoising_training_group
    classes, boxes, mask, meta = theirs(labels, 7, 10, lambda numbers: numbers, 20)
    torch.manual_seed(3)
    ours = noised_queries(targets, 7, 20)
    assert ours is not None
    assert ours.groups == meta["dn_num_group"]
    assert torch.equal(ours.classes, classes.long())
    torch.testing.assert_close(ours.boxes, boxes.sigmoid(), atol=2e-5, rtol=0)
    assert torch.equal(ours.mask(10), mask)
    for row, places in enumerate(meta["dn_positive_idx"]):
        assert ours.positive[row].nonzero()[:, 0].tolist() == places.tolist()


def _saved(kind: Callable[..., Any], config: Any, folder: Path) -> Any:
    torch.manual_seed(4)
    network = kind(config)
    detector = build_detector(_FULL, config.num_labels)
    network.model.load_state_dict(
        {name.removeprefix("network."): value for name, value in detector.state_dict().items()}, strict=False
    )
    network.save_pretrained(folder)
    return network.eval()


@pytest.mark.slow
@pytest.mark.usefixtures("own_loss")
def test_a_saved_folder_is_read_with_equal_outputs_and_loss(tmp_path: Path) -> None:
    network = _saved(RTDetrV2ForObjectDetection, network_config(_FULL, 4), tmp_path)
    detector, labels = read_transformers(str(tmp_path), Architecture())
    assert labels == ("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3")
    assert detector.architecture == _FULL
    pixels = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        theirs, ours = network(pixels), detector.eval()(pixels)
    torch.testing.assert_close(ours.logits[-1], theirs.logits, atol=1e-5, rtol=1e-5)
    again = rebuild_detector(network_values(detector), detector.architecture)
    again.load_state_dict(detector.state_dict())
    assert torch.equal(again.eval()(pixels).logits, ours.logits)
    targets, marked = _targets((2, 3), 4)
    pixels = torch.rand(2, 3, 64, 64)
    network.train()
    torch.manual_seed(2)
    wanted = network(pixels, labels=marked).loss
    torch.manual_seed(2)
    loss = detection_loss(detector.train()(pixels, targets), targets, LossWeights())["loss"]
    torch.testing.assert_close(loss, wanted, atol=1e-4, rtol=1e-5)


@pytest.mark.slow
def test_a_folder_of_the_first_version_too(tmp_path: Path) -> None:
    values = network_config(_FULL, 4).to_dict()
    for key in ("model_type", "decoder_n_levels", "decoder_offset_scale", "decoder_method"):
        values.pop(key)
    config = transformers.RTDetrConfig.from_dict(values)
    network = _saved(transformers.RTDetrForObjectDetection, config, tmp_path)
    detector, _ = read_transformers(str(tmp_path), Architecture())
    pixels = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        theirs, ours = network(pixels), detector.eval()(pixels)
    torch.testing.assert_close(ours.logits[-1], theirs.logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.boxes[-1], theirs.pred_boxes, atol=1e-5, rtol=1e-5)
