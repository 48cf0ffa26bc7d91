"""Every action of the program, one after the other in this process, on a set that is learnt quickly."""

import csv
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from skillbank_engine.checkpoint import read_checkpoint
from skillbank_engine.families.classification_pyt.__main__ import main
from skillbank_engine.families.classification_pyt.config import BY_ACTION

NAMES = ["blue", "green", "red"]


@pytest.fixture
def spec_file(folders: Path) -> Path:
    """A spec for all actions on the folders."""
    document = {
        "results_dir": str(folders / "out"),
        "model": {"head": {"topk": [1, 2]}},
        "dataset": {
            "batch_size": 4,
            "img_size": 32,
            "train_dataset": {"images_dir": str(folders / "train")},
            "val_dataset": {"images_dir": str(folders / "val")},
            "test_dataset": {"images_dir": str(folders / "val")},
            "quant_calibration_dataset": {"images_dir": str(folders / "train")},
        },
        "train": {"num_epochs": 10, "checkpoint_interval": 10, "validation_interval": 10},
        "engine": {"device": "cpu", "profile": "small", "threads": 1},
    }
    file = folders / "spec.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def kpis(folder: Path) -> dict[str, float]:
    lines = [json.loads(line) for line in (folder / "status.json").read_text(encoding="utf-8").splitlines()]
    assert lines[-1]["status"] == "SUCCESS"
    found: dict[str, float] = {}
    for line in lines:
        found.update(line.get("kpi", {}))
    return found


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "result.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_all_actions(spec_file: Path, folders: Path) -> None:
    out = folders / "out"
    spec = ["-e", str(spec_file)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main(["train", *spec]) == 0
        trained = kpis(out / "train")
        assert trained["val_acc_1"] == 1
        assert trained["val_acc_2"] == 1
        latest = out / "train" / "classifier_model_latest.pth"
        kept = read_checkpoint("classification_pyt", latest, "x").kept
        assert list(kept.labels) == NAMES

        assert main(["evaluate", *spec, f"evaluate.checkpoint={latest}"]) == 0
        document = json.loads((out / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
        assert document["val_acc_1"] == trained["val_acc_1"]
        assert document["val_loss"] == pytest.approx(trained["val_loss"], rel=1e-4)
        assert document["confusion"] == [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
        assert "What was taken for what" in (out / "evaluate" / "report.html").read_text(encoding="utf-8")
        table = rows(out / "evaluate")
        assert [row["gt_label"] for row in table] == [name for name in NAMES for _ in range(4)]
        assert all(abs(sum(float(row[name]) for name in NAMES) - 1) < 1e-4 for row in table)

        assert main(["inference", *spec, f"inference.checkpoint={latest}"]) == 0
        found = rows(out / "inference")
        assert [row["pred_label"] for row in found] == [Path(row["img_name"]).parent.name for row in found]
        drawn = sorted((out / "inference" / "visualize").iterdir())
        assert len(drawn) == len(found) == 12
        with Image.open(drawn[0]) as image:
            assert image.size == (288, 272)

        onnx = out / "model.onnx"
        assert main(["export", *spec, f"export.checkpoint={latest}", f"export.onnx_file={onnx}"]) == 0
        assert kpis(out / "export")["agreement"] == 1
        exported = [*spec, f"results_dir={out / 'exported'}"]
        assert main(["evaluate", *exported, f"evaluate.checkpoint={onnx}"]) == 0
        assert main(["inference", *exported, f"inference.checkpoint={onnx}"]) == 0
        for action in ("evaluate", "inference"):
            for mine, theirs in zip(rows(out / action), rows(out / "exported" / action), strict=True):
                assert mine["pred_label"] == theirs["pred_label"]
                assert float(mine["pred_score"]) == pytest.approx(float(theirs["pred_score"]), abs=1e-4)

        assert main(["quantize", *spec, f"quantize.model_path={latest}"]) == 0
        small = out / "quantize" / "quantized_model_torchao.pth"
        quantized = [*spec, f"results_dir={out / 'quantized'}"]
        assert main(["evaluate", *quantized, f"evaluate.checkpoint={small}"]) == 0
        assert kpis(out / "quantized" / "evaluate")["val_acc_1"] == 1
        words = ["engine.quantizer=onnxruntime", "quantize.mode=static_ptq"]
        assert main(["quantize", *quantized, f"quantize.model_path={onnx}", *words]) == 0

        teach = f"distill.pretrained_teacher_model_path={latest}"
        assert main(["distill", *spec, teach]) == 0
        assert kpis(out / "distill")["val_acc_1"] == 1

        more = [
            "train.num_epochs=11",
            "train.checkpoint_interval=1",
            "dataset.augmentation.mixup_cutmix=true",
        ]
        assert main(["train", *spec, *more, "engine.class_weights=balanced"]) == 0
        assert (out / "train" / "model_epoch_010_step_00033.pth").is_file()
        start = [f"train.pretrained_model_path={latest}", f"results_dir={out / 'again'}"]
        freeze = ["model.backbone.freeze_backbone=true", "train.num_epochs=1", "train.enable_ema=true"]
        freeze.append("train.checkpoint_interval=1")
        assert main(["train", *spec, *start, *freeze]) == 0
        again = read_checkpoint(
            "classification_pyt", out / "again" / "train" / "classifier_model_latest.pth", "x"
        )
        before = read_checkpoint("classification_pyt", latest, "x").weights
        body = [name for name in before if "classifier" not in name]
        assert all(torch.equal(again.weights[name], before[name]) for name in body)


@pytest.mark.slow
def test_the_same_seed_trains_the_same(spec_file: Path, folders: Path) -> None:
    weights = []
    for number, workers in ((0, 0), (1, 1)):
        place = folders / str(number)
        words = [f"results_dir={place}", "train.num_epochs=1", "train.checkpoint_interval=1"]
        words.append(f"dataset.workers={workers}")
        assert main(["train", "-e", str(spec_file), *words]) == 0
        latest = place / "train" / "classifier_model_latest.pth"
        weights.append(read_checkpoint("classification_pyt", latest, "x").weights)
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_network_that_cannot_be_had_ends_the_run_with_the_list(
    spec_file: Path, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["engine.profile=full", "model.backbone.type=fan_small_12_p4_hybrid"]
    assert main(["train", "-e", str(spec_file), *words]) == 1
    said = capsys.readouterr().err
    assert "model.backbone.type is 'fan_small_12_p4_hybrid'" in said
    assert "swin_tiny_patch4_window7_224" in said
    lines = (folders / "out" / "train" / "status.json").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["status"] == "FAILURE"


def test_a_teacher_of_other_classes_is_refused(
    tmp_path: Path, spec_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.engine.classification_pyt.test_loss import SIZES
    from tests.engine.classification_pyt.test_weights import save_folder

    save_folder(tmp_path / "teacher", "resnet", ("cat", "dog", "cow"), SIZES["resnet"])
    words = [f"distill.pretrained_teacher_model_path={tmp_path / 'teacher'}"]
    assert main(["distill", "-e", str(spec_file), *words]) == 1
    assert "knows the classes cat, dog, cow, not blue, green, red" in capsys.readouterr().err


def test_the_familys_templates_are_specs_of_ours(make_spec: Callable[..., Any]) -> None:
    """The corpus' own templates, where they are there, are accepted key by key."""
    place = Path(__file__).parents[3].parent / "shared" / "corpus" / "bank" / "skills" / "models"
    templates = place / "tao-train-image-classification" / "references"
    files = sorted(templates.glob("spec_template_*.yaml"))
    if not files:
        pytest.skip("the corpus is not here")
    for file in files:
        action = file.stem.removeprefix("spec_template_").removeprefix("deploy_")
        BY_ACTION[action].model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_a_network_is_built_without_formats_that_nobody_needs() -> None:
    code = (
        "import sys\nfrom skillbank_engine.light import import_torch\nimport_torch()\n"
        "from skillbank_engine.families.classification_pyt.model import build_classifier\n"
        "from tests.engine.classification_pyt.test_loss import architecture\n"
        "build_classifier(architecture('resnet'), 'ab')\n"
        "print(sorted({'torchao', 'scipy'} & {name for name, module in sys.modules.items() if module}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
