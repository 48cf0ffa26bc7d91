"""The program as its callers see it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from skillbank_engine.commands import inference
from skillbank_engine.config.blocks import SpecBase
from skillbank_engine.device import Compute, choose_compute
from skillbank_engine.errors import PromptError
from skillbank_engine.families.grounding_dino.__main__ import main
from skillbank_engine.families.grounding_dino.captions import read_captions
from skillbank_engine.families.grounding_dino.config.dataset import InferSource
from tests.grounding_dino.conftest import LATEST, TINY_OVERRIDES, data_block, status_lines

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, shapes: Path) -> Path:
    """A folder with spec.yaml and a checkpoint of one short epoch."""
    folder = tmp_path_factory.mktemp("trained")
    document = {"results_dir": str(folder / "results"), "dataset": data_block(shapes)}
    (folder / "spec.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    assert main(["train", "-e", str(folder / "spec.yaml"), *TINY_OVERRIDES, "train.num_epochs=1"]) == 0
    return folder


def run(trained: Path, action: str, *more: str) -> int:
    checkpoint = trained / "results" / "train" / LATEST
    return main([action, "-e", str(trained / "spec.yaml"), f"{action}.checkpoint={checkpoint}", *more])


def test_evaluate(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # No hint on the model: all of it is in the checkpoint.
    assert run(trained, "evaluate") == 0
    captured = capsys.readouterr()
    assert "model.hidden_dim 32 (spec: 256)" in captured.err
    assert captured.out.splitlines()[-1] == "Execution status: PASS"
    folder = trained / "results" / "evaluate"
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    told = {"test_mAP", "test_mAP50", "per_class", "confusion", "images", "pictures_per_second", "checkpoint"}
    assert told == set(metrics)
    kpi = next(line["kpi"] for line in status_lines(folder) if "kpi" in line)
    assert kpi == {name: metrics[name] for name in ("test_mAP", "test_mAP50", "pictures_per_second")}
    assert status_lines(folder)[-1]["status"] == "SUCCESS"
    rows = json.loads((folder / "detections.json").read_text(encoding="utf-8"))
    assert {"image", "image_id", "category_id", "phrase", "box", "score"} == set(rows[0])
    assert yaml.safe_load((folder / "experiment.yaml").read_text())["model"]["hidden_dim"] == 32
    # With fewer descriptions a prompt there are more passes, and what stands beside a description matters.
    words = ["engine.prompt_phrases=1", f"evaluate.results_dir={trained / 'alone'}"]
    assert run(trained, "evaluate", *words) == 0
    alone = json.loads((trained / "alone" / "detections.json").read_text(encoding="utf-8"))
    assert [row["score"] for row in alone] != [row["score"] for row in rows]


def test_evaluate_warns_of_class_ids(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["dataset.eval_class_ids=[1]", "dataset.augmentation.fixed_random_crop=1024"]
    assert run(trained, "evaluate", *words, f"evaluate.results_dir={trained / 'own'}") == 0
    errors = capsys.readouterr().err
    assert "dataset.eval_class_ids is [1]: mAP counts these categories only" in errors
    assert "fixed_random_crop is set, but the embedded engine has no large-scale jitter" in errors
    assert (trained / "own" / "metrics.json").is_file()
    assert run(trained, "evaluate", "dataset.eval_class_ids=[99]") == 1
    assert "eval_class_ids [99] has an id that the annotations lack" in capsys.readouterr().err


def test_inference(trained: Path, shapes: Path) -> None:
    captions = "dataset.infer_data_sources.captions=['red circle . blue star .', 'green star']"
    # Where boxes lie hangs on the weights: none is left out for lying on another.
    words = [captions, "inference.conf_threshold=0.0", "model.num_select=5", "engine.nms_iou=1"]
    assert run(trained, "inference", *words) == 0
    folder = trained / "results" / "inference"
    names = sorted(path.name for path in (shapes / "inference" / "images").iterdir())
    assert sorted(path.name for path in (folder / "images_annotated").iterdir()) == names
    assert sorted(path.stem for path in (folder / "labels").iterdir()) == [Path(name).stem for name in names]
    lines = (folder / "labels" / "picture_0.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
    columns = lines[0].split(" ")
    assert len(columns) == 16
    assert columns[0] in ("red_circle", "blue_star", "green_star")
    assert columns[1:4] == ["0.00", "0", "0.00"]
    assert columns[8:15] == ["0.00"] * 7
    rows = json.loads((folder / "detections.json").read_text(encoding="utf-8"))
    assert len(rows) == 5 * len(names)
    assert {"image", "phrase", "box", "score"} == set(rows[0])
    # Small pictures are enlarged so that labels can be read.
    with Image.open(folder / "images_annotated" / "picture_0.png") as picture:
        assert max(picture.size) >= 480


@pytest.mark.parametrize(("word", "low"), [("engine.nms_iou=1", True), ("train.precision=fp32", False)])
def test_a_precision_that_is_named_holds_on_a_gpu(
    trained: Path, monkeypatch: pytest.MonkeyPatch, word: str, low: bool
) -> None:
    asked = []

    def chosen(spec: SpecBase, gpus: list[int], *, precision: str, low: bool) -> Compute:
        asked.append(low)
        return choose_compute(spec, gpus, precision=precision, low=low)

    monkeypatch.setattr(inference, "choose_compute", chosen)
    words = ["dataset.infer_data_sources.captions=[red circle]", f"inference.results_dir={trained / word}"]
    assert run(trained, "inference", *words, word) == 0
    assert asked == [low]


def test_inference_on_folders_with_equal_names(trained: Path, tmp_path: Path) -> None:
    for name in ("one", "two/deep"):
        (tmp_path / name).mkdir(parents=True)
        Image.new("RGB", (40, 40)).save(tmp_path / name / "a.b.png")
    folders = f"dataset.infer_data_sources.image_dir=['{tmp_path / 'one'}', '{tmp_path / 'two'}']"
    out = tmp_path / "out"
    words = [folders, "dataset.infer_data_sources.captions=[red star]", f"inference.results_dir={out}"]
    assert run(trained, "inference", *words) == 0
    assert sorted(path.name for path in (out / "labels").iterdir()) == ["a.b.txt", "a.b_2.txt"]
    assert run(trained, "inference", *words, "inference.is_internal=true") == 0
    assert (out / "images_annotated" / "deep" / "a.b.png").is_file()


def test_label(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "photo.png"
    Image.new("RGB", (80, 60), (200, 30, 30)).save(image)
    checkpoint = str(trained / "results" / "train" / LATEST)
    arguments = ["--checkpoint", checkpoint, "--out", str(tmp_path / "out"), "--text", "Red  circle"]
    assert main(["label", *arguments, "--text", "blue star", "--threshold", "0.0", "--", str(image)]) == 0
    document = json.loads(capsys.readouterr().out)
    (entry,) = document["images"]
    assert entry["image"] == str(image)
    assert Path(entry["annotated"]).is_file()
    assert {item["phrase"] for item in entry["detections"]} <= {"red circle", "blue star"}
    x1, y1, x2, y2 = entry["detections"][0]["box"]
    assert 0 <= x1 <= x2 <= 80
    assert 0 <= y1 <= y2 <= 60
    assert main(["label", *arguments, "--threshold", "1.0", str(tmp_path)]) == 1
    assert "made with other values of captions, conf_threshold: set another --out" in capsys.readouterr().err
    (tmp_path / "names.txt").write_text("# two\nred circle . blue star\n")
    arguments[3:] = [str(tmp_path / "other"), "--text", f"@{tmp_path / 'names.txt'}", "--text", "a, b"]
    assert main(["label", *arguments, "--threshold", "1.0", str(image)]) == 0
    said = json.loads((tmp_path / "other" / "made-with.json").read_text())
    assert said["captions"] == ["red circle", "blue star", "a, b"] and said["files"] == ["photo.png"]
    captured = capsys.readouterr()
    assert "nothing was found for 'a, b', which was taken as one description" in captured.err
    assert all(not part["detections"] for part in json.loads(captured.out)["images"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--text", " "], "--text has the empty description"),
        (["--text", "cat", "--checkpoint", "/none.pth"], "--checkpoint names /none.pth, which is no file"),
        (["--text", "cat", "/none.png"], "/none.png does not exist"),
        (["--text", "cat", "{broken}"], "broken.png is no picture that can be read"),
    ],
)
def test_label_refusals(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (tmp_path / "broken.png").write_bytes(b"GIF89a?")
    checkpoint = str(trained / "results" / "train" / LATEST)
    filled = [word.format(broken=tmp_path / "broken.png") for word in arguments]
    if not any(word.endswith(".png") for word in filled):
        filled.append(str(tmp_path / "broken.png"))
    assert main(["label", "--checkpoint", checkpoint, "--out", str(tmp_path / "out"), *filled]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err


def test_inference_refusals(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [
        (
            ["dataset.infer_data_sources.classmap=", "dataset.infer_data_sources.captions=[]"],
            "captions is empty",
        ),
        (
            ["dataset.infer_data_sources.captions=['  ']", "dataset.infer_data_sources.classmap="],
            "empty description",
        ),
        ([f"dataset.infer_data_sources.image_dir={tmp_path}"], "which holds no picture"),
        (["inference.checkpoint=/none.pth"], "inference.checkpoint names /none.pth"),
        (["inference.checkpoint=", "inference.trt_engine=x.engine"], "needs TensorRT.*deploy container"),
    ]
    import re

    for words, expected in cases:
        assert run(trained, "inference", *words) == 1
        assert re.search(expected, capsys.readouterr().err)


def test_captions() -> None:
    def captions(*values: str, classmap: str = "") -> list[str]:
        return read_captions(InferSource(captions=list(values), classmap=classmap))

    assert captions("Red circle . blue star .") == ["red circle", "blue star"]
    assert captions("a dog", "a dog", "st. bernard") == ["a dog", "st bernard"]
    with pytest.raises(PromptError, match=r"empty description ' \. '"):
        captions(" . ")


def test_missing_spec(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["train", "-e", str(tmp_path / "none.yaml")]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("ERROR: ")
    assert "none.yaml does not exist" in captured.err
    assert captured.out == "Execution status: FAIL\n"
    (tmp_path / "spec.yaml").write_text("{}", encoding="utf-8")
    assert main(["train", "-e", str(tmp_path / "spec.yaml")]) == 1
    assert "set results_dir or train.results_dir" in capsys.readouterr().err


def test_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas", "train"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"train"}
    assert main(["schemas", "trian"]) == 2
    assert "unknown action 'trian'" in capsys.readouterr().err


def test_usage() -> None:
    for arguments in (
        [],
        ["nothing"],
        ["train"],
        ["shapes", "x", "--train", "0"],
        ["shapes", "x", "--size", "8"],
    ):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["schemas", "evaluate"]])
def test_light_commands_load_no_torch(arguments: list[str]) -> None:
    code = (
        "import sys; sys.path.insert(0, 'runtime')\n"
        "from skillbank_engine.families.grounding_dino.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'PIL', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)
