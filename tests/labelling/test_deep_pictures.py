"""Pictures of more than 8 bits at the doors where people and agents label."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skillbank import Runtime
from skillbank.errors import DataError
from skillbank.labelling.batch import Labels, label_pictures
from skillbank.labelling.engine import Engine
from skillbank.labelling.manifest import read_manifest
from skillbank.labelling.scales import Scales
from tests.grounding_dino.deep_files import Array, png, tiff

_GREY = np.add.outer(np.arange(40), np.arange(60)) * 255 // 98
_GREY[10:25, 15:35] = 255


def eight(values: Array) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values.astype("u1")).save(file, "PNG")
    return file.getvalue()


def twelve(values: Array) -> Array:
    made: Array = np.rint(values * 4095 / 255).astype("u2")
    return made


def boxes(document: dict[str, Any]) -> list[Any]:
    return [entry["detections"] for entry in document["images"]]


@pytest.mark.slow
def test_pictures_labelled_together_look_alike(tiny: Path, tmp_path: Path) -> None:
    """A dark one would be taken for 10 bits alone; with a bright one it is dark, as it is in 8 bits."""
    for name, values in (("a_dark", _GREY // 8), ("b_bright", _GREY)):
        for kind, data in (("8", eight(values)), ("12", png(twelve(values)))):
            (tmp_path / kind).mkdir(exist_ok=True)
            (tmp_path / kind / f"{name}.png").write_bytes(data)
    documents = {}
    with Runtime() as runtime:
        for kind in ("8", "12"):
            labels = label_pictures(
                runtime,
                [tmp_path / kind],
                ["red circle"],
                model=str(tiny),
                output=tmp_path / f"out{kind}",
                threshold=0.0,
            )
            documents[kind] = labels.document()
    assert boxes(documents["12"]) == boxes(documents["8"])
    assert "notes" not in documents["8"]
    assert documents["12"]["notes"] == [
        "2 pictures have more than 8 bits a colour, for which the model keeps no scale; that of all of the 2 "
        "such pictures together was used: 0 to 4095."
    ]
    copies = [
        np.asarray(Image.open(tmp_path / f"out{kind}" / "annotated" / "a_dark.png")) for kind in ("8", "12")
    ]
    assert (copies[0] == copies[1]).all()


@pytest.mark.slow
def test_an_answer_says_how_and_shows_what_the_model_saw(engine: Engine) -> None:
    def ask(data: bytes, **more: Any) -> Any:
        return engine.ask(data, ["red circle"], threshold=0.0, preview=True, **more).result(60)

    usual = ask(eight(_GREY))
    assert usual.picture == b"" and not {"pixels", "remarks"} & set(usual.document)
    for data in (png(twelve(_GREY)), tiff(twelve(_GREY))):
        answer = ask(data)
        assert answer.document["detections"] == usual.document["detections"]
        assert answer.document["pixels"] == {"kind": "whole", "black": 0, "white": 4095, "by": "picture"}
        assert "its own was used: 0 to 4095 (12 bits)" in answer.document["remarks"]["own_scale"]
        seen = np.asarray(Image.open(io.BytesIO(answer.picture)).convert("L")).astype(int)
        assert abs(seen - _GREY).mean() < 3
    told = ask(png(twelve(_GREY)), pixels={"whole": [0, 16383]})
    assert told.document["pixels"]["white"] == 16383 and "remarks" not in told.document
    cut = ask(png(twelve(_GREY)), pixels={"whole": [0, 1023]})
    assert "beyond the model's scale, 0 to 1023 (10 bits)" in cut.document["remarks"]["cut_off"]
    # Of 8 bits, but nothing that a browser shows.
    file = io.BytesIO()
    Image.fromarray(_GREY.astype("u1")).save(file, "TIFF")
    assert ask(file.getvalue()).picture.startswith(b"\xff\xd8")


def add(model: Path, given: list[Path], output: Path) -> Labels:
    """Label pictures into a folder, new or not."""
    with Runtime() as runtime:
        return label_pictures(
            runtime, given, ["red circle"], model=str(model), output=output,
            kinds=["coco", "pictures"], threshold=0.0,
        )  # fmt: skip


def held(output: Path) -> dict[str, Any]:
    """Return what a folder of labels holds of each picture."""
    manifest = read_manifest(output)
    assert manifest is not None and manifest.state == "complete"
    return {
        p.name: (p.detections, p.pixels, manifest.files[f"annotated/{p.name}"]) for p in manifest.pictures
    }


def dark_and_bright(folder: Path) -> dict[str, Path]:
    """Write a dark and a bright picture of 12 bits."""
    folder.mkdir()
    for name, values in (("dark", _GREY // 8), ("bright", _GREY)):
        (folder / f"{name}.png").write_bytes(png(twelve(values)))
    return {name: folder / f"{name}.png" for name in ("dark", "bright")}


@pytest.fixture(scope="module")
def together(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one call with both pictures writes."""
    folder = tmp_path_factory.mktemp("together")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKILLBANK_HOME", str(folder / "home"))
        dark_and_bright(folder / "in")
        add(tiny, [folder / "in"], folder / "out")
    return held(folder / "out")


@pytest.mark.slow
@pytest.mark.parametrize("order", [("dark", "bright"), ("bright", "dark")])
def test_pictures_added_later_look_like_those_before(
    tiny: Path, tmp_path: Path, order: tuple[str, str], together: dict[str, Any]
) -> None:
    """However they come in, the folder holds what one call with both would have written."""
    pictures = dark_and_bright(tmp_path / "in")
    files = [pictures[name] for name in order]
    add(tiny, files[:1], tmp_path / "apart")
    later = add(tiny, files[1:], tmp_path / "apart")
    assert held(tmp_path / "apart") == together
    assert any(str(files[1]) in note and "0 to 4095" in note for note in later.notes)
    assert any("looked at again" in note for note in later.notes) == (order[0] == "dark")
    assert add(tiny, files[1:], tmp_path / "apart").notes == []


@pytest.mark.slow
def test_what_would_have_to_be_looked_at_again_has_to_be_there(tiny: Path, tmp_path: Path) -> None:
    pictures = dark_and_bright(tmp_path / "in")
    add(tiny, [pictures["dark"]], tmp_path / "lost")
    pictures["dark"].rename(tmp_path / "elsewhere.png")
    with pytest.raises(DataError, match=r"dark.png, which was labelled here before, is gone"):
        add(tiny, [pictures["bright"]], tmp_path / "lost")


def test_the_widest_scale_holds_for_all() -> None:
    scales = Scales()
    for number, (kind, white, by) in enumerate(
        [
            ("whole", 255, "picture"),
            ("whole", 4095, "picture"),
            ("real", 2, "picture"),
            ("whole", 65535, "file"),
        ]
    ):
        pixels = {"kind": kind, "black": 0, "white": white, "by": by}
        scales.take(Path(f"{number}.png"), {"pixels": pixels, "remarks": {"frames": "has frames"}})
    assert scales.common() == {"whole": [0, 4095], "real": [0, 2]}
    assert scales.again() == [Path("0.png")]
    assert scales.notes() == ["4 pictures are like 0.png, which has frames."]
