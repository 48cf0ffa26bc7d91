"""Tiles as they are asked for: the words that are taken, and what the engine answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from skillbank.errors import UsageError
from skillbank.labelling.engine import Engine
from skillbank.labelling.tiles import checked_tiles


def test_words_of_tiles() -> None:
    assert [checked_tiles(said) for said in ("auto", " OFF ", "640X480", "64\u00d764")] == [
        "auto", "off", "640x480", "64x64",
    ]  # fmt: skip
    for said in ("", "on", "10x10", "640", "0x0", "640x480x3", "-1x5", "999999x9"):
        with pytest.raises(UsageError, match="no way to cut pictures into tiles"):
            checked_tiles(said)


@pytest.mark.slow
def test_tiles_add_to_what_the_whole_picture_shows(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.effect_noise((400, 300), 80).convert("RGB").save(path)
    data, words = path.read_bytes(), ["red circle", "blue star"]
    whole = engine.ask(data, words, threshold=0.05).result(120).document
    tiled = engine.ask(data, words, threshold=0.05, tiles="64x64").result(120).document
    again = engine.ask(data, words, threshold=0.05, tiles="64x64").result(120).document
    drawn = engine.ask(data, words, threshold=0.05, tiles="64x64", draw="PNG").result(120)
    assert tiled["detections"] == again["detections"] == drawn.document["detections"] and drawn.picture
    assert len(tiled["detections"]) > len(whole["detections"])
    assert (tiled["width"], tiled["height"]) == (400, 300)
    for item in tiled["detections"]:
        left, top, right, bottom = item["box"]
        assert 0 <= left <= right <= 400 and 0 <= top <= bottom <= 300
