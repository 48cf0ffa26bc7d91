"""Batches cut into parts give the gradients of the whole."""

from dataclasses import replace

import pytest
import torch

from skillbank_engine.data.transforms import normalise
from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.data.loading import Batch, Collator, Sample
from skillbank_engine.families.grounding_dino.denoising import make_denoising_queries
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.prompt import build_prompt
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.training.gradients import GradientWorker
from tests.grounding_dino.conftest import task_of

pytestmark = pytest.mark.slow


def batch_of_three(tokenizer: PhraseTokenizer) -> Batch:
    names = [["red circle", "blue star"], ["green star"], ["blue star", "red square", "purple circle"]]
    counts = [2, 0, 3]
    samples = []
    for phrases, count in zip(names, counts, strict=True):
        samples.append(
            Sample(
                # Noise: a plain picture has equally good proposals everywhere, and rounding would choose.
                torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8),
                torch.rand(count, 4) * 0.3 + 0.3,
                torch.arange(count) % len(phrases),
                build_prompt(phrases, tokenizer, 64),
            )
        )
    return Collator(tokenizer.pad)(samples)


def test_parts_add_up_to_the_whole(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    torch.manual_seed(4)
    batch = batch_of_three(tokenizer)
    pixels = normalise(batch.pixels, batch.mask, [0.5] * 3, [0.25] * 3)
    queries = make_denoising_queries(batch.targets, 2, 1.0, 0.5, batch.phrase_counts)
    results = []
    for parts in (1, 2, 3, 5, 2):
        compute = Compute(torch.device("cpu"), "fp32", parts, parts)
        worker = GradientWorker(task_of(detector, tokenizer), compute, compute.scaler())
        prepared = replace(batch, pixels=pixels, queries=queries)
        losses = worker.backward([prepared], [batch.targets.count]).read()
        gradients = {name: parameter.grad for name, parameter in detector.named_parameters()}
        results.append((losses, gradients))
    whole_losses, whole = results[0]
    for losses, gradients in results[1:]:
        assert losses == {name: pytest.approx(value, rel=1e-4) for name, value in whole_losses.items()}
        for name, gradient in gradients.items():
            expected = whole[name]
            assert gradient is not None
            assert expected is not None
            torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-5, msg=name)
    # The same number of parts gives the same bits, whichever thread was faster.
    again, before = results[4][1], results[1][1]
    for name, gradient in again.items():
        other = before[name]
        assert gradient is not None
        assert other is not None
        assert torch.equal(gradient, other)
