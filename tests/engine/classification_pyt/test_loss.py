"""The loss: that of transformers, its variants, and distances from a teacher."""

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from skillbank_engine.families.classification_pyt.architecture import Architecture, plain_config
from skillbank_engine.families.classification_pyt.data.samples import PictureBatch, mixed
from skillbank_engine.families.classification_pyt.loss import (
    ClassLoss,
    balanced_weights,
    correct_in,
    distance,
)
from skillbank_engine.families.classification_pyt.model import build_classifier
from skillbank_engine.library import AutoConfig

SIZES: dict[str, dict[str, Any]] = {
    "vit": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "image_size": 32,
        "patch_size": 8,
    },
    "resnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"},
    "swin": {"embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4, "image_size": 32},
}


def architecture(kind: str, classes: int = 4) -> Architecture:
    config = AutoConfig.for_model(kind, **SIZES[kind], num_labels=classes)
    return Architecture(kind, plain_config(config), 32, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


@pytest.mark.parametrize("kind", SIZES)
def test_the_loss_of_a_batch_is_that_of_transformers(kind: str) -> None:
    torch.manual_seed(0)
    classifier = build_classifier(architecture(kind), "abcd").eval()
    pixels = torch.randint(0, 256, (6, 3, 32, 32), dtype=torch.uint8)
    labels = torch.tensor([0, 1, 2, 3, 1, 0])
    ours = ClassLoss()(classifier(pixels), PictureBatch(pixels, labels)) / 6
    normalised = (pixels / 255 - classifier.mean) / classifier.std
    theirs = classifier.network(pixel_values=normalised, labels=labels).loss
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_smoothing_and_weights_are_torchs() -> None:
    torch.manual_seed(1)
    logits, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 2, 1])
    weights = (0.5, 1.5, 1.0)
    ours = ClassLoss(0.1, weights)(logits, PictureBatch(logits, labels))
    theirs = cross_entropy(logits, labels, torch.tensor(weights), reduction="sum", label_smoothing=0.1)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_pictures_without_a_class_have_no_part() -> None:
    logits = torch.randn(3, 4)
    some = ClassLoss(0.1)(logits, PictureBatch(logits, torch.tensor([2, -1, -1])))
    one = ClassLoss(0.1)(logits[:1], PictureBatch(logits[:1], torch.tensor([2])))
    assert some.item() == pytest.approx(one.item())


def test_balanced_classes_weigh_alike_and_one_on_average() -> None:
    counts = [10, 30, 0, 60]
    weights = balanced_weights(counts)
    assert weights[2] == 0
    assert (
        len({round(weight * count, 9) for weight, count in zip(weights, counts, strict=True) if count}) == 1
    )
    total = sum(weight * count for weight, count in zip(weights, counts, strict=True))
    assert total == pytest.approx(sum(counts))


@pytest.mark.parametrize("seed", range(6))
def test_a_mixture_is_as_much_of_each_as_its_shares_say(seed: int) -> None:
    pixels = torch.zeros(4, 3, 16, 16, dtype=torch.uint8)
    for number in range(4):
        pixels[number] = 60 * number
    batch = PictureBatch(pixels, torch.arange(4))
    made = mixed(batch, 1.0, seed)
    assert made.others is not None
    assert made.shares is not None
    means = made.pixels.mean((1, 2, 3))
    expected = 60 * (made.shares * made.labels + (1 - made.shares) * made.others)
    assert torch.allclose(means, expected, atol=1e-3)
    assert torch.equal(mixed(batch, 1.0, seed).pixels, made.pixels)
    assert torch.equal(batch.pixels, pixels)


def test_the_loss_of_a_mixture_is_the_mixture_of_the_losses() -> None:
    logits = torch.randn(2, 3)
    labels, others = torch.tensor([0, 1]), torch.tensor([2, 0])
    shares = torch.tensor([0.25, 0.25])
    both = ClassLoss()(logits, PictureBatch(logits, labels, others, shares))
    apart = [ClassLoss()(logits, PictureBatch(logits, each)) for each in (labels, others)]
    assert both.item() == pytest.approx(0.25 * apart[0].item() + 0.75 * apart[1].item(), rel=1e-6)


@pytest.mark.parametrize("kind", ["KL", "CE", "L1", "L2", "MSE"])
def test_a_student_who_answers_alike_is_nearest(kind: str) -> None:
    torch.manual_seed(2)
    teacher = torch.randn(4, 5)
    student = teacher.clone().requires_grad_()
    near = distance(kind, student, teacher)
    (slope,) = torch.autograd.grad(near, student)
    assert slope.abs().max() < 1e-5
    assert distance(kind, teacher + torch.randn(4, 5), teacher) > near


def test_the_divergence_is_torchs_sum_over_pictures() -> None:
    student, teacher = torch.randn(4, 5), torch.randn(4, 5)
    by_hand = (teacher.softmax(-1) * (teacher.log_softmax(-1) - student.log_softmax(-1))).sum()
    assert distance("KL", student, teacher).item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_ranks_count_the_most_likely() -> None:
    logits = torch.tensor([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [2.0, 3.0, 1.0]])
    labels = torch.tensor([0, 0, 0])
    assert correct_in(logits, labels, (1, 2, 3, 9)).tolist() == [1, 2, 3, 3]
