"""A folder that transformers saved is a model for every action, with transformers' own outputs."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from tests.engine.test_two_processes import boxes, classes, masks

Answer = Callable[[Tensor], tuple[Tensor, ...]]
SIDE = 64
QUICK = ("engine.device=cpu", "engine.threads=1")


def a_classifier(folder: Path) -> Answer:
    from tests.engine.classification_pyt.test_loss import SIZES
    from tests.engine.classification_pyt.test_weights import save_folder

    network = save_folder(folder, "resnet", ("a", "b", "c"), SIZES["resnet"])
    return lambda pixels: (network(pixel_values=pixels).logits,)


def a_segmenter(folder: Path) -> Answer:
    from skillbank_engine.families.segformer.data.shapes import CLASSES
    from skillbank_engine.families.segformer.model import enlarged, network_config
    from skillbank_engine.library import SegformerForSemanticSegmentation
    from tests.engine.segformer.test_model import TINY

    torch.manual_seed(3)
    network: Any = SegformerForSemanticSegmentation(network_config(TINY, CLASSES)).eval()
    network.save_pretrained(folder)
    return lambda pixels: (enlarged(network(pixel_values=pixels).logits, SIDE, SIDE),)


def a_detector(folder: Path) -> Answer:
    from skillbank_engine.families.rtdetr.model import build_detector, network_config
    from skillbank_engine.families.rtdetr.shapes import CLASSES
    from skillbank_engine.library import RTDetrV2ForObjectDetection
    from tests.engine.rtdetr.conftest import TINY

    torch.manual_seed(3)
    network: Any = RTDetrV2ForObjectDetection(network_config(TINY, len(CLASSES))).eval()
    # transformers starts so silently that chance decides which queries are chosen.
    started = build_detector(TINY, len(CLASSES)).state_dict()
    own = {name.removeprefix("network."): value for name, value in started.items()}
    network.model.load_state_dict(own, strict=False)
    network.config.id2label = dict(enumerate(CLASSES))
    network.save_pretrained(folder)

    def answer(pixels: Tensor) -> tuple[Tensor, ...]:
        found = network(pixels)
        return found.logits, found.pred_boxes

    return answer


def rtdetr_data(root: Path) -> dict[str, Any]:
    val = boxes(root)["val_data_sources"]
    size = {"eval_spatial_size": [SIDE, SIDE]}
    seen = {"image_dir": [val["image_dir"]]}
    return {"test_data_sources": val, "infer_data_sources": seen, "augmentation": size}


def segformer_data(root: Path) -> dict[str, Any]:
    return {"segment": {**masks(root)["segment"], "img_size": SIDE, "predict_split": "val"}}


def classification_data(root: Path) -> dict[str, Any]:
    parts = classes(root)
    return {"test_dataset": parts["val_dataset"], "img_size": SIDE}


CASES: dict[str, tuple[Callable[[Path], Answer], Callable[[Path], dict[str, Any]]]] = {
    "rtdetr": (a_detector, rtdetr_data),
    "segformer": (a_segmenter, segformer_data),
    "classification_pyt": (a_classifier, classification_data),
}


def numbers(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
    return {key: value for key, value in found.items() if key not in ("checkpoint", "pictures_per_second")}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_every_action_takes_a_folder_as_its_model(name: str, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    save, make = CASES[name]
    main = import_module(f"skillbank_engine.families.{name}.__main__").main
    saved, out, file = tmp_path / "saved", tmp_path / "out", tmp_path / "model.onnx"
    theirs = save(saved)
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump({"dataset": make(tmp_path / "data")}), encoding="utf-8")

    def run(action: str, *words: str, place: Path = out) -> None:
        assert main([action, "-e", str(spec), f"results_dir={place}", *QUICK, *words]) == 0

    run("export", f"export.checkpoint={saved}", f"export.onnx_file={file}")
    pixels = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: pixels.numpy()})
    with torch.inference_mode():
        for ours, wanted in zip(found, theirs(pixels), strict=True):
            np.testing.assert_allclose(ours, wanted.numpy(), atol=1e-4)

    run("evaluate", f"evaluate.checkpoint={saved}")
    other = tmp_path / "other"
    run("evaluate", f"evaluate.checkpoint={file}", place=other)
    for key, value in numbers(out).items():
        if isinstance(value, float):
            assert numbers(other)[key] == pytest.approx(value, abs=1e-3), key
    run("inference", f"inference.checkpoint={saved}")
    made = json.loads((out / "inference" / "made-with.json").read_text(encoding="utf-8"))
    assert len(made["checkpoint"]) == 64
    run("quantize", f"quantize.model_path={saved}")
    (small,) = (out / "quantize").glob("*.pth")
    run("evaluate", f"evaluate.checkpoint={small}", place=tmp_path / "small")


@pytest.mark.parametrize("name", CASES)
def test_what_is_no_whole_model_is_told(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = import_module(f"skillbank_engine.families.{name}.__main__").main
    spec = tmp_path / "spec.yaml"
    spec.write_text("{}", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for model, words in (
        (tmp_path / "empty", "export.checkpoint"),
        (tmp_path / "none", "which is no file: check the path"),
        ("some/none.pth", "which is no file: check the path"),
    ):
        more = [f"results_dir={tmp_path / 'out'}", f"export.onnx_file={tmp_path / 'm.onnx'}"]
        assert main(["export", "-e", str(spec), f"export.checkpoint={model}", *more, *QUICK]) == 1
        assert words in capsys.readouterr().err
