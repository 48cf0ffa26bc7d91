"""The loss: nothing left to complain about where predictions are perfect, and the same in any company."""

import pytest
import torch
from torch import Tensor

from skillbank_engine.families.grounding_dino.denoising import make_denoising_queries
from skillbank_engine.families.grounding_dino.detector import Detector, DetectorOutput
from skillbank_engine.families.grounding_dino.loss import LossWeights, detection_loss, token_focal_loss
from skillbank_engine.families.grounding_dino.prompt import Prompt, batch_prompts, build_prompt
from skillbank_engine.families.grounding_dino.targets import TargetBatch, batch_targets
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer

LAYERS, QUERIES = 3, 9


def prompts_and_targets(tokenizer: PhraseTokenizer) -> tuple[list[Prompt], TargetBatch]:
    """Two pictures with prompts of different lengths, so that a shared offset would go wrong."""
    prompts = [
        build_prompt(["red circle", "blue star"], tokenizer, 64),
        build_prompt(["green star", "red square", "purple circle", "blue triangle"], tokenizer, 64),
    ]
    boxes = [
        torch.tensor([[0.2, 0.3, 0.1, 0.2], [0.7, 0.6, 0.2, 0.2], [0.4, 0.8, 0.1, 0.1]]),
        torch.tensor([[0.5, 0.5, 0.3, 0.3], [0.8, 0.2, 0.2, 0.1]]),
    ]
    return prompts, batch_targets(boxes, [torch.tensor([1, 0, 1]), torch.tensor([3, 2])])


def perfect_output(targets: TargetBatch, phrase_tokens: Tensor, token_mask: Tensor) -> DetectorOutput:
    """Outputs that hold every true box once, each layer in another order, and nothing else."""
    wanted = targets.token_targets(phrase_tokens)
    batch, most, length = wanted.shape
    logits = torch.full((LAYERS + 1, batch, QUERIES, length), -25.0)
    boxes = torch.rand(LAYERS + 1, batch, QUERIES, 4) * 0.1 + 0.45
    for layer in range(LAYERS + 1):
        for picture in range(batch):
            order = torch.randperm(QUERIES)[:most]
            for target in range(most):
                if targets.valid[picture, target]:
                    logits[layer, picture, order[target]] = (wanted[picture, target] * 2 - 1) * 25.0
                    boxes[layer, picture, order[target]] = targets.boxes[picture, target]
    logits = logits.masked_fill(~token_mask[None, :, None, :], float("-inf"))
    return DetectorOutput(logits[:-1], boxes[:-1], logits[-1], boxes[-1])


def test_perfect_predictions_in_shuffled_order_cost_nothing(tokenizer: PhraseTokenizer) -> None:
    torch.manual_seed(1)
    prompts, targets = prompts_and_targets(tokenizer)
    batch = batch_prompts(prompts, tokenizer.pad)
    output = perfect_output(targets, batch.phrase_tokens, batch.token_mask)
    output.logits.requires_grad_()
    output.boxes.requires_grad_()
    losses = detection_loss(output, targets, batch.phrase_tokens, LossWeights())
    names = [f"decoder_{number}" for number in range(LAYERS)] + ["encoder"]
    for name in names:
        assert float(losses[f"{name}_class"]) < 1e-6
        assert float(losses[f"{name}_l1"]) < 1e-6
        assert float(losses[f"{name}_giou"]) < 1e-4
    losses["loss"].backward()  # type: ignore[no-untyped-call]
    assert output.logits.grad is not None
    assert float(output.logits.grad.abs().max()) < 1e-6


def test_a_wrong_phrase_costs_in_every_output(tokenizer: PhraseTokenizer) -> None:
    torch.manual_seed(1)
    prompts, targets = prompts_and_targets(tokenizer)
    batch = batch_prompts(prompts, tokenizer.pad)
    output = perfect_output(targets, batch.phrase_tokens, batch.token_mask)
    wrong = TargetBatch(targets.boxes, (targets.phrases + 1) % 2, targets.valid)
    losses = detection_loss(output, wrong, batch.phrase_tokens, LossWeights())
    assert all(float(value) > 1 for name, value in losses.items() if name.endswith("_class"))


def detect(detector: Detector, prompts: list[Prompt], pixels: Tensor, pad: int) -> DetectorOutput:
    mask = torch.ones(len(pixels), *pixels.shape[-2:], dtype=torch.bool)
    output: DetectorOutput = detector(pixels, mask, batch_prompts(prompts, pad))
    return output


