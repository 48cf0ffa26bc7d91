"""Every action once, each on what the one before has left, in one process."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from skillbank_engine.families.segformer.__main__ import main
from skillbank_engine.families.segformer.data.shapes import CLASSES
from skillbank_engine.families.segformer.family import FAMILY
from tests.engine.segformer.conftest import TINY_OVERRIDES

pytestmark = pytest.mark.slow

Run = Callable[..., Path]


def lines(folder: Path) -> list[dict[str, object]]:
    """The status lines of a results folder."""
    return [json.loads(line) for line in (folder / "status.json").read_text(encoding="utf-8").splitlines()]


def metrics(folder: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def run(tmp_path: Path, masked_shapes: Path) -> Run:
    """Run an action on the demo data; give its results folder."""
    spec = tmp_path / "spec.yaml"

    def work(action: str, name: str, *words: str) -> Path:
        segment = {"root_dir": str(masked_shapes)}
        document = {"results_dir": str(tmp_path / name), "dataset": {"segment": segment}}
        spec.write_text(yaml.safe_dump(document), encoding="utf-8")
        assert main([action, "-e", str(spec), *words]) == 0
        assert lines(tmp_path / name / action)[-1]["status"] == "SUCCESS"
        return tmp_path / name / action

    return work


def test_every_action(
    run: Run, tmp_path: Path, masked_shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = run("train", "trained", *TINY_OVERRIDES, "train.num_epochs=1") / FAMILY.latest
    kpi = lines(trained.parent)[-2]["kpi"]
    assert isinstance(kpi, dict)
    assert list(kpi) == ["val_miou", "val_acc", "val_mean_acc", "val_loss"]
    said = " ".join(str(line.get("message")) for line in lines(trained.parent))
    assert "The data set says of its masks: dataset.segment.num_classes=5" in said

    onnx = tmp_path / "m.onnx"
    exported = run("export", "exported", f"export.checkpoint={trained}", f"export.onnx_file={onnx}")
    numbers = lines(exported)[-2]["kpi"]
    assert isinstance(numbers, dict)
    assert numbers["agreement"] == 1.0

    evaluated = run("evaluate", "evaluated", f"evaluate.checkpoint={trained}")
    plain = metrics(evaluated)
    assert plain["test_loss"] == pytest.approx(kpi["val_loss"], rel=1e-5)
    assert np.array(plain["confusion"]["pixels"]).sum() == 4 * 64 * 64  # type: ignore[index]
    assert len(list((evaluated / "images_annotated").glob("*.png"))) == 4
    assert (evaluated / "report.html").read_text(encoding="utf-8").count("<figure>") == 4
    assert len(json.loads((evaluated / "pictures.json").read_text(encoding="utf-8"))) == 4
    again = metrics(run("evaluate", "evaluated2", f"evaluate.checkpoint={onnx}"))
    assert again["test_loss"] == pytest.approx(plain["test_loss"], abs=1e-5)

    seen = run("inference", "seen", f"inference.checkpoint={trained}")
    other = run("inference", "seen2", f"inference.checkpoint={onnx}")
    for picture in (masked_shapes / "images" / "test").iterdir():
        mask = Image.open(seen / "masks" / picture.name)
        assert (mask.mode, mask.size) == ("P", (64, 64))
        assert np.array(mask).max() < len(CLASSES)
        same = np.array(mask) == np.array(Image.open(other / "masks" / picture.name))
        assert same.mean() > 0.999
        assert (seen / "images_annotated" / picture.name).is_file()
    meaning = json.loads((seen / "masks.json").read_text(encoding="utf-8"))
    assert list(meaning["classes"].values()) == list(CLASSES)

    (small,) = run("quantize", "small", f"quantize.model_path={trained}").glob("*.pth")
    static = ["quantize.mode=static_ptq", "engine.quantizer=onnxruntime"]
    static += [f"dataset.segment.quant_calibration_dataset.images_dir={masked_shapes / 'images' / 'val'}"]
    (integers,) = run("quantize", "integers", f"quantize.model_path={onnx}", *static).glob("*.onnx")
    for number, path in enumerate((small, integers)):
        found = metrics(run("evaluate", f"quantized{number}", f"evaluate.checkpoint={path}"))
        assert found["test_loss"] == pytest.approx(plain["test_loss"], abs=0.1)
        assert found["test_loss"] != plain["test_loss"]

    # Further training from the checkpoint, the encoder as it is.
    more = [f"train.pretrained_model_path={trained}", "model.backbone.freeze_backbone=true"]
    further = run("train", "further", *TINY_OVERRIDES, *more, "train.num_epochs=1")
    assert (further / FAMILY.latest).is_file()

    capsys.readouterr()
    engine = [f"gen_trt_engine.onnx_file={onnx}", f"gen_trt_engine.trt_engine={tmp_path / 'm.engine'}"]
    if main(["gen_trt_engine", "-e", str(tmp_path / "spec.yaml"), *engine]) != 0:
        assert "gen_trt_engine lacks" in capsys.readouterr().err


def test_a_run_that_goes_on_ends_like_one_that_never_stopped(run: Run) -> None:
    import torch

    words = (*TINY_OVERRIDES, "engine.precision=fp32", "train.optim.policy=step", "engine.lr_scheduler=spec")
    whole = run("train", "whole", *words, "train.num_epochs=2") / FAMILY.latest
    first = run("train", "parts", *words, "train.num_epochs=1") / FAMILY.latest
    assert first.is_file()
    parts = run("train", "parts", *words, "train.num_epochs=2") / FAMILY.latest
    one, two = (torch.load(path, weights_only=True)["weights"] for path in (whole, parts))
    for name in one:
        torch.testing.assert_close(one[name], two[name])


def test_a_data_set_that_cannot_be_used_is_told_in_one_sentence(
    tmp_path: Path, two_pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (two_pictures / "masks" / "train" / "1.png").unlink()
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        yaml.safe_dump(
            {"results_dir": str(tmp_path / "out"), "dataset": {"segment": {"root_dir": str(two_pictures)}}}
        ),
        encoding="utf-8",
    )
    assert main(["train", "-e", str(spec), *TINY_OVERRIDES]) == 1
    assert "1 pictures have no mask of their name" in capsys.readouterr().err
    assert lines(tmp_path / "out" / "train")[-1]["status"] == "FAILURE"


def test_a_training_goes_on_with_its_own_classes_alone(
    run: Run, tmp_path: Path, masked_shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = run("train", "begun", *TINY_OVERRIDES, "train.num_epochs=1") / FAMILY.latest
    data = tmp_path / "data"
    shutil.copytree(masked_shapes, data)
    palette = json.loads((data / "palette.json").read_text(encoding="utf-8"))
    first, second = palette["palette"][1:3]
    first["seg_class"], second["seg_class"] = second["seg_class"], first["seg_class"]
    first["mapping_class"], second["mapping_class"] = first["seg_class"], second["seg_class"]
    (data / "palette.json").write_text(json.dumps(palette), encoding="utf-8")
    words = (f"dataset.segment.root_dir={data}", f"train.resume_training_checkpoint_path={begun}")
    spec = tmp_path / "spec.yaml"
    where = f"results_dir={tmp_path / 'other'}"
    assert main(["train", "-e", str(spec), *TINY_OVERRIDES, "train.num_epochs=2", where, *words]) == 1
    assert "the model tells background, circle, " in capsys.readouterr().err
    assert not (tmp_path / "other" / "train" / FAMILY.latest).exists(), "no step was made on them"
