"""The engine's service: batches of what belongs together, an answer for every request, limits."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skillbank_engine.device import Compute
from skillbank_engine.errors import DataError
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint
from skillbank_engine.families.grounding_dino.commands.loading import (
    make_network,
    predictor_of,
    settle_with_model,
)
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.predictor import Predictor, without_repeats
from skillbank_engine.families.grounding_dino.serving import Reply, Service, Wish, read_wish
from skillbank_engine.uploads import decode
from tests.grounding_dino.conftest import checkpoint, tokenizer  # noqa: F401
from tests.grounding_dino.test_repeats import FOUND

Made = Callable[[Sequence[str]], Predictor]
USUAL = {"threshold": 0.0, "nms": 0.7, "across": 1.0}


@pytest.fixture(scope="module")
def predictors(checkpoint: Checkpoint) -> Made:  # noqa: F811
    torch.set_num_threads(1)
    compute = Compute(torch.device("cpu"), "fp32", 1)
    spec, _ = settle_with_model(
        build_spec("inference", {"inference": {"checkpoint": "x"}}), "inference", [], checkpoint
    )
    network, resizing = make_network(spec, checkpoint, compute)
    return lambda phrases: predictor_of(network, resizing, spec, checkpoint, phrases, compute)


def png(seed: int, size: tuple[int, int] = (60, 40)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def wish(number: int, picture: bytes, *descriptions: str, **more: object) -> Wish:
    return read_wish({"id": number, "descriptions": descriptions, **more}, picture, USUAL)


def answers(made: Made, wishes: Sequence[Wish], **options: float) -> dict[int, Reply]:
    """Answer all at once, from the moment when all of them wait."""
    got: dict[int, Reply] = {}

    def answer(reply: Reply) -> None:
        assert reply.number not in got, "answered once"
        got[reply.number] = reply

    service = Service(made, answer, most_pixels=100_000, batch_size=4, window=1.0, workers=2)
    for each in wishes:
        service.submit(each)
    service.close()
    service.run()
    assert got.keys() == {each.number for each in wishes}
    return got


def test_every_request_gets_what_it_would_get_alone(predictors: Made) -> None:
    wishes = [wish(n, png(n), "red circle", "Blue  star") for n in range(5)]
    got = answers(predictors, wishes)
    for each in wishes:
        alone = answers(predictors, [each])[each.number].document
        ours = got[each.number].document
        assert (ours["width"], ours["height"]) == (60, 40)
        assert {d["phrase"] for d in ours["detections"]} <= {"red circle", "Blue  star"}, "the words given"
        assert len(ours["detections"]) == len(alone["detections"]) > 0
        for mine, other in zip(ours["detections"], alone["detections"], strict=True):
            assert mine["score"] == pytest.approx(other["score"], abs=2e-4)
            assert mine["box"] == pytest.approx(other["box"], abs=0.02)


def test_equal_descriptions_and_sizes_make_batches(predictors: Made) -> None:
    same = [wish(n, png(n), "red circle") for n in range(4)]
    others = [wish(10, png(0), "blue star"), wish(11, png(0, (40, 40)), "red circle")]
    got = answers(predictors, [*same, *others])
    sizes = {number: reply.document["batch"] for number, reply in got.items()}
    assert sizes[10] == sizes[11] == 1
    assert max(sizes[n] for n in range(4)) > 1


def test_a_picture_that_is_none_does_not_disturb_the_others(predictors: Made) -> None:
    wishes = [wish(1, b"GIF89a?", "x"), wish(2, png(1), "red circle"), wish(3, png(1, (400, 400)), "x")]
    wishes.append(wish(4, png(2), "word " * 300))
    got = answers(predictors, wishes)
    assert got[1].document["error"]["code"] == "picture"
    assert "detections" in got[2].document
    assert got[3].document["error"] == {
        "code": "picture",
        "message": "of 400 x 400 pixels, more than the 0 million that are taken; shrink it",
    }
    assert got[4].document["error"]["code"] == "description"


def test_the_annotated_copy_comes_along(predictors: Made) -> None:
    reply = answers(predictors, [wish(1, png(1), "red circle", draw="JPEG")])[1]
    with Image.open(io.BytesIO(reply.picture)) as image:
        assert image.format == "JPEG" and image.width >= 480


def test_a_detector_that_fails_answers_too(predictors: Made) -> None:
    class Broken(Predictor):
        def run(self, images: Sequence[Image.Image]) -> list[object]:  # type: ignore[override]
            raise RuntimeError("out of memory")

    def made(phrases: Sequence[str]) -> Predictor:
        predictor = predictors(phrases)
        if phrases[0] == "broken":
            predictor.__class__ = Broken
        return predictor

    got = answers(made, [wish(1, png(1), "broken"), wish(2, png(1), "red circle")])
    assert "out of memory" in got[1].document["error"]["message"]
    assert "detections" in got[2].document


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    file = io.BytesIO()
    Image.new("1", (6_000, 6_000)).save(file, format="PNG")
    assert len(file.getvalue()) < 10_000
    with pytest.raises(DataError, match="pixels, more than"):
        decode(file.getvalue(), 1_000_000)


def test_formats_that_run_other_programs_are_no_pictures() -> None:
    with pytest.raises(DataError, match="no picture"):
        decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", 1_000_000)


def test_pictures_are_turned_upright() -> None:
    image, file = Image.new("RGB", (30, 10)), io.BytesIO()
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(file, format="JPEG", exif=exif)
    assert decode(file.getvalue(), 1_000_000).image.size == (10, 30)


@given(found=FOUND, most=st.floats(0.1, 1), threshold=st.floats(0, 1))
def test_a_threshold_may_be_moved_after_the_repeats_are_gone(
    found: list[object], most: float, threshold: float
) -> None:
    later = [d for d in without_repeats(found, most) if d.score >= threshold]  # type: ignore[arg-type]
    assert later == without_repeats([d for d in found if d.score >= threshold], most)  # type: ignore[attr-defined, misc]