def test_a_batch_costs_as_much_as_its_pictures_one_by_one(
    detector: Detector, tokenizer: PhraseTokenizer
) -> None:
    detector.eval().requires_grad_(False)
    prompts, targets = prompts_and_targets(tokenizer)
    pixels = torch.randn(2, 3, 64, 64)
    together = detection_loss(
        detect(detector, prompts, pixels, tokenizer.pad),
        targets,
        batch_prompts(prompts, tokenizer.pad).phrase_tokens,
        LossWeights(),
    )
    alone = []
    for row in range(2):
        kept = targets.valid[row]
        single = batch_targets([targets.boxes[row][kept]], [targets.phrases[row][kept]])
        output = detect(detector, prompts[row : row + 1], pixels[row : row + 1], tokenizer.pad)
        tokens = batch_prompts(prompts[row : row + 1], tokenizer.pad).phrase_tokens
        losses = detection_loss(output, single, tokens, LossWeights())
        alone.append({name: value * single.count for name, value in losses.items()})
    for name, value in together.items():
        expected = sum(float(part[name]) for part in alone) / targets.count
        assert float(value) == pytest.approx(expected, rel=2e-4), name


def test_every_trained_part_gets_a_gradient(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    torch.manual_seed(0)
    prompts, targets = prompts_and_targets(tokenizer)
    batch = batch_prompts(prompts, tokenizer.pad)
    queries = make_denoising_queries(targets, 2, 1.0, 0.5, torch.tensor([2, 4]))
    mask = torch.ones(2, 64, 64, dtype=torch.bool)
    output = detector(torch.randn(2, 3, 64, 64), mask, batch, queries)
    losses = detection_loss(output, targets, batch.phrase_tokens, LossWeights(), queries)
    assert {"encoder_class", "decoder_1_l1", "denoising_giou"} <= set(losses)
    losses["loss"].backward()  # type: ignore[no-untyped-call]
    heads = detector.network.model
    assert float(heads.encoder_output_class_embed.bias.grad.abs()) > 0
    assert float(heads.encoder_output_bbox_embed.layers[-1].weight.grad.abs().sum()) > 0
    assert float(heads.enc_output.weight.grad.abs().sum()) > 0
    for name, parameter in detector.named_parameters():
        # Keys' biases shift all scores of a query alike; the embedding holds rows that no prompt used.
        assert parameter.grad is not None, name


def test_encoder_loss_alone_reaches_the_encoder_heads(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    prompts, _ = prompts_and_targets(tokenizer)
    output = detect(detector, prompts, torch.randn(2, 3, 64, 64), tokenizer.pad)
    total = output.encoder_logits[torch.isfinite(output.encoder_logits)].sum() + output.encoder_boxes.sum()
    total.backward()  # type: ignore[no-untyped-call]
    head = detector.network.model.encoder_output_bbox_embed.layers[-1]
    assert float(head.weight.grad.abs().sum()) > 0


def test_weights_switch_parts_off(tokenizer: PhraseTokenizer) -> None:
    torch.manual_seed(2)
    prompts, targets = prompts_and_targets(tokenizer)
    batch = batch_prompts(prompts, tokenizer.pad)
    output = perfect_output(targets, batch.phrase_tokens, batch.token_mask)
    output = DetectorOutput(
        output.logits * 0.1, output.boxes * 0.9, output.encoder_logits, output.encoder_boxes
    )

    def total(weights: LossWeights) -> float:
        return float(detection_loss(output, targets, batch.phrase_tokens, weights)["loss"])

    everything = total(LossWeights())
    last = detection_loss(output, targets, batch.phrase_tokens, LossWeights(auxiliary=False))
    assert "decoder_0_class" not in last
    assert float(last["loss"]) < everything
    assert total(LossWeights(class_terms=False)) < everything
    assert total(LossWeights(class_terms=False, box_terms=False)) == 0
    assert total(LossWeights(encoder=0.0)) == pytest.approx(everything, abs=1e-3)


def test_focal_loss_by_hand() -> None:
    logits = torch.tensor([0.0, 0.0, float("-inf")])
    loss = token_focal_loss(logits, torch.tensor([1.0, 0.0, 0.0]), 0.25, 2.0)
    half = torch.log(torch.tensor(2.0)) * 0.25
    torch.testing.assert_close(loss, torch.stack([half * 0.25, half * 0.75, torch.tensor(0.0)]))


def test_pictures_without_boxes_teach_silence(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    detector.requires_grad_(False)
    prompt = build_prompt(["red circle"], tokenizer, 64)
    nothing = batch_targets([torch.zeros(0, 4)], [torch.zeros(0, dtype=torch.int64)])
    output = detect(detector, [prompt], torch.randn(1, 3, 64, 64), tokenizer.pad)
    tokens = batch_prompts([prompt], tokenizer.pad).phrase_tokens
    losses = detection_loss(output, nothing, tokens, LossWeights())
    assert float(losses["loss"]) > 0
    assert float(losses["decoder_0_l1"]) == 0
    assert make_denoising_queries(nothing, 3, 1.0, 0.5, torch.tensor([1])) is None
