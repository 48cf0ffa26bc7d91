"""The scale of a data set: found once, said once, kept with the model, the same wherever it is used."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from skillbank_engine.data.pixels import Levels, PixelScale
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.errors import DataError
from skillbank_engine.families.grounding_dino.__main__ import main
from skillbank_engine.families.grounding_dino.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from skillbank_engine.families.grounding_dino.onnx_model import read_onnx
from skillbank_engine.team import Team
from tests.grounding_dino.conftest import LATEST, TINY_OVERRIDES, data_block
from tests.grounding_dino.deep_files import Array, png, tiff

GREY = np.random.default_rng(7).integers(0, 256, (16, 20)).astype(np.int64)


def deep(values: Array, bits: int) -> Array:
    made: Array = np.rint(values * (2**bits - 1) / 255).astype("u2")
    return made


def written(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def settle(paths: list[Path], kept: PixelScale | None = None, team: Team | None = None) -> PixelScale:
    return settle_scale(
        paths, kept or PixelScale(), source="the model", missing="these data", team=team or Team()
    )


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    monkeypatch.setattr(logging.getLogger("skillbank_engine"), "propagate", True)
    caplog.set_level(logging.INFO, "skillbank_engine")
    return lambda: [record.getMessage() for record in caplog.records]


def mixed(folder: Path) -> list[Path]:
    values = (GREY / 100 - 1).astype("f4")
    values[0, 0] = np.nan
    Image.fromarray(GREY.astype("u1")).save(folder / "eight.png")
    return [
        folder / "eight.png",
        *written(
            folder,
            {
                "dark.png": png(deep(GREY // 16, 12)),
                "bright.png": png(deep(GREY, 12)),
                "stated.tif": tiff(deep(GREY, 14), tags={341: ("d", 16383.0)}),
                "float.tif": tiff(values),
            },
        ),
    ]


def test_a_mixed_data_set(tmp_path: Path, lines: Callable[[], list[str]]) -> None:
    paths = mixed(tmp_path)
    scale = settle(paths)
    assert scale.whole == Levels(0, 4095)
    assert scale.real == pytest.approx((GREY.min() / 100 - 1, GREY.max() / 100 - 1), abs=1e-6)
    assert lines() == [
        "4 of 5 pictures have more than 8 bits a colour: 1 by the bits that their files state; 2 of whole "
        "numbers from 0 to 4095 (12 bits), the scale of these data; 1 of floating point numbers from -1 to "
        f"{GREY.max() / 100 - 1:g}, the scale of these data; 1 have places without a number, which become "
        "black or white"
    ]
    assert PixelScale.from_dict(json.loads(json.dumps(scale.to_dict()))) == scale


def test_what_is_kept_stays_and_what_goes_beyond_is_said(
    tmp_path: Path, lines: Callable[[], list[str]]
) -> None:
    paths = mixed(tmp_path)
    kept = PixelScale(whole=Levels(0, 1023), real=Levels(-2, 2))
    assert settle(paths, kept) == kept
    assert (
        "2 of whole numbers from 0 to 1023 (10 bits), the scale of the model; 1 of these go beyond"
        in lines()[0]
    )
    assert "from -2 to 2, the scale of the model" in lines()[0]


def test_of_8_bits_only_the_first_bytes_are_read(tmp_path: Path, lines: Callable[[], list[str]]) -> None:
    image = Image.fromarray(np.dstack([GREY.astype("u1")] * 3))
    paths = []
    for name in ("a.jpg", "a.png", "a.bmp", "a.webp"):
        image.save(tmp_path / name)
        # Enough to know what it is, and far too little to decode it.
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:40])
        paths.append(tmp_path / name)
    assert settle([*paths, tmp_path / "missing.png"]) == PixelScale()
    assert lines() == []


def test_further_frames_are_said_once(tmp_path: Path, lines: Callable[[], list[str]]) -> None:
    first, second = (Image.fromarray(values.astype("u1")) for values in (GREY, 255 - GREY))
    for name in ("a.gif", "b.gif", "a.webp", "a.tif", "a.png"):
        first.save(tmp_path / name, save_all=True, append_images=[second])
    settle(sorted(tmp_path.iterdir()))
    assert lines() == ["5 of 5 pictures have several frames: the first one counts"]


def test_a_broken_deep_picture_is_named_before_anything_starts(tmp_path: Path) -> None:
    data = png(deep(GREY, 16))
    with pytest.raises(DataError, match=r"half\.png is no picture that can be read"):
        settle(written(tmp_path, {"half.png": data[: len(data) // 2]}))


def test_processes_that_share_the_work_find_the_same(tmp_path: Path, lines: Callable[[], list[str]]) -> None:
    paths = mixed(tmp_path)
    alone = settle(paths)
    rows: dict[int, list[float]] = {}
    barrier = threading.Barrier(2)

    class Two(Team):
        def gather(self, *values: float) -> list[list[float]]:
            rows[self.rank] = list(values)
            barrier.wait(60)
            return [rows[0], rows[1]]

    found: dict[int, PixelScale] = {}
    threads = [
        threading.Thread(target=lambda rank=rank: found.update({rank: settle(paths, team=Two(rank, 2))}))
        for rank in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0: alone, 1: alone}
    assert len(set(lines())) == 1


def test_checkpoints_keep_it_and_old_ones_open(checkpoint: Checkpoint, tmp_path: Path) -> None:
    from dataclasses import replace

    scale = PixelScale(Levels(0, 4095), Levels(-1.5, 2), True)
    write_checkpoint(tmp_path / "new.pth", replace(checkpoint, pixels=scale))
    assert read_checkpoint(tmp_path / "new.pth", "x").pixels == scale
    document = torch.load(tmp_path / "new.pth", weights_only=True)
    del document["pixels"]
    torch.save(document, tmp_path / "old.pth")
    assert read_checkpoint(tmp_path / "old.pth", "x").pixels == PixelScale()


class Bench:
    """The demo data in grey, of 8 and of 12 bits, and the engine to run on them."""

    def __init__(self, folder: Path, shapes: Path) -> None:
        self._folder = folder
        for part in ("train", "val", "inference"):
            for path in sorted((shapes / part / "images").iterdir()):
                with Image.open(path) as image:
                    grey = np.asarray(image.convert("L")).astype(np.int64)
                for kind, values in (("plain", grey), ("dark", grey // 8)):
                    self._write(f"8-{kind}", part, path.name, Image.fromarray(values.astype("u1")))
                    self._write(f"12-{kind}", part, path.name, png(deep(values, 12)))
            for kind in ("8-plain", "8-dark", "12-plain", "12-dark"):
                for file in (shapes / part).glob("*.*"):
                    if file.suffix in (".json", ".jsonl", ".txt"):
                        shutil.copy(file, folder / kind / part)

    def _write(self, kind: str, part: str, name: str, picture: Image.Image | bytes) -> None:
        path = self._folder / kind / part / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(picture, bytes):
            path.write_bytes(picture)
        else:
            picture.save(path)

    def __call__(self, action: str, data: str, results: str, *words: str) -> Path:
        folder = self._folder / results
        folder.mkdir(exist_ok=True)
        block = data_block(self._folder / data)
        block["quant_calibration_data_sources"] = block["train_data_sources"][0]
        document = {"results_dir": str(folder), "dataset": block}
        (folder / "spec.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        assert main([action, "-e", str(folder / "spec.yaml"), *words]) == 0
        return folder / action


def measured(folder: Path) -> tuple[dict[str, float], str]:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return (
        {name: metrics[name] for name in ("test_mAP", "test_mAP50")},
        (folder / "detections.json").read_text(encoding="utf-8"),
    )


@pytest.mark.slow
def test_twelve_bits_train_and_measure_as_eight_do(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(tmp_path, shapes)
    words = [*TINY_OVERRIDES, "train.seed=3"]
    models = {
        kind: bench("train", f"{kind}-plain", kind, *words, "train.num_epochs=2") / LATEST
        for kind in ("8", "12")
    }
    said = capsys.readouterr().err
    assert said.count("more than 8 bits a colour") == 1, "once, and not for ordinary pictures"
    assert "from 0 to 4095 (12 bits), the scale of these data, kept with the checkpoints" in said
    eight, twelve = (read_checkpoint(models[kind], "x") for kind in ("8", "12"))
    # Rounding there and back gives the same pixels, so it is the same training.
    assert all(torch.equal(eight.weights[name], twelve.weights[name]) for name in eight.weights)
    assert (eight.pixels, twelve.pixels) == (PixelScale(), PixelScale(whole=Levels(0, 4095)))

    # Dark pictures alone would be taken for 10 bits; the checkpoint knows better.
    expected = measured(bench("evaluate", "8-dark", "e8", f"evaluate.checkpoint={models['8']}"))
    found = measured(bench("evaluate", "12-dark", "e12", f"evaluate.checkpoint={models['12']}"))
    assert found == expected
    # A model of 8 bits has no scale: that of the pictures at hand, which is said.
    plain = measured(bench("evaluate", "8-plain", "p8", f"evaluate.checkpoint={models['8']}"))
    capsys.readouterr()
    assert plain == measured(bench("evaluate", "12-plain", "p12", f"evaluate.checkpoint={models['8']}"))
    assert "the scale of these pictures, the model has none" in capsys.readouterr().err

    # Going on keeps it, whatever the pictures are then.
    bench("train", "12-dark", "12", *words, "train.num_epochs=3")
    assert read_checkpoint(models["12"], "x").pixels == twelve.pixels
    assert "from 0 to 4095 (12 bits), the scale of the checkpoint" in capsys.readouterr().err

    # So does everything that is made of it.
    words = [f"quantize.model_path={models['12']}"]
    (small,) = bench("quantize", "12-dark", "q", *words).glob("*.pth")
    assert read_checkpoint(small, "x").pixels == twelve.pixels
    exported = tmp_path / "model.onnx"
    words = [f"export.checkpoint={models['12']}", f"export.onnx_file={exported}"]
    bench("export", "12-dark", "x", *words)
    assert read_onnx(exported, "x").pixels == twelve.pixels
    words = [f"quantize.model_path={exported}", "engine.quantizer=onnxruntime", "quantize.mode=static_ptq"]
    (graph,) = bench("quantize", "12-dark", "qx", *words).glob("*.onnx")
    assert read_onnx(graph, "x").pixels == twelve.pixels
    bench("inference", "12-dark", "i", f"inference.checkpoint={exported}")
    assert "from 0 to 4095 (12 bits), the scale of the model's training" in capsys.readouterr().err
