"""How deep a picture is: by the law of the engine, file by file."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.depths import REAL, WHOLE, depth_of, levels_of
from skillbank_engine.data.images import read_picture
from tests.grounding_dino.deep_files import png, tiff

_GREY = (np.add.outer(np.arange(30), np.arange(50)) * 11).astype("u2")
_COLOUR = np.stack([_GREY, _GREY * 2, _GREY * 3], -1)
_NONE = np.where(_GREY == 0, np.float32(np.nan), _GREY.astype("f4"))
_FILES: dict[str, Callable[[], bytes]] = {
    "grey.png": lambda: png(_GREY),
    "colour.png": lambda: png(_COLOUR),
    "said.png": lambda: png(_GREY, sbit=b"\x0c"),
    "spread.png": lambda: png(_GREY * 16, sbit=b"\x0c"),
    "said-colour.png": lambda: png(_COLOUR, sbit=b"\x0c\x0c\x0c"),
    "grey.tif": lambda: tiff(_GREY),
    "big-endian.tif": lambda: tiff(_GREY, order=">"),
    "colour.tif": lambda: tiff(_COLOUR),
    "largest.tif": lambda: tiff(_GREY, tags={341: ("H", 4095)}),
    "most.tif": lambda: tiff(_GREY, tags={281: ("H", 16383)}),
    "contradicted.tif": lambda: tiff(_GREY, tags={341: ("H", 255)}),
    "ome.tif": lambda: tiff(_GREY, tags={270: ("s", b'<Pixels SignificantBits="14"/>\0')}),
    "negative.tif": lambda: tiff(_GREY.astype("i4") - 400),
    "wide.tif": lambda: tiff(_GREY.astype("i4") * 1000),
    "real.tif": lambda: tiff(_GREY.astype("f4") / 7),
    "holes.tif": lambda: tiff(_NONE),
}


@pytest.mark.parametrize("name", _FILES)
def test_a_picture_is_as_deep_as_it_is_to_the_engine(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(_FILES[name]())
    scaling = read_picture(path).scaling
    assert scaling is not None
    depth = depth_of(path)
    assert depth.kind == scaling.kind and depth.least is not None and depth.most is not None
    levels = (depth.least, depth.most)
    if depth.kind in (WHOLE, REAL):
        levels = levels_of({depth.kind: levels})[depth.kind]
    assert levels == tuple(scaling.levels)


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "LA", "RGBA"])
def test_a_picture_of_8_bits_is_flat(tmp_path: Path, mode: str) -> None:
    file = BytesIO()
    Image.new(mode, (8, 8)).save(file, "PNG")
    (tmp_path / "p.png").write_bytes(file.getvalue())
    depth = depth_of(tmp_path / "p.png")
    assert (depth.kind, depth.least, depth.most) == ("", None, None)
