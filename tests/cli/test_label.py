"""``skillbank label``: which words are pictures, what is written, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from PIL import Image

from skillbank.errors import DataNotFoundError, UsageError
from skillbank.labelling.words import tell_apart
from tests.cli.conftest import Command
from tests.hub import model_hub, save_model
from tests.labelling.models import write_picture, write_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("model") / "tiny.pth")


def told(*words: str, options: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    said = tell_apart(words, options)
    return [path.as_posix() for path in said.pictures], said.texts


def test_pictures_come_first_and_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "cats/b.jpg"):
        write_picture(tmp_path / name)
    assert told("a.jpg", "red circle", "dog") == (["a.jpg"], ["red circle", "dog"])
    assert told("none.jpg", "x") == (["none.jpg"], ["x"]), "said later, with the reason"
    assert told("a.jpg", "./cats", "cat") == (["a.jpg", "cats"], ["cat"])
    assert told("a.jpg", "cats/b.jpg", "and/or")[1] == ["and/or"]
    assert told("a.jpg", "", " ")[1] == ["", " "], "said later, as empty"
    assert told("a.jpg", "cats", options=("x",)) == (["a.jpg", "cats"], ["x"])
    with pytest.raises(UsageError, match=r"'cats' is a description or the folder.*\./cats.*--text 'cats'"):
        told("a.jpg", "cats")
    with pytest.raises(UsageError, match=r"'a\.jpg' stands after a description"):
        told("a.jpg", "red circle", "a.jpg")


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("b.jpg", "a.jpg"),
        ("photso/", "photos"),
        ("./photso", "photos"),
        ("../photso", ""),
        ("~/photso-of-nobody", ""),
        ("photos/nihgt", "photos/night"),
        ("photso/night/", "photos/night"),
        ("/nope/photos", ""),
        ("photos\\", "photos"),
        ("C:\\photos", "photos"),
        ("photos/*.jpg", ""),
        ("names.txt", "names.text"),
        ("A.JPEG", "a.jpg"),
    ],
)
def test_a_place_that_is_not_there_is_no_description(
    word: str, near: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("a.jpg", "photos/night/c.jpg"):
        write_picture(Path(name))
    Path("names.text").touch()
    with pytest.raises(DataNotFoundError, match=rf"no picture or folder {re.escape(word)} here") as refused:
        told("a.jpg", word, "cat")
    meant = f"did you mean '{near}'?" if near else "did you mean"
    assert (meant in str(refused.value)) == bool(near), refused.value


def test_files_of_descriptions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_picture(Path("a.jpg"))
    Path("names.txt").write_text("# two\nred circle . blue star\n\nperson, without a hat\n")
    lines = ["red circle . blue star", "person, without a hat"]
    assert told("a.jpg", "@names.txt", "dog") == (["a.jpg"], [*lines, "dog"])
    assert told("a.jpg", "dog", options=("@names.txt",))[1] == ["dog", *lines]
    assert told("a.jpg", "@ sign")[1] == ["@ sign"]
    with pytest.raises(UsageError, match=r"'names\.txt' is a file here, but no picture .* write @names\.txt"):
        told("a.jpg", "names.txt")
    with pytest.raises(DataNotFoundError, match=r"no file name\.txt .*did you mean 'names\.txt"):
        told("a.jpg", "@name.txt")


def test_refusals_have_their_exit_codes(inline: Command, tmp_path: Path) -> None:
    picture = str(write_picture(tmp_path / "a.png"))
    assert inline("label", picture).code == 2
    assert inline("label", str(tmp_path / "none.png"), "x").code == 5
    assert inline("label", picture, "x", "--checkpoint", "/none.pth").code == 5
    wrong = inline("label", picture, "x", "--precision", "int8")
    assert wrong.code == 2 and "must be one of fp32, fp16, bf16" in wrong.err
    wrong = inline("label", picture, "x", "--format", "via")
    assert (
        wrong.code == 2
        and "json, coco, kitti, odvg, yolo, voc, cvat, labelme, label_studio, csv, pictures" in wrong.err
    )


@pytest.mark.slow
def test_all_formats_of_many_pictures_and_what_cannot_be_read(
    inline: Command, tiny: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    for number in range(10):
        write_picture(folder / f"{number}.png", (100 + number, 80))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff not really")
    (folder / "a.heic").write_bytes(b"of a phone")
    answer = inline(
        "label", str(folder), "Red circle", "blue star", "--checkpoint", str(tiny), "--threshold", "0",
        "-o", str(out), "-f", "json,coco", "-f", "yolo", "-f", "kitti", "-f", "pictures", "--json",
    )  # fmt: skip
    assert answer.code == 1, "not all was done"
    first, second, end = answer.err.split("\n")
    assert second.startswith(f"skillbank: {folder / 'broken.jpg'} is no picture that can be used: it ")
    assert first.startswith(f"skillbank: {folder / 'a.heic'} is left out: in a folder")
    assert not end, "and no bar in a pipe"
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
    from skillbank_engine.data.coco import read_evaluation_set
    from skillbank_engine.families.grounding_dino.tokenizer import normalise_phrase

    source = SimpleNamespace(image_dir=str(folder), json_file=str(out / "coco.json"))
    measured = read_evaluation_set(source, "dataset.test_data_sources", naming=normalise_phrase)
    assert measured.names == ("red circle", "blue star"), "what is written can be measured on"


@pytest.mark.slow
def test_a_second_run_never_mixes_with_the_first(inline: Command, tiny: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    for number in range(3):
        write_picture(folder / f"{number}.png", (100 + number, 80))

    def label(*words: str) -> Any:
        options = ("--checkpoint", str(tiny), "-f", "yolo", "-o", str(out), "--threshold", "0", "--json")
        return inline("label", *words, *options)

    first = label(str(folder / "0.png"), "red circle . blue star")
    assert first.code == 0 and first.document["descriptions"] == ["red circle", "blue star"]
    other = label(str(folder), "blue star", "red circle")
    assert other.code == 2 and "other descriptions" in other.out and "--replace" in other.out
    more = label(str(folder), "red circle", "blue star")
    assert more.code == 0 and all(entry["detections"] for entry in more.document["images"])
    assert more.document["images"][0] == first.document["images"][0], "known, and not asked again"
    assert len(list((out / "yolo" / "images").iterdir())) == 3
    other = label(str(folder), "red circle", "blue star", "--precision", "bf16")
    assert other.code == 2 and "other precision (none named, now bf16)" in other.out
    replaced = label(str(folder / "0.png"), "blue star", "red circle", "--replace", "--precision", "BF16")
    assert (first.document["precision"], replaced.document["precision"]) == ("fp32", "bf16")
    assert replaced.code == 0 and [p.name for p in (out / "yolo" / "labels").iterdir()] == ["0.txt"]
    assert yaml.safe_load((out / "yolo" / "data.yaml").read_text())["names"] == {
        0: "blue star",
        1: "red circle",
    }


@pytest.mark.slow
def test_an_interrupted_run_leaves_no_labels_and_goes_on(
    inline: Command, tiny: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    out = tmp_path / "out"
    for number in range(120):
        write_picture(tmp_path / "photos" / f"{number:03}.png", (100 + number, 80))
    words = ["label", str(tmp_path / "photos"), "red circle", "--checkpoint", str(tiny), "-o", str(out)]
    command = [sys.executable, "-m", "skillbank", *words]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as run:
        while run.poll() is None and len(list((out / ".unfinished").glob("*.png"))) < 8:
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=60)[1]
    assert run.returncode not in (0, None), said
    assert "pictures are done and no labels are written; the same command goes on from there" in said
    assert [path.name for path in out.iterdir() if path.name[0] != "."] == ["skillbank-labels.json"]
    before = json.loads((out / "skillbank-labels.json").read_text())
    assert before["state"] == "unfinished" and 8 <= len(before["pictures"]) < 120
    answer = inline(*words, "--json")
    after = json.loads((out / "skillbank-labels.json").read_text())
    assert answer.code == 0 and after["state"] == "complete" and len(answer.document["images"]) == 120
    assert after["pictures"][: len(before["pictures"])] == before["pictures"]
    assert not (out / ".unfinished").exists() and len(list((out / "annotated").iterdir())) == 120


@pytest.mark.slow
def test_what_is_one_description_is_said_when_nothing_is_found(
    inline: Command, tiny: Path, tmp_path: Path
) -> None:
    picture = str(write_picture(tmp_path / "a.png"))
    options = ("--checkpoint", str(tiny), "-o", str(tmp_path / "out"), "--threshold", "1")
    answer = inline("label", picture, "red circle, blue star", "dog", "Dog", *options)
    assert answer.code == 0
    assert "'red circle, blue star' was taken as one description" in answer.err
    assert "'Dog' is the same to the model as 'dog'" in answer.err


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
    assert b"loading the model" in seen and b"a.png is no picture that can be used: it is text" in seen
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_folder_that_transformers_saved_finds_what_transformers_finds(
    inline: Command, tmp_path: Path
) -> None:
    from skillbank_engine.families.grounding_dino.data.shapes import SEEN
    from skillbank_engine.families.grounding_dino.tokenizer import build_tokenizer

    folder, picture = tmp_path / "model", write_picture(tmp_path / "a.png", (800, 800))
    own = build_tokenizer(SEEN)
    network = save_model(folder, louder=3)
    import torch
    import transformers

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


@pytest.mark.slow
def test_a_model_is_taken_from_the_hub_by_name(
    inline: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, picture = tmp_path / "model", write_picture(tmp_path / "a.png")
    save_model(folder, louder=3)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    common = ["red circle", "--threshold", "0", "-f", "json", "--json"]
    with model_hub() as hub:
        hub.models["owner/small-dino"] = folder
        for name, value in hub.environment.items():
            monkeypatch.setenv(name, value)
        named = inline(
            "label", str(picture), *common, "--checkpoint", "owner/small-dino", "-o", str(tmp_path / "a")
        )
        assert named.code == 0, named.err
        assert hub.asked("owner/small-dino/resolve"), "this hub gave it"
        unknown = inline(
            "label", str(picture), *common, "--checkpoint", "owner/other-dino", "-o", str(tmp_path / "c")
        )
    assert unknown.code == 1 and "owner/other-dino" in unknown.document["error"]["message"]
    as_folder = inline("label", str(picture), *common, "--checkpoint", str(folder), "-o", str(tmp_path / "b"))
    found = named.document["images"][0]["detections"]
    assert found and found == as_folder.document["images"][0]["detections"]
