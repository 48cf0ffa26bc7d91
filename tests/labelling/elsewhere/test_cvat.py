"""CVAT's function, by the package of CVAT: its own classes check what ours declares and returns."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skillbank import Runtime
from skillbank.errors import PlatformError, UsageError
from skillbank.labelling.elsewhere.cvat import CvatFunction, create
from skillbank.labelling.elsewhere.search import Search
from skillbank.sets.model import ClassSpec, SetNotFoundError
from tests.labelling.models import write_picture

CLASSES = "round = red circle | blue circle . square = red square | not green square"


@dataclass
class Context:
    """What CVAT says of a frame."""

    frame_name: str = "frame.png"
    conf_threshold: float | None = None
    conv_mask_to_poly: bool = False


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))


@pytest.fixture
def function(tiny: Path) -> Iterator[CvatFunction]:
    pytest.importorskip("cvat_sdk", reason="cvat-sdk comes with the extra dev")
    made = create(CLASSES, str(tiny), threshold=0.05)
    yield made
    made.close()


def remapped(function: CvatFunction, shapes: list[Any]) -> list[Any]:
    """Return the shapes as CVAT's own driver takes them for a task whose labels are 70 and 80."""
    from cvat_sdk import models
    from cvat_sdk.auto_annotation import driver

    labels = [models.Label(name="square", type="rectangle"), models.Label(name="round", type="any")]
    for label, number in zip(labels, (70, 80), strict=True):
        label._data_store |= {"id": number, "attributes": [], "sublabels": []}
    mapper = driver._AnnotationMapper(
        logging.getLogger("test"),
        function.spec.labels,
        labels,
        allow_unmatched_labels=False,
        conv_mask_to_poly=False,
    )
    _, found = mapper.validate_and_remap(shapes, 3)
    return list(found)


@pytest.mark.slow
def test_cvat_takes_what_it_declares_and_returns(function: CvatFunction, tmp_path: Path) -> None:
    assert [(each.name, each.id, str(each.type)) for each in function.spec.labels] == [
        ("round", 0, "rectangle"),
        ("square", 1, "rectangle"),
    ]
    image = Image.open(write_picture(tmp_path / "a.png"))
    shapes = function.detect(Context(), image)
    assert shapes
    found = remapped(function, shapes)
    assert len(found) == len(shapes) and {each.label_id for each in found} <= {70, 80}
    for each in found:
        assert (str(each.type), each.frame) == ("rectangle", 3)
        x1, y1, x2, y2 = each.points
        assert 0 <= x1 < x2 <= 120 and 0 <= y1 < y2 <= 80
    assert function.detect(Context(conf_threshold=1.0), image) == [], "the least score is CVAT's to say"


@pytest.mark.slow
def test_pixels_are_those_of_the_picture_that_is_given(function: CvatFunction, tmp_path: Path) -> None:
    """CVAT has turned the picture; what its camera noted does not turn it again."""
    turned = Image.Exif()
    turned[0x0112] = 6
    path = write_picture(tmp_path / "a.png")
    plain = function.detect(Context(), Image.open(path))
    Image.open(path).save(tmp_path / "b.png", exif=turned)
    again = function.detect(Context(), Image.open(tmp_path / "b.png"))
    assert [list(each.points) for each in again] == [list(each.points) for each in plain]
    grey = function.detect(Context(), Image.open(path).convert("P"))
    assert isinstance(grey, list)


@pytest.mark.slow
def test_the_classes_of_a_label_set_are_looked_for(tiny: Path) -> None:
    pytest.importorskip("cvat_sdk", reason="cvat-sdk comes with the extra dev")
    with Runtime() as runtime:
        runtime.sets.create("signs", [ClassSpec("exit", ("red square", "blue star"), ())], who="ann")
        runtime.sets.create("empty", who="ann")
    function = create(label_set="signs", checkpoint=str(tiny))
    function.close()
    assert [each.name for each in function.spec.labels] == ["exit"]
    with pytest.raises(UsageError, match="has no class"):
        create(label_set="empty")


def test_what_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for classes, label_set in (("", ""), ("a", "b")):
        with pytest.raises(UsageError, match="Say what to find, either"):
            create(classes, label_set=label_set)
    with pytest.raises(UsageError, match="no score"):
        create("a", threshold=2)
    with pytest.raises(UsageError, match="empty caption"):
        create("a = b | |")
    with pytest.raises(SetNotFoundError, match="no label set 'none'"):
        create(label_set="none")
    monkeypatch.setitem(sys.modules, "cvat_sdk", None)
    monkeypatch.setitem(sys.modules, "cvat_sdk.auto_annotation", None)
    with Runtime() as runtime, pytest.raises(PlatformError, match="pip install"):
        CvatFunction(runtime, Search.of_texts(["a"]))
