"""Flat rows: the same answers, and gradients that do not grow from layer to layer."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoBackbone, SwinConfig

from skillbank_engine.data.transforms import normalise
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.loss import LossWeights, detection_loss
from skillbank_engine.families.grounding_dino.model import build_detector
from skillbank_engine.families.grounding_dino.norms import FlatSafeNorm, flat_safe, let_flat_rows_pass
from skillbank_engine.families.grounding_dino.prompt import batch_prompts, build_prompt
from skillbank_engine.families.grounding_dino.targets import batch_targets
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from tests.grounding_dino.conftest import TINY

DEVICE = "cuda"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def deep_swin() -> Any:
    """A Swin as deep as the large ones, of random weights and biases of zero."""
    torch.manual_seed(0)
    levels: dict[str, Any] = {"out_indices": [4]}
    sizes: dict[str, Any] = {"embed_dim": 16, "depths": [2, 2, 18, 2], "num_heads": [2, 2, 2, 2]}
    return AutoBackbone.from_config(SwinConfig(**sizes, drop_path_rate=0.0, **levels))


def largest_gradient(swin: Any, pixels: torch.Tensor) -> float:
    swin.zero_grad()
    # What looks at all places alike, as the group norm after the backbone does.
    swin(pixels).feature_maps[0].sin().sum().backward()
    return max(float(p.grad.abs().max()) for p in swin.parameters() if p.grad is not None)


def mostly_padding() -> torch.Tensor:
    pixels = torch.zeros(2, 3, 128, 128)
    pixels[0, :, :40, :24] = torch.randn(3, 40, 24, generator=torch.Generator().manual_seed(1))
    pixels[1, :, :8, :] = torch.randn(3, 8, 128, generator=torch.Generator().manual_seed(2))
    return pixels


def test_padding_of_a_deep_swin_stays_harmless() -> None:
    swin, pixels = deep_swin(), mostly_padding()
    before = swin(pixels).feature_maps[0]
    wild = largest_gradient(swin, pixels)
    let_flat_rows_pass(swin)
    assert torch.equal(swin(pixels).feature_maps[0], before)
    tame = largest_gradient(swin, pixels)
    full = largest_gradient(swin, torch.randn(2, 3, 128, 128))
    assert not wild < 1e12  # the reason for all this: it overflows, or is about to
    assert tame < 1000 * full


def test_after_a_step_rows_are_nearly_flat_and_still_harmless() -> None:
    swin, pixels = deep_swin(), mostly_padding()
    let_flat_rows_pass(swin)
    with torch.no_grad():
        for name, parameter in swin.named_parameters():
            if name.endswith("bias"):
                parameter.add_(torch.randn_like(parameter).sign() * 2e-5)
    assert largest_gradient(swin, pixels) < 1000 * largest_gradient(swin, torch.randn(2, 3, 128, 128))


def test_rows_with_something_in_them_are_treated_as_ever() -> None:
    norm = nn.LayerNorm(8)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    safe = flat_safe(norm)
    assert (safe.weight, safe.bias) == (norm.weight, norm.bias)
    rows = torch.randn(5, 8)
    rows[3] = 0.7
    results = []
    for module in (norm, safe):
        given = rows.clone().requires_grad_()
        output = module(given)
        (output * torch.arange(40.0).view(5, 8)).sum().backward()
        results.append((output, given.grad))
    (output, gradient), (safe_output, safe_gradient) = results
    assert torch.equal(output, safe_output)
    assert gradient is not None and safe_gradient is not None
    lively = [0, 1, 2, 4]
    assert torch.equal(gradient[lively], safe_gradient[lively])
    assert gradient[3].abs().max() > 100
    assert not safe_gradient[3].any()


@pytest.mark.slow
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("backbone", ["swin_tiny_224_1k", "resnet_50"])
def test_a_detector_of_random_weights_on_a_padded_batch(
    tokenizer: PhraseTokenizer, backbone: str, precision: torch.dtype
) -> None:
    """A real backbone below a small transformer, biases of zero, most of the batch padding."""
    torch.manual_seed(0)
    architecture: Architecture = replace(
        TINY, backbone=backbone, feature_indices=(1, 2, 3, 4), log_scale="-2.4", denoising=False
    )
    detector: Detector = build_detector(architecture, tokenizer).train()
    assert isinstance(detector.network.model.enc_output_norm, FlatSafeNorm)
    mask = torch.zeros(2, 160, 160, dtype=torch.bool)
    mask[0, :, :64] = True
    mask[1, :32, :48] = True
    pixels = normalise(torch.randint(0, 256, (2, 3, 160, 160), dtype=torch.uint8), mask, MEAN, STD)
    prompts = batch_prompts([build_prompt(["red circle", "blue star"], tokenizer, 32)] * 2, tokenizer.pad)
    targets = batch_targets(
        [torch.tensor([[0.5, 0.5, 0.2, 0.2]])] * 2, [torch.tensor([0]), torch.tensor([1])]
    )
    with torch.autocast("cpu", torch.bfloat16, enabled=precision is torch.bfloat16):
        output = detector(pixels, mask, prompts)
    loss = detection_loss(output, targets, prompts.phrase_tokens, LossWeights())["loss"]
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in detector.parameters() if p.grad is not None]
    assert float(loss.detach()) < 200
    assert float(torch.nn.utils.get_total_norm(gradients)) < 1e5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="kernels need a GPU")
@pytest.mark.parametrize("width", [48, 96, 256])
@pytest.mark.parametrize("flat", [False, True])
def test_norms_by_rows_are_those_of_float64(width: int, flat: bool) -> None:
    from skillbank_engine.families.grounding_dino import rows_triton

    torch.manual_seed(0)
    hidden, change = (torch.randn(3, 37, width, device=DEVICE) for _ in range(2))
    hidden[1, 5], change[1, 5] = 0.3, 0.25
    inputs = (hidden, change.bfloat16(), *(torch.randn(width, device=DEVICE) for _ in range(2)))
    one, other, weight, bias = ours = [tensor.clone().requires_grad_() for tensor in inputs]
    exact = [tensor.double().requires_grad_() for tensor in inputs]
    full, low = rows_triton.normed(one, other, weight, bias, 1e-5, torch.bfloat16, flat=flat)
    assert full is not None and low is not None
    total = exact[0] + exact[1]
    if flat:
        still = total.detach().var(-1, correction=0, keepdim=True) <= 1e-5
        total = torch.where(still, total.detach(), total)
    wanted = nn.functional.layer_norm(total, (width,), exact[2], exact[3], 1e-5)
    slopes = torch.randn_like(full), torch.randn_like(low)
    found = torch.autograd.grad((full, low), ours, slopes)
    true = torch.autograd.grad(wanted, exact, slopes[0].double() + slopes[1].double())
    pairs = [(full, wanted, 1e-5), (low, wanted, 1e-2)]
    lively = torch.ones(3, 37, dtype=torch.bool, device=DEVICE)
    lively[1, 5] = flat  # a row that is flat is divided by next to nothing
    pairs += [(a[lively], b[lively], 1e-2) for a, b in zip(found[:2], true[:2], strict=True)]
    pairs += [(a, b, 1e-4) for a, b in zip(found[2:], true[2:], strict=True)]
    for a, b, most in pairs:
        assert float((a.double() - b).norm()) <= most * float(b.norm())
