"""``skillbank label``: which words are pictures, what is written, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from skillbank.cli.label import _sorted
from skillbank.errors import DataNotFoundError, UsageError
from tests.cli.conftest import Command
from tests.labelling.models import write_picture, write_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("model") / "tiny.pth")


def test_pictures_come_first_and_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "cats/b.jpg"):
        write_picture(tmp_path / name)
    assert _sorted(["a.jpg", "red circle", "a.jpg"], False) == ([Path("a.jpg")], ["red circle", "a.jpg"])
    assert _sorted(["none.jpg", "x"], False) == ([Path("none.jpg")], ["x"]), "said later, with the reason"
    assert _sorted(["a.jpg", "./cats", "cat"], False) == ([Path("a.jpg"), Path("cats")], ["cat"])
    assert _sorted(["a.jpg", "cats/b.jpg", "and/or"], False)[1] == ["and/or"]
    assert _sorted(["a.jpg", "cats"], True) == ([Path("a.jpg"), Path("cats")], [])
    with pytest.raises(UsageError, match=r"'cats' is a description or the folder.*\./cats.*--text 'cats'"):
        _sorted(["a.jpg", "cats"], False)
    with pytest.raises(DataNotFoundError, match=r"no picture b\.jpg here"):
        _sorted(["a.jpg", "b.jpg", "cat"], False)


def test_refusals_have_their_exit_codes(inline: Command, tmp_path: Path) -> None:
    picture = str(write_picture(tmp_path / "a.png"))
    assert inline("label", picture).code == 2
    assert inline("label", str(tmp_path / "none.png"), "x").code == 5
    assert inline("label", picture, "x", "--checkpoint", "/none.pth").code == 5
    wrong = inline("label", picture, "x", "--format", "voc")
    assert wrong.code == 2 and "json, coco, yolo, kitti, pictures" in wrong.err


@pytest.mark.slow
def test_all_formats_of_many_pictures_and_what_cannot_be_read(
    inline: Command, tiny: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    for number in range(10):
        write_picture(folder / f"{number}.png", (100 + number, 80))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff not really")
    answer = inline(
        "label", str(folder), "Red circle", "blue star", "--checkpoint", str(tiny), "--threshold", "0",
        "-o", str(out), "-f", "json,coco", "-f", "yolo", "-f", "kitti", "-f", "pictures", "--json",
    )  # fmt: skip
    assert answer.code == 1, "not all was done"
    said = "is no picture that can be read; give a JPEG, PNG, WebP, BMP, GIF or TIFF.\n"
    assert answer.err == f"skillbank: {folder / 'broken.jpg'} {said}", "and no bar in a pipe"
    document = answer.document
    assert [Path(entry["image"]).name for entry in document["images"]] == [f"{n}.png" for n in range(10)]
    assert [Path(entry["image"]).name for entry in document["left_out"]] == ["broken.jpg"]
    for entry in document["images"]:
        assert entry["detections"] and {d["phrase"] for d in entry["detections"]} <= {
            "Red circle",
            "blue star",
        }
        with Image.open(entry["annotated"]) as copy:
            assert max(copy.size) >= 480
    coco = json.loads((out / "coco.json").read_text())
    assert [image["width"] for image in coco["images"]] == [100 + n for n in range(10)]
    assert len(coco["annotations"]) == sum(len(entry["detections"]) for entry in document["images"])
    assert sorted(p.name for p in (out / "kitti").iterdir()) == [f"{n}.txt" for n in range(10)]
    for label in (out / "yolo" / "labels").iterdir():
        assert (out / "yolo" / "images" / label.with_suffix(".png").name).resolve().is_file()
    from grounding_dino.data.coco import read_evaluation_set

    source = SimpleNamespace(image_dir=str(folder), json_file=str(out / "coco.json"))
    measured = read_evaluation_set(source, "dataset.test_data_sources")
    assert measured.names == ("red circle", "blue star"), "what is written can be measured on"


@pytest.mark.slow
def test_a_terminal_sees_a_bar_and_why_a_picture_alone_is_none(
    tiny: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "a.png").write_text("text")
    command = [sys.executable, "-m", "skillbank", "label", str(tmp_path / "a.png"), "red circle"]
    command += ["--checkpoint", str(tiny), "-o", str(tmp_path / "out")]
    master, slave = pty.openpty()
    with subprocess.Popen(command, env={**environment, "TERM": "xterm"}, stderr=slave) as run:
        os.close(slave)
        seen = b""
        with contextlib.suppress(OSError):  # the other side has closed
            while piece := os.read(master, 4096):
                seen += piece
        assert run.wait() == 1
    os.close(master)
    assert b"loading the model" in seen and b"a.png is no picture that can be read" in seen
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_folder_that_transformers_saved_finds_what_transformers_finds(
    inline: Command, tmp_path: Path
) -> None:
    import torch
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    from grounding_dino.data.shapes import SEEN
    from grounding_dino.model import network_config
    from grounding_dino.tokenizer import build_tokenizer
    from tests.grounding_dino.conftest import TINY

    folder, picture = tmp_path / "model", write_picture(tmp_path / "a.png", (800, 800))
    own = build_tokenizer(SEEN)
    torch.manual_seed(0)
    config = network_config(TINY, len(own))
    network: Any = transformers.GroundingDinoForObjectDetection(config)
    network.eval()
    with torch.no_grad():  # random weights are modest; what is found must be something
        for parameter in network.bbox_embed.parameters():
            parameter.mul_(3)
    network.save_pretrained(folder)
    backend = Tokenizer(models.WordPiece({t: i for i, t in enumerate(own.vocabulary)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    fast: Any = transformers.PreTrainedTokenizerFast
    fast(tokenizer_object=backend, **names).save_pretrained(folder)
    answer = inline(
        "label", str(picture), "red circle", "--checkpoint", str(folder), "--threshold", "0", "--nms", "1",
        "-o", str(tmp_path / "out"), "-f", "json", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    ours = answer.document["images"][0]["detections"]
    processor = transformers.GroundingDinoImageProcessor()
    with Image.open(picture) as image:
        pixels = processor(images=image.convert("RGB"), return_tensors="pt")
    ids = torch.tensor([[own.cls, *own.phrase_ids("red circle"), own.dot, own.sep]])
    network.model.special_tokens = torch.tensor(own.special_ids())
    with torch.no_grad():
        theirs = network(**pixels, input_ids=ids, attention_mask=torch.ones_like(ids))
    scores = theirs.logits[0, :, 1:3].sigmoid().mean(-1)
    best = int(scores.argmax())
    assert ours[0]["score"] == pytest.approx(float(scores[best]), abs=1e-3)
    x, y, w, h = (theirs.pred_boxes[0, best] * 800).tolist()
    corners = (min(max(value, 0), 800) for value in (x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    assert ours[0]["box"] == pytest.approx(list(corners), abs=0.1)
