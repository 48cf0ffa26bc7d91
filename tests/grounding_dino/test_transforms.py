"""Views of pictures, sampled prompts, batches."""

import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.image_transforms import get_size_with_aspect_ratio
from transformers.models.grounding_dino.image_processing_pil_grounding_dino import (
    GroundingDinoImageProcessorPil,
)

from skillbank_engine.data.cache import PictureCache
from skillbank_engine.data.records import Record
from skillbank_engine.data.transforms import (
    Resizing,
    TrainingTransform,
    View,
    image_tensor,
    normalise,
    pad_images,
)
from skillbank_engine.errors import DataError
from skillbank_engine.families.grounding_dino.data.loading import Collator, TrainingSamples
from skillbank_engine.families.grounding_dino.data.odvg import TrainingSet
from skillbank_engine.families.grounding_dino.data.sampling import (
    VARIED,
    PromptLengths,
    SampledPrompt,
    sample_prompt,
)
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.training.loading import EpochBatches, SeededSamples, make_loader

FULL = TrainingTransform(0, (48, 64), 96, (40, 50), 24, 40, 0.5)


def marked(width: int, height: int) -> View:
    """A black picture with one white rectangle, boxed exactly."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[10:20, 8:28] = 255
    return View(Image.fromarray(pixels), np.array([[8.0, 10.0, 28.0, 20.0]]), (0,))


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_boxes_stay_on_their_objects(seed: int) -> None:
    view = FULL.vary(marked(60, 50), ["thing"], random.Random(seed))
    assert max(view.image.size) <= 97
    bright = np.asarray(view.image)[:, :, 0] > 127
    for x1, y1, x2, y2 in view.boxes:
        inside = bright[round(y1) : round(y2), round(x1) : round(x2)]
        assert inside.mean() > 0.8
        assert inside.sum() >= bright.sum() * 0.8
    if not len(view.boxes):
        assert view.indices == ()


def test_sided_words_are_never_mirrored() -> None:
    always = TrainingTransform(64, (), 0, (), 0, 0, 1.0)
    plain, sided = marked(64, 64), marked(64, 64)
    assert always.vary(plain, ["a cat"], random.Random(0)).boxes[0, 0] == 64 - 28
    assert always.vary(sided, ["the left cat"], random.Random(0)).boxes[0, 0] == 8


def test_resizing_keeps_the_aspect() -> None:
    assert Resizing(800, 1333).size(640, 480) == (1066, 800)
    assert Resizing(800, 1333).size(2000, 500) == (1333, 333)
    assert Resizing(0, 128).size(640, 480) == (128, 96)
    assert Resizing(0, 128).size(64, 64) == (128, 128)


@given(st.integers(1, 9000), st.integers(1, 9000), st.sampled_from([(800, 1333), (640, 640), (511, 1024)]))
def test_sides_are_those_of_the_released_models_processor(
    width: int, height: int, bounds: tuple[int, int]
) -> None:
    theirs = get_size_with_aspect_ratio((height, width), *bounds)[::-1]
    # It leaves a picture alone whose shorter side happens to stay, however long the other is.
    assume(theirs != (width, height) or min(width, height) == bounds[0])
    assert Resizing(*bounds).size(width, height) == tuple(max(1, side) for side in theirs)


def test_pixels_are_those_of_the_released_models_processor() -> None:
    processor = GroundingDinoImageProcessorPil()
    for size in ((1280, 960), (500, 333), (2000, 500), (333, 1000)):
        image = Image.effect_noise(size, 80).convert("RGB")
        theirs = processor(images=image, return_tensors="pt")["pixel_values"]
        seen = Resizing(800, 1333).apply(View(image, np.zeros((0, 4)), ())).image
        ours = normalise(*pad_images([image_tensor(seen)]), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        torch.testing.assert_close(ours, theirs)


def test_padding_and_normalising() -> None:
    small, large = torch.full((3, 2, 3), 255, dtype=torch.uint8), torch.zeros(3, 4, 2, dtype=torch.uint8)
    pixels, mask = pad_images([small, large])
    assert pixels.shape == (2, 3, 4, 4)
    assert mask is not None and mask.sum((1, 2)).tolist() == [6, 8]
    values = normalise(pixels, mask, [0.5, 0.5, 0.5], [0.25, 0.25, 0.25])
    assert float(values[0, 0, 0, 0]) == pytest.approx(2.0)
    assert float(values[0, 0, 3, 0]) == 0.0
    assert float(values[1, 2, 3, 1]) == pytest.approx(-2.0)
    assert pad_images([large[:, :, :1].expand(3, 4, 4)])[1] is None
    # Of one pixel's width or height, which no backbone takes.
    line, truth = pad_images([torch.zeros(3, 1, 9, dtype=torch.uint8)])
    assert line.shape == (1, 3, 4, 9) and truth is not None and int(truth.sum()) == 9
    assert pad_images([small], (8, 9))[0].shape == (1, 3, 8, 9)


def record(phrases: tuple[str, ...], absent: tuple[str, ...]) -> Record:
    return Record(Path("x.png"), 10, 10, ((0.0, 0.0, 1.0, 1.0),) * len(phrases), phrases, absent)


@given(st.integers(0, 10**6), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_sampled_prompts_hold_what_they_say(seed: int, most: int) -> None:
    tokenizer = PHRASES
    entry = record(
        ("red star", "blue star", "red star"), ("red star", "green circle", "blue circle", "red circle")
    )
    sampled = sample_prompt(entry, most, tokenizer, 64, random.Random(seed))
    names = sampled.prompt.phrases
    assert len(names) == min(most, 5)
    assert len(set(names)) == len(names)
    for index, phrase in zip(sampled.kept, sampled.phrases, strict=True):
        assert names[phrase] == entry.phrases[index]
    if most >= 2:
        assert sampled.kept == (0, 1, 2)


def test_prompts_of_pictures_with_nothing_named() -> None:
    sampled = sample_prompt(record((), ()), 5, PHRASES, 64, random.Random(0))
    assert sampled.prompt.phrases == ("object",)
    assert sampled.kept == ()
    # A prompt too short for all phrases leaves some boxes out instead of failing.
    tight = sample_prompt(record(("red star", "blue star"), ()), 5, PHRASES, 6, random.Random(0))
    assert len(tight.prompt.phrases) == len(tight.kept) == 1


def vary(entry: Record, most: int, count: int, tokens: int = 64) -> list[SampledPrompt]:
    return [
        sample_prompt(entry, most, PHRASES, tokens, random.Random(seed), varied=True) for seed in range(count)
    ]


@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(6, 64))
@settings(max_examples=60, deadline=None)
def test_varied_prompts_ask_for_some_and_keep_all_boxes_of_these(seed: int, most: int, tokens: int) -> None:
    entry = record(
        ("red star", "blue star", "red star"), ("red star", "green circle", "blue circle", "red circle")
    )
    sampled = sample_prompt(entry, most, PHRASES, tokens, random.Random(seed), varied=True)
    names = sampled.prompt.phrases
    assert 1 <= len(names) <= min(most, 5)
    assert len(set(names)) == len(names)
    assert len(sampled.prompt.token_ids) <= tokens
    assert sampled.kept == tuple(index for index, phrase in enumerate(entry.phrases) if phrase in names)
    assert [names[place] for place in sampled.phrases] == [entry.phrases[index] for index in sampled.kept]


def test_varied_prompts_are_of_every_length_with_and_without_something_to_find() -> None:
    absent = tuple(f"green thing {number}" for number in range(8))
    entry = record(("red star", "blue star"), absent)
    sampled = vary(entry, 50, 2000, 256)
    lengths = [len(item.prompt.phrases) for item in sampled]
    assert set(lengths) == set(range(1, 11))
    alone = [bool(item.kept) for item in sampled if len(item.prompt.phrases) == 1]
    # ln 2 / ln 11 of all; half of them are of something that is there: five standard deviations.
    assert len(alone) == pytest.approx(578, abs=102)
    assert sum(alone) == pytest.approx(len(alone) / 2, abs=2.5 * len(alone) ** 0.5)
    assert all(len(item.kept) == 2 for item in sampled if len(item.prompt.phrases) == 10)
    assert max(len(item.prompt.phrases) for item in vary(entry, 4, 200, 256)) == 4
    # Where nothing is, or nothing else could be, that alone is asked for.
    assert {item.prompt.phrases for item in vary(record((), ("red star",)), 5, 5)} == {("red star",)}
    assert {item.kept for item in vary(record(("red star",), ("red star",)), 5, 5)} == {(0,)}
    assert vary(record((), ()), 5, 1)[0].prompt.phrases == ("object",)


def test_prompts_vary_in_the_last_share_of_a_training() -> None:
    def chances(share: float, epochs: int) -> list[float]:
        return [PromptLengths(share, epochs).varied(epoch) / VARIED for epoch in range(epochs)]

    assert chances(0.3, 10) == pytest.approx([0] * 7 + [1] * 3)
    assert chances(0.25, 10) == pytest.approx([0] * 7 + [0.5, 1, 1])
    assert chances(0, 3) == [0, 0, 0]
    assert chances(1, 3) == [1, 1, 1]
    # A training of one epoch varies as large a share of it.
    assert chances(0.3, 1) == pytest.approx([0.3])


PHRASES = PhraseTokenizer(())


@pytest.fixture(autouse=True)
def _phrases(tokenizer: PhraseTokenizer) -> None:
    object.__setattr__(PHRASES, "vocabulary", tokenizer.vocabulary)


def samples(folder: Path, tokenizer: PhraseTokenizer, cache: int = 0) -> TrainingSamples:
    records = []
    for number in range(5):
        path = folder / f"{number}.png"
        Image.new("RGB", (20 + number, 16), (number * 40, 0, 0)).save(path)
        records.append(Record(path, 20 + number, 16, ((2.0, 2.0, 10.0, 8.0),), ("red star",), ("blue star",)))
    data = TrainingSet(tuple(records), ("red star", "blue star"), ())
    transform = TrainingTransform(32, (), 0, (), 0, 0, 0.5)
    return TrainingSamples(
        data,
        tokenizer,
        transform,
        max_labels=5,
        max_tokens=64,
        lengths=PromptLengths(0.5, 4),
        collator=Collator(tokenizer.pad),
        cache_bytes=cache,
    )


def test_samples_depend_on_epoch_and_index_alone(tmp_path: Path, tokenizer: PhraseTokenizer) -> None:
    plain, cached = samples(tmp_path, tokenizer), samples(tmp_path, tokenizer, 10**6)
    for key in [(0, 3), (1, 3), (0, 3), (0, 0)]:
        first, second = SeededSamples(plain, 1)[key], SeededSamples(cached, 1)[key]
        assert torch.equal(first.pixels, second.pixels)
        assert torch.equal(first.boxes, second.boxes)
        assert first.prompt == second.prompt
    batches = EpochBatches(5, 2, seed=1)
    loaded = {}
    for workers in (0, 1):
        batches.start(2, skip=1)
        loader = make_loader(plain, batches, 2, 1, workers=workers)
        loaded[workers] = [part for [batch] in loader for part in (batch.pixels, batch.prompts.token_ids)]
        assert len(loader) == 2
    assert all(torch.equal(one, two) for one, two in zip(loaded[0], loaded[1], strict=True))


def test_what_loader_processes_decode_in_one_epoch_they_need_not_in_the_next(
    tmp_path: Path, tokenizer: PhraseTokenizer
) -> None:
    data, batches = samples(tmp_path, tokenizer, 10**6), EpochBatches(5, 2, seed=1)
    loader = make_loader(data, batches, 2, 1, workers=2)
    batches.start(1)
    before = list(loader)
    for path in tmp_path.iterdir():
        path.unlink()
    after = list(loader)
    assert len(before) == len(after) == 3
    for [first], [second] in zip(before, after, strict=True):
        assert torch.equal(first.pixels, second.pixels)
        assert torch.equal(first.targets.boxes, second.targets.boxes)
    # Another interpreter shares no memory and starts with nothing.
    with pytest.raises(DataError, match="does not exist"):
        SeededSamples(pickle.loads(pickle.dumps(data)), 1)[1, 0]


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=6), st.integers(0, 900))
def test_a_cache_gives_back_what_it_has_room_for(sizes: list[tuple[int, int]], most: int) -> None:
    cache = PictureCache(sizes, most)
    pictures = [Image.effect_noise(size, 100).convert("RGB") for size in sizes]
    assert all(cache.get(number) is None for number in range(len(sizes)))
    for number, picture in reversed(list(enumerate(pictures))):
        cache.put(number, picture)
    used = 0
    for number, picture in enumerate(pictures):
        size, kept = picture.width * picture.height * 3, cache.get(number)
        assert (kept is not None) == (used + size <= most)
        if kept is not None:
            used += size
            assert kept.tobytes() == picture.tobytes()


def test_epochs_are_shuffled_and_complete() -> None:
    batches = EpochBatches(7, 3, seed=1)
    orders = []
    for epoch in range(2):
        batches.start(epoch)
        flat = [index for batch in batches for _, index in batch]
        assert sorted(flat) == list(range(7))
        orders.append(flat)
    assert orders[0] != orders[1]
    # One pass over both, as trainings make it: from the second batch of the first on.
    batches.start(0, 1, 2)
    found = list(batches)
    assert len(found) == len(batches) == 5
    assert [index for batch in found for _, index in batch] == orders[0][3:] + orders[1]
    assert {epoch for batch in found[2:] for epoch, _ in batch} == {1}


def test_wrongly_annotated_sizes_are_refused(tmp_path: Path, tokenizer: PhraseTokenizer) -> None:
    data = samples(tmp_path, tokenizer)
    Image.new("RGB", (9, 9)).save(tmp_path / "2.png")
    with pytest.raises(DataError, match=r"2.png is 9 x 9 pixels but annotated as 22 x 16"):
        SeededSamples(data, 1)[0, 2]
    (tmp_path / "2.png").write_bytes(b"?")
    with pytest.raises(DataError, match=r"2.png is no picture"):
        SeededSamples(data, 1)[0, 2]


def test_pixels_arrive_as_they_are() -> None:
    image = Image.new("RGB", (3, 2), (1, 2, 3))
    assert image_tensor(image)[:, 1, 2].tolist() == [1, 2, 3]
