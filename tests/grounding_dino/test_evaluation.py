"""Scores and mAP against cases worked out by hand."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from skillbank_engine.data.coco import CocoTruth, EvaluationSet
from skillbank_engine.data.records import Record
from skillbank_engine.data.transforms import Resizing
from skillbank_engine.detection_metrics import average_precisions
from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.evaluation import measure
from skillbank_engine.families.grounding_dino.loss import LossWeights
from skillbank_engine.families.grounding_dino.predictor import Detection, Predictor, phrase_scores
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer, normalise_phrase

CPU = Compute(torch.device("cpu"), "fp32", 1)


def evaluation_set(
    annotations: list[dict[str, Any]], names: tuple[str, ...], pictures: int = 1
) -> EvaluationSet:
    document: CocoTruth = {
        "images": [{"id": number, "width": 100, "height": 100} for number in range(pictures)],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names)],
        "annotations": [
            {
                "id": number + 1,
                "image_id": entry["image_id"],
                "category_id": entry["category_id"],
                "bbox": entry["bbox"],
                "area": entry["bbox"][2] * entry["bbox"][3],
                "iscrowd": entry.get("iscrowd", 0),
            }
            for number, entry in enumerate(annotations)
        ],
    }
    records = tuple(Record(Path("x"), 100, 100, (), (), names) for _ in range(pictures))
    return EvaluationSet(records, tuple(range(pictures)), names, tuple(range(len(names))), document)


def test_map_by_hand() -> None:
    data = evaluation_set(
        [
            {"image_id": 0, "category_id": 0, "bbox": [0, 0, 40, 40]},
            {"image_id": 1, "category_id": 0, "bbox": [50, 50, 40, 40]},
            {"image_id": 0, "category_id": 1, "bbox": [60, 0, 20, 20]},
        ],
        ("cat", "dog", "fox"),
        pictures=2,
    )
    found = {
        0: [
            Detection(0, (0, 0, 40, 40), 0.9),
            # IoU 20 x 12 / 20 x 20 = 0.6 with the dog: right at .50, .55 and .60, wrong from .65 on.
            Detection(1, (60, 0, 80, 12), 0.8),
            Detection(2, (0, 0, 5, 5), 0.7),
        ],
        # One false alarm with a better score than the second cat's.
        1: [Detection(0, (0, 0, 10, 10), 0.6), Detection(0, (50, 50, 90, 90), 0.5)],
    }
    metrics = average_precisions(data, found)
    # Cats: precision 1 up to recall .5 (51 of 101 points), then 2/3.
    cats = (51 + 50 * 2 / 3) / 101
    assert metrics.per_class["cat"]["mAP50"] == pytest.approx(cats)
    assert metrics.per_class["cat"]["mAP"] == pytest.approx(cats)
    assert metrics.per_class["dog"]["mAP50"] == pytest.approx(1.0)
    assert metrics.per_class["dog"]["mAP"] == pytest.approx(3 / 10)
    # A category without a true box counts for nothing.
    assert set(metrics.per_class) == {"cat", "dog"}
    assert metrics.map50 == pytest.approx((cats + 1) / 2)
    assert metrics.map == pytest.approx((cats + 0.3) / 2)
    only = average_precisions(data, found, class_ids=[1])
    assert only.map50 == pytest.approx(1.0)
    assert set(only.per_class) == {"dog"}


def test_crowds_are_looked_past() -> None:
    data = evaluation_set(
        [
            {"image_id": 0, "category_id": 0, "bbox": [0, 0, 40, 40]},
            {"image_id": 0, "category_id": 1, "bbox": [60, 0, 20, 20], "iscrowd": 1},
        ],
        ("cat", "dog"),
    )
    found = {0: [Detection(0, (0, 0, 40, 40), 0.5), Detection(1, (60, 0, 80, 20), 0.9)]}
    metrics = average_precisions(data, found)
    assert metrics.map == pytest.approx(1.0)
    assert set(metrics.per_class) == {"cat"}


def test_nothing_found_is_zero() -> None:
    data = evaluation_set([{"image_id": 0, "category_id": 0, "bbox": [0, 0, 4, 4]}], ("cat",))
    assert average_precisions(data, {0: []}).map == 0.0


def test_scores_are_means_over_a_phrase() -> None:
    logits = torch.tensor([[[float("-inf"), 0.0, 2.0, -3.0]]])
    tokens = torch.tensor([[[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]])
    two, three = torch.sigmoid(torch.tensor([2.0, -3.0])).tolist()
    assert phrase_scores(logits, tokens)[0, 0].tolist() == pytest.approx([0.5, (two + three) / 2, 0.0])


def predictor(
    detector: Detector, tokenizer: PhraseTokenizer, phrases: list[str], select: int, most: int = 0
) -> Predictor:
    return Predictor(
        detector,
        tokenizer,
        phrases,
        resizing=Resizing(0, 64),
        mean=[0.5] * 3,
        std=[0.25] * 3,
        compute=CPU,
        num_select=select,
        prompt_phrases=most,
    )


def test_predictions_are_in_pixels_and_best_first(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    wanted = ["red circle", "blue star", "green star"]
    images = [Image.new("RGB", (300, 100), (200, 10, 10)), Image.new("RGB", (50, 80))]
    results = predictor(detector, tokenizer, wanted, 7).detect(images)
    assert [len(found) for found in results] == [7, 7]
    for found, image in zip(results, images, strict=True):
        scores = [item.score for item in found]
        assert scores == sorted(scores, reverse=True)
        for item in found:
            assert 0 <= item.box[0] <= item.box[2] <= image.width
            assert 0 <= item.box[1] <= item.box[3] <= image.height
    # One picture alone is seen as in company.
    alone = predictor(detector, tokenizer, wanted, 7).detect(images[:1])[0]
    assert [item.score for item in alone] == pytest.approx([item.score for item in results[0]], abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (1, 3000), (3, 200)])
def test_lines_and_points_are_pictures(
    detector: Detector, tokenizer: PhraseTokenizer, size: tuple[int, int]
) -> None:
    [found] = predictor(detector, tokenizer, ["red circle"], 5).detect([Image.new("RGB", size, "red")])
    assert len(found) == 5
    for item in found:
        assert 0 <= item.box[0] <= item.box[2] <= size[0] and 0 <= item.box[1] <= item.box[3] <= size[1]


def test_more_phrases_than_fit_into_one_prompt(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    many = [f"red thing number {number}" for number in range(40)]
    maker = predictor(detector, tokenizer, many, 480)
    assert len(maker.prompts) > 1
    found = maker.detect([Image.new("RGB", (64, 64))])[0]
    assert {item.phrase for item in found} == set(range(40))


def test_phrases_in_prompts_of_their_own_are_found_as_by_themselves(
    detector: Detector, tokenizer: PhraseTokenizer
) -> None:
    wanted = ["red circle", "blue star", "green star"]
    picture = Image.new("RGB", (64, 64), (200, 10, 10))
    (cut,) = predictor(detector, tokenizer, wanted, 36, 1).detect([picture])
    (whole,) = predictor(detector, tokenizer, wanted, 36).detect([picture])
    together = sorted(item.score for item in whole)
    for number, phrase in enumerate(wanted):
        (alone,) = predictor(detector, tokenizer, [phrase], 12).detect([picture])
        found = [item for item in cut if item.phrase == number]
        assert [item.score for item in found] == pytest.approx([item.score for item in alone], abs=1e-5)
    assert sorted(item.score for item in cut) != pytest.approx(together, abs=1e-5), "company matters to it"


def test_measuring_gives_the_loss_too(shapes: Path, detector: Detector, tokenizer: PhraseTokenizer) -> None:
    from types import SimpleNamespace

    from skillbank_engine.data.coco import read_evaluation_set

    source = SimpleNamespace(
        image_dir=str(shapes / "val" / "images"), json_file=str(shapes / "val" / "annotations.json")
    )
    data = read_evaluation_set(source, "val", naming=normalise_phrase)
    maker = predictor(detector, tokenizer, list(data.names), 100)
    metrics, found = measure(maker, data, 3, weights=LossWeights())
    assert metrics.loss > 0
    assert set(found) == set(data.image_ids)
    _, strict = measure(maker, data, 3, threshold=2.0)
    assert not any(strict.values())
