"""Small pictures: as they are held, of what they are made, and how much is read for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.thumbnails import _Deep, _read, thumbnails
from tests.datasets.reading import picture
from tests.grounding_dino.deep_files import png


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_shown_as_it_is_held(tmp_path: Path, orientation: int) -> None:
    [small] = thumbnails([picture(tmp_path / "a.jpg", (400, 200), orientation=orientation)], 50).pictures
    assert small is not None
    upright = (400, 200) if orientation < 5 else (200, 400)
    assert (small.width, small.height) == upright
    assert small.image.size == tuple(side // 8 for side in upright)
    assert small.data_uri().startswith("data:image/jpeg;base64,/9j/")


def test_what_cannot_be_read_is_none_and_what_is_clear_is_white(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"x")
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    found = thumbnails([None, tmp_path / "broken.jpg", tmp_path / "clear.png"], 8)
    assert found.pictures[:2] == [None, None] and (found.deep, found.ends) == (0, None)
    assert found.pictures[2] is not None and found.pictures[2].image.getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(("width", "thinned"), [(40, 40), (41, 41), (79, 79), (80, 40), (120, 40), (400, 40)])
def test_a_deep_picture_is_thinned_to_twice_its_small_size_and_no_further(
    tmp_path: Path, width: int, thinned: int
) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(png(np.arange(width * 30, dtype="u2").reshape(30, width) * 5))
    read = _read(path, 20)
    assert isinstance(read, _Deep) and (read.width, read.height) == (width, 30)
    assert read.numbers.shape[1] == thinned
    found = thumbnails([path, path], 20)
    assert found.deep == 2 and found.ends is not None
    assert found.pictures[0] is not None and max(found.pictures[0].image.size) == 20
    assert thumbnails([path], 20, levels=(0.0, 9.0)).ends == (0.0, 9.0)
