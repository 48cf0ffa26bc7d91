"""A detector made ready to answer gives the answers of the one that was trained."""

import copy

import pytest
import torch
from torch import nn

from skillbank_engine.families.rtdetr.architecture import Architecture
from skillbank_engine.families.rtdetr.detector import Detector
from skillbank_engine.families.rtdetr.folding import folded
from skillbank_engine.families.rtdetr.model import build_detector


def _lived(detector: Detector) -> Detector:
    """Give batch norms statistics and weights as if they had been trained."""
    numbers = torch.Generator().manual_seed(1)
    for module in detector.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.3, generator=numbers)
            module.running_var.uniform_(0.5, 2, generator=numbers)
            module.weight.data.uniform_(0.5, 1.5, generator=numbers)
            module.bias.data.normal_(0, 0.1, generator=numbers)
    return detector


def _norms(detector: Detector) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in detector.modules())


@pytest.mark.parametrize("backbone", ["mini", "resnet_18"])
def test_answers_are_equal_and_the_trained_one_stays(detector: Detector, backbone: str) -> None:
    if backbone != "mini":
        shape = {**detector.architecture.to_dict(), "backbone": backbone}
        torch.manual_seed(0)
        detector = build_detector(Architecture.from_dict(shape), 5)
    trained = _lived(detector).eval()
    before = copy.deepcopy(trained.state_dict())
    ready = folded(trained)
    assert _norms(trained) > 20 and _norms(ready) == 0
    pixels = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        found, wanted = ready(pixels), trained(pixels)
    scale = float(wanted.logits.abs().max().clamp(min=1))
    assert float((found.logits - wanted.logits).abs().max()) <= 1e-5 * scale
    assert float((found.boxes - wanted.boxes).abs().max()) <= 1e-5
    after = trained.state_dict()
    assert after.keys() == before.keys() and all(torch.equal(after[name], before[name]) for name in before)
    assert all(parameter.requires_grad for parameter in trained.parameters())
