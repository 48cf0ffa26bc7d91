"""Denoising queries: made of the targets, never seen by the others."""

import torch

from skillbank_engine.boxes import generalized_iou, xyxy_from_cxcywh
from skillbank_engine.families.grounding_dino.denoising import denoising_attention, make_denoising_queries
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.prompt import batch_prompts, build_prompt
from skillbank_engine.families.grounding_dino.targets import batch_targets
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer

TARGETS = batch_targets(
    [torch.tensor([[0.3, 0.3, 0.2, 0.2], [0.7, 0.7, 0.2, 0.1]]), torch.tensor([[0.5, 0.5, 0.4, 0.4]])],
    [torch.tensor([0, 1]), torch.tensor([2])],
)
COUNTS = torch.tensor([2, 3])


def test_layout_and_noise() -> None:
    torch.manual_seed(0)
    queries = make_denoising_queries(TARGETS, 50, 1.0, 0.0, COUNTS)
    assert queries is not None
    assert queries.boxes.shape == (2, 200, 4)
    assert queries.valid[0].all()
    assert queries.valid[1].sum() == 100
    true = TARGETS.boxes[:, queries.target]
    overlap = generalized_iou(xyxy_from_cxcywh(queries.boxes), xyxy_from_cxcywh(true))
    near = overlap[:, queries.positive][queries.valid[:, queries.positive]]
    far = overlap[:, ~queries.positive][queries.valid[:, ~queries.positive]]
    assert float(near.mean()) > float(far.mean()) + 0.2
    assert torch.equal(queries.phrases[0], TARGETS.phrases[0, queries.target])


def test_labels_are_swapped_inside_the_prompt_only() -> None:
    torch.manual_seed(0)
    queries = make_denoising_queries(TARGETS, 100, 0.0, 1.0, COUNTS)
    assert queries is not None
    assert (queries.phrases < COUNTS[:, None]).all()
    changed = (queries.phrases[1] != TARGETS.phrases[1, queries.target])[queries.valid[1]].float().mean()
    assert 0.2 < float(changed) < 0.45
    # Without box noise the boxes are the true ones.
    torch.testing.assert_close(
        queries.boxes[0, queries.positive], TARGETS.boxes[0, queries.target[queries.positive]]
    )


def test_attention_hides_the_answers() -> None:
    queries = make_denoising_queries(TARGETS, 2, 1.0, 0.5, COUNTS)
    assert queries is not None
    sees = denoising_attention(queries, 5)
    count = len(queries.group)
    assert not sees[:, count:, :count].any()
    assert sees[:, :, count:].all()
    apart = queries.group[:, None] != queries.group[None, :]
    assert not sees[:, :count, :count][:, apart].any()
    own = torch.eye(count + 5, dtype=torch.bool)
    assert not (sees[1] & ~own)[:, :count][:, ~queries.valid[1]].any()


def test_ordinary_answers_do_not_depend_on_denoising(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    detector.eval()
    prompts = [build_prompt(["red circle", "blue star", "green star"], tokenizer, 64)] * 2
    batch = batch_prompts(prompts, tokenizer.pad)
    pixels, mask = torch.randn(2, 3, 64, 64), torch.ones(2, 64, 64, dtype=torch.bool)
    queries = make_denoising_queries(TARGETS, 2, 1.0, 0.5, torch.tensor([3, 3]))
    with torch.no_grad():
        plain = detector(pixels, mask, batch)
        more = detector(pixels, mask, batch, queries)
    torch.testing.assert_close(plain.boxes, more.boxes)
    torch.testing.assert_close(plain.logits, more.logits)
    assert more.denoising_boxes is not None
    assert more.denoising_boxes.shape[2] == queries.boxes.shape[1] if queries else False
