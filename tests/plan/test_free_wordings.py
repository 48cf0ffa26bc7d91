"""Orders as people write them freely: whose wish it is, which model is meant, what is compared."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.requests.answers import Answer, answer

from skillbank import Runtime

CLASSIFIER = "tao-train-image-classification"
FINDER, DETECTOR, MASKER = "tao-train-grounding-dino", "tao-train-rtdetr", "tao-train-segformer"
READ: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Please run the image classifier on /p with the checkpoint from the last training.":
        (CLASSIFIER, "inference", {"parent": "last:train"}),
    "evaluate the image classifier on /p from the last training":
        (CLASSIFIER, "evaluate", {"parent": "last:train"}),
    "I want the classifier trained on /p a second time with AutoML off":
        (CLASSIFIER, "train", {"policy": "off"}),
    "image classifier on /p, 4 epochs, automl off": (CLASSIFIER, "train", {"policy": "off"}),
    "Beekeeper from Slovenia. Please label mites in /p": (FINDER, "inference", {"captions": ["mites"]}),
    "Label carts in /p. The pickers send those from their phones, so quality varies.":
        (FINDER, "inference", {"captions": ["carts"]}),
    "She would like the image classifier trained on /p without HPO":
        (CLASSIFIER, "train", {"policy": "off"}),
    "Our wildlife trust would like RT-DETR trained on /p: AutoML off.": (DETECTOR, "train", {}),
    "The director wants SegFormer evaluated on /p with the last training's checkpoint":
        (MASKER, "evaluate", {"parent": "last:train"}),
    "I'd be glad if someone labelled cracks in /p": (FINDER, "inference", {"captions": ["cracks"]}),
    "I have pictures in /p and would be obliged if you labelled every robin in them.":
        (FINDER, "inference", {"captions": ["robin"]}),
    "Run please RT-DETR on /p, checkpoint job 91f3ce": (DETECTOR, "inference", {"parent": "91f3ce"}),
    "Let the image classifier go over /p, job e4b815": (CLASSIFIER, "inference", {"parent": "e4b815"}),
    "Send /p through SegFormer, job f16b02": (MASKER, "inference", {"parent": "f16b02"}),
    "One pass with RT-DETR over /p, checkpoint job 91f3ce": (DETECTOR, "inference", {"parent": "91f3ce"}),
    "RT-DETR goes over /p, checkpoint job 91f3ce": (DETECTOR, "inference", {"parent": "91f3ce"}),
    "rt-detr on /p for inference, checkpoint from job 91f3ce": (DETECTOR, "inference", {"parent": "91f3ce"}),
    "Our order: SegFormer trained on /p, 45 epochs, no AutoML": (MASKER, "train", {"policy": "off"}),
    "Third and last run: Grounding DINO, /p, 12 epochs, no HPO": (FINDER, "train", {"parent": None}),
    "Kindly evaluate RT-DETR on /p with job 91f3ce. This is the last one for today.":
        (DETECTOR, "evaluate", {"parent": "91f3ce"}),
    "train segformer on /p, learning rate point zero zero one":
        (MASKER, "train", {"set": {"train.optim.lr": 0.001}}),
    "train SegFormer on /p with AutoML, asha as the algorithm":
        (MASKER, "train", {"set": {"automl.algorithm": "asha"}}),
}  # fmt: skip
ASKED = [
    "label cars in batch 8 in ./x",
    "Prelabel batch 8 for the vendor: label cars in ./batch_8",
    "train an image classifier on data/x, the segmentation one",
    "RT-DETR on data/x, not for inference",
    "one pass over data/x with RT-DETR",
    "train RT-DETR on data/x and the folder beside it",
]


def understood(read: Answer) -> bool:
    return not any(q.of_reading for plan in read.plans for q in plan.asked)


@pytest.mark.parametrize("text", READ)
def test_orders_are_read_however_they_are_worded(own_bank: Runtime, text: str) -> None:
    read = answer(own_bank, text)
    [plan] = read.plans
    skill, action, said = READ[text]
    assert (plan.slots["skill"], plan.slots["action"], understood(read)) == (skill, action, True), read
    assert {key: plan.slots[key] for key in said} == said


@pytest.mark.parametrize("text", ASKED)
def test_what_is_said_of_something_else_asks(own_bank: Runtime, text: str) -> None:
    read = answer(own_bank, text)
    assert read.refused or not understood(read), read


def test_jobs_without_data_are_compared_by_their_command(own_bank: Runtime) -> None:
    read = answer(own_bank, "compare jobs 4c8e1a and c25a97 side by side")
    assert read.refused == "out_of_scope" and "compare" in read.message


@pytest.mark.parametrize(
    "text", ["train Foonet on /p", "train Mask R-CNN on /p", "label cars in /p with Foonet"]
)
def test_a_model_that_nobody_has_is_still_refused(own_bank: Runtime, text: str) -> None:
    assert answer(own_bank, text).refused == "no_skill"
