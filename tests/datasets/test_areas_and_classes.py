"""Masks and folders of classes: recognised by content, checked, shown, converted, and given to a program."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from skillbank.bank.engines import EngineFacts
from skillbank.cli import app
from skillbank.datasets.checking import check_data
from skillbank.datasets.converting import FaultsError, convert
from skillbank.datasets.crops import crop_all
from skillbank.datasets.document import LEFT_OUT, Drawn, Picture
from skillbank.datasets.opening import UnrecognisedError, open_place
from skillbank.datasets.repairing import Mode
from skillbank.datasets.report import DataReport
from skillbank.errors import DataError, UsageError
from skillbank.jobs import data_judging
from skillbank.plan.model import Plan
from skillbank.plan.request import DataLocation, Request
from skillbank.runtime import Runtime
from tests.datasets.running import Staged, staged

SIZE = (48, 32)
SPLITS = ("train", "val")
TABLE = "| Action | Spec Key | Source | Files | List? |\n|---|---|---|---|---|\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def picture(file: Path, size: tuple[int, int] = SIZE) -> Path:
    numbers = random.Random(str(file.name) + str(file.parent))
    file.parent.mkdir(parents=True, exist_ok=True)
    small = bytes(numbers.randrange(256) for _ in range(6 * 4 * 3))
    Image.frombytes("RGB", (6, 4), small).resize(size).save(file)
    return file


def mask(file: Path, values: Sequence[int | tuple[int, int, int]], size: tuple[int, int] = SIZE) -> Path:
    """Draw stripes of values from the left, as a grey or a coloured mask."""
    file.parent.mkdir(parents=True, exist_ok=True)
    colours = any(isinstance(value, tuple) for value in values)
    pixels = np.zeros((size[1], size[0], 3) if colours else (size[1], size[0]), np.uint8)
    for place, value in enumerate(values):
        pixels[:, 4 * place : 4 * place + 4] = value
    Image.fromarray(pixels).save(file)
    return file


def masks_in(
    place: Path, values: Sequence[int] = (0, 1, 2), splits: Sequence[str] = ("train", "val")
) -> Path:
    for split in splits:
        for number in range(3):
            picture(place / "images" / split / f"{split}{number}.jpg")
            mask(place / "masks" / split / f"{split}{number}.png", values)
    return place


def classes_in(
    place: Path, names: Sequence[str] = ("cat", "dog"), splits: Sequence[str] = ("train", "val")
) -> Path:
    for split in splits:
        for name in names:
            for number in range(2):
                picture(place / split / name / f"{split}-{name}-{number}.jpg")
    return place


def outlined(place: Path, splits: Sequence[str] = ("train", "val")) -> Path:
    """Write COCO with a polygon, run lengths, and an object that has a box alone."""
    for split in splits:
        picture(place / "images" / f"{split}.jpg")
        runs = [8, 8, 24, 8, SIZE[0] * SIZE[1] - 48]
        document = {
            "images": [{"id": 1, "file_name": f"{split}.jpg", "width": SIZE[0], "height": SIZE[1]}],
            "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
            "annotations": [
                {"id": 1, "image_id": 1, "category_id": 1, "bbox": [20, 4, 10, 8],
                 "segmentation": [[20, 4, 30, 4, 30, 12, 20, 12]]},
                {"id": 2, "image_id": 1, "category_id": 2, "bbox": [0, 8, 2, 8],
                 "segmentation": {"counts": runs, "size": [SIZE[1], SIZE[0]]}},
                {"id": 3, "image_id": 1, "category_id": 2, "bbox": [40, 20, 6, 6], "segmentation": []},
            ],
        }  # fmt: skip
        (place / f"instances_{split}.json").write_text(json.dumps(document))
    return place


def checked(place: Path, form: str = "") -> DataReport:
    return check_data(open_place(place, form=form))


def drawn(found: Picture) -> Drawn:
    assert found.mask is not None
    return found.mask.draw()


def kinds(report: DataReport) -> set[str]:
    return set(report.tally.counts)


def test_images_beside_masks(tmp_path: Path) -> None:
    report = checked(masks_in(tmp_path / "d"))
    assert (report.format, report.classes) == ("masks", ("class 0", "class 1", "class 2"))
    assert [(s.name, s.pictures, dict(s.by_class)["class 2"]) for s in report.splits] == [
        ("train", 3, 3),
        ("val", 3, 3),
    ]
    assert not report.has_errors and "palette.json" in report.notes[0]


def test_split_folders_above_images_and_masks(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / "d" / split / "images" / "same.jpg")
        mask(tmp_path / "d" / split / "masks" / "same.png", [0, 3] if split == "train" else [0])
    opened = open_place(tmp_path / "d")
    assert [s.name for s in opened.data.splits] == ["train", "val"]
    for part in opened.data.splits:
        [found] = part.pictures()
        assert found.mask is not None and found.mask.path == f"{part.name}/masks/same.png"


def test_voc_with_its_lists_and_255_left_out(tmp_path: Path) -> None:
    for number in range(3):
        picture(tmp_path / "JPEGImages" / f"2007_{number}.jpg")
        mask(tmp_path / "SegmentationClass" / f"2007_{number}.png", [0, 5, 255])
        mask(tmp_path / "SegmentationObject" / f"2007_{number}.png", [0, 1, 255])
    lists = tmp_path / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2007_0\n2007_1\n")
    (lists / "val.txt").write_text("2007_2\n")
    opened = open_place(tmp_path)
    assert opened.data.classes[5] == "bottle"
    train = opened.data.split("train")
    assert train is not None
    first = next(train.pictures())
    assert np.unique(drawn(first).numbers).tolist() == [LEFT_OUT, 0, 5]
    assert {s.name: s.pictures for s in checked(tmp_path).splits} == {"train": 2, "val": 1}


def test_cityscapes_names(tmp_path: Path) -> None:
    for split, city in (("train", "aachen"), ("val", "ulm")):
        picture(tmp_path / "leftImg8bit" / split / city / f"{city}_0_leftImg8bit.png")
        for kind, values in (("labelIds", [7, 26, 4]), ("instanceIds", [7, 9]), ("color", [1, 2])):
            mask(tmp_path / "gtFine" / split / city / f"{city}_0_gtFine_{kind}.png", values)
    opened = open_place(tmp_path)
    assert [s.name for s in opened.data.splits] == ["train", "val"]
    [found] = opened.data.splits[0].pictures()
    assert found.mask is not None and found.mask.path.endswith("labelIds.png")
    names = {opened.data.classes[n] for n in np.unique(drawn(found).numbers) if n >= 0}
    assert names == {"road", "car"}


def test_colours_by_a_label_map(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    mask(tmp_path / "masks" / "a.png", [(0, 0, 0), (128, 0, 0), (0, 128, 0)])
    picture(tmp_path / "images" / "b.jpg")
    mask(tmp_path / "masks" / "b.png", [0, 1, 255])
    (tmp_path / "labelmap.txt").write_text("# label:color_rgb\nsky:0,0,0::\nroof:128,0,0::\n")
    report = checked(tmp_path)
    assert report.tally.counts["mask-value"] == 1, "of a palette 255 is what is left out"
    assert report.classes == ("sky", "roof")
    assert report.tally.examples["mask-value"][0].detail.startswith("(0, 128, 0)")


@pytest.mark.parametrize(
    ("values", "classes"), [([0, 255], ("background", "foreground")), ([0, 7], ("class 0", "class 7"))]
)
def test_values_in_use_are_classes(tmp_path: Path, values: list[int], classes: tuple[str, ...]) -> None:
    assert checked(masks_in(tmp_path, values)).classes == classes


def test_what_is_wrong_with_masks_is_said_at_once_with_the_file(tmp_path: Path) -> None:
    place = masks_in(tmp_path / "d")
    (place / "classes.txt").write_text("sky\nroof\ntree\n")
    mask(place / "masks" / "train" / "train0.png", [0, 1], (10, 10))
    mask(place / "masks" / "train" / "train1.png", [0, 9])
    (place / "masks" / "val" / "val0.png").unlink()
    (place / "masks" / "val" / "val1.png").write_bytes(b"no picture")
    mask(place / "masks" / "val" / "gone.png", [0])
    (place / "images" / "val" / "val2.jpg").write_bytes(b"nothing")
    report = checked(place)
    assert kinds(report) >= {
        "mask-size",
        "mask-value",
        "mask-missing",
        "mask-broken",
        "mask-alone",
        "picture-broken",
    }
    where = {kind: report.tally.examples[kind][0].where for kind in kinds(report)}
    assert where["mask-size"] == "masks/train/train0.png" and where["mask-alone"] == "masks/val/gone.png"
    assert "9 (" in report.tally.examples["mask-value"][0].detail
    with pytest.raises(FaultsError) as caught:
        convert(open_place(place), "masks", tmp_path / "new")
    assert {"mask-value", "mask-size"} <= set(caught.value.kinds) and not (tmp_path / "new").exists()


@pytest.mark.parametrize("part", ["test", "val"])
def test_only_a_split_to_test_on_may_have_no_masks(tmp_path: Path, part: str) -> None:
    place = masks_in(tmp_path / "d")
    (place / "images" / "val").rename(place / "images" / part)
    shutil.rmtree(place / "masks" / "val")
    report = checked(place)
    assert report.has_errors == (part == "val")
    assert kinds(report) >= {"test-undrawn" if part == "test" else "mask-missing"}


def test_folders_of_classes_in_splits(tmp_path: Path) -> None:
    place = classes_in(tmp_path / "d")
    picture(place / "val" / "eel" / "e.jpg")
    (place / "train" / "fox").mkdir()
    (place / "train" / "dog" / "copy.jpg").write_bytes((place / "val" / "dog" / "val-dog-0.jpg").read_bytes())
    (place / "train" / "cat" / "broken.jpg").write_bytes(b"x")
    report = checked(place)
    assert (report.format, report.classes) == ("class_folders", ("cat", "dog", "eel"))
    assert kinds(report) >= {"class-only-measured", "class-empty", "picture-broken", "picture-shared"}
    assert report.tally.examples["class-empty"][0].where == "train/fox"
    assert report.tally.examples["class-only-measured"][0].where == "eel"


def test_pictures_beside_the_folders_of_classes_are_told_and_no_others_are_lost(tmp_path: Path) -> None:
    for name in (
        "train/a.png",
        "train/b.png",
        "train/cat/c.png",
        "train/dog/d.png",
        "val/cat/e.png",
        "val/z.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 10)).save(tmp_path / name)
    data = open_place(tmp_path).data
    assert {split.name: [each.name for each in split.pictures()] for split in data.splits} == {
        "train": ["train/cat/c.png", "train/dog/d.png"],
        "val": ["val/cat/e.png"],
    }
    [loose] = [fault for fault in data.faults if fault.kind == "picture-loose"]
    assert (loose.where, loose.detail, loose.count) == ("train/a.png", "3 pictures", 3)


def test_flat_folders_are_classes_where_that_is_said_or_listed(tmp_path: Path) -> None:
    for name in ("2023", "2024"):
        picture(tmp_path / "d" / name / "p.jpg")
    with pytest.raises(UnrecognisedError, match="may be classes or not"):
        open_place(tmp_path / "d")
    assert open_place(tmp_path / "d", form="class_folders").data.classes == ("2023", "2024")
    (tmp_path / "d" / "classes.txt").write_text("2024\n2023\nnobody\n")
    report = checked(tmp_path / "d")
    assert report.classes == ("2024", "2023", "nobody")
    assert report.tally.examples["class-empty"][0].where == "nobody"


def test_annotations_stand_before_folders_and_masks(tmp_path: Path) -> None:
    place = outlined(classes_in(tmp_path / "d"))
    assert open_place(place).data.format == "coco"
    masked = outlined(tmp_path / "m")
    mask(masked / "masks" / "train.png", [0, 1])
    assert open_place(masked).data.format == "coco"


def test_outlines_become_masks_and_what_has_none_is_told(tmp_path: Path) -> None:
    copy = convert(open_place(outlined(tmp_path / "d")), "masks", tmp_path / "new")
    assert copy.classes == ("background", "cat", "dog")
    again = open_place(tmp_path / "new")
    assert again.data.classes == copy.classes and [s.name for s in again.data.splits] == ["train", "val"]
    numbers = drawn(next(again.data.splits[0].pictures())).numbers
    assert numbers.shape == SIZE[::-1]
    assert (numbers[6, 25], numbers[10, 0], numbers[10, 1], numbers[0, 0]) == (1, 2, 2, 0)
    assert numbers[22, 42] == 0  # a box alone is no area
    assert any("no outline" in sentence for sentence in copy.lost)


def test_outlines_in_a_folder_for_each_split_keep_the_numbers_of_their_classes(tmp_path: Path) -> None:
    outline = [[20, 4, 30, 4, 30, 12, 20, 12]]
    for split, names in (("train", ("cat", "dog")), ("val", ("dog",))):
        picture(tmp_path / "d" / split / f"{split}.jpg")
        document = {
            "images": [{"id": 1, "file_name": f"{split}.jpg", "width": SIZE[0], "height": SIZE[1]}],
            "categories": [{"id": place, "name": name} for place, name in enumerate(names)],
            "annotations": [
                {"id": 1, "image_id": 1, "category_id": names.index("dog"), "bbox": [20, 4, 10, 8],
                 "segmentation": outline},
            ],
        }  # fmt: skip
        (tmp_path / "d" / split / "_annotations.coco.json").write_text(json.dumps(document))
    copy = convert(open_place(tmp_path / "d"), "masks", tmp_path / "new")
    assert copy.classes == ("background", "cat", "dog")
    for written in open_place(tmp_path / "new").data.splits:
        numbers = drawn(next(written.pictures())).numbers
        assert (numbers[6, 25], numbers[0, 0]) == (2, 0)


def test_areas_stay_where_an_object_is_left_beside_what_is_left_out(tmp_path: Path) -> None:
    place = outlined(tmp_path / "d")
    for file in place.glob("instances_*.json"):
        document = json.loads(file.read_text())
        document["annotations"][2]["category_id"] = 9
        picture(place / "images" / f"{file.stem}-spoilt.jpg")
        spoilt = {"id": 2, "file_name": f"{file.stem}-spoilt.jpg", "width": SIZE[0], "height": SIZE[1]}
        document["images"].append(spoilt)
        document["annotations"].append({**document["annotations"][2], "id": 4, "image_id": 2})
        file.write_text(json.dumps(document))
    convert(open_place(place), "masks", tmp_path / "new", mode=Mode.SKIP)
    left = {each.name for split in open_place(tmp_path / "new").data.splits for each in split.pictures()}
    assert left == {"images/train/train.jpg", "images/val/val.jpg"}


def test_a_round_trip_keeps_every_pixel(tmp_path: Path) -> None:
    place = masks_in(tmp_path / "d", [0, 4, 255, 9])
    convert(open_place(place), "masks", tmp_path / "new")
    for split, other in zip(
        open_place(place).data.splits, open_place(tmp_path / "new").data.splits, strict=True
    ):
        for one, two in zip(split.pictures(), other.pictures(), strict=True):
            assert np.array_equal(drawn(one).numbers, drawn(two).numbers)


def test_boxes_become_pictures_of_classes(tmp_path: Path) -> None:
    copy = convert(open_place(outlined(tmp_path / "d")), "class_folders", tmp_path / "new")
    report = checked(tmp_path / "new")
    assert report.classes == ("cat", "dog") and {s.name: s.pictures for s in report.splits} == {
        "train": 3,
        "val": 3,
    }
    [cat] = (tmp_path / "new" / "images_train" / "cat").iterdir()
    with Image.open(cat) as shown, Image.open(tmp_path / "d" / "images" / "train.jpg") as whole:
        assert np.array_equal(np.asarray(shown), np.asarray(whole.crop((20, 4, 30, 12))))
    assert copy.manifest["splits"]["train"]["classes"]["dog"]["pictures"] == 2


def test_names_that_no_folder_can_have(tmp_path: Path) -> None:
    place = outlined(tmp_path / "d", ["train"])
    file = place / "instances_train.json"
    file.write_text(file.read_text().replace('"dog"', '"../a/b"'))
    copy = convert(open_place(place), "class_folders", tmp_path / "new")
    assert not (tmp_path / "a").exists()
    names = (tmp_path / "new" / "classes.txt").read_text().splitlines()
    assert {each.name for each in (tmp_path / "new" / "images_train").iterdir()} == set(names)
    assert any("no folder can have" in sentence for sentence in copy.lost)


@pytest.mark.parametrize(
    ("made", "to"), [("masks", "coco"), ("classes", "yolo"), ("classes", "masks"), ("masks", "class_folders")]
)
def test_a_format_that_does_not_hold_it_is_refused(tmp_path: Path, made: str, to: str) -> None:
    place = masks_in(tmp_path / "d") if made == "masks" else classes_in(tmp_path / "d")
    with pytest.raises(UsageError, match="holds"):
        convert(open_place(place), to, tmp_path / "new")


def test_boxes_without_outlines_make_no_masks(tmp_path: Path) -> None:
    convert(open_place(outlined(tmp_path / "d")), "yolo", tmp_path / "yolo")
    with pytest.raises(DataError, match="no outlines"):
        convert(open_place(tmp_path / "yolo"), "masks", tmp_path / "new")


def test_a_broken_picture_is_left_out_where_that_is_said(tmp_path: Path) -> None:
    place = masks_in(tmp_path / "d")
    (place / "masks" / "train" / "train0.png").unlink()
    copy = convert(open_place(place), "masks", tmp_path / "new", mode=Mode.SKIP)
    assert copy.splits["train"].pictures == 2 and any("without a mask" in s for s in copy.lost)


def test_crops_leave_out_what_shows_nothing(tmp_path: Path) -> None:
    from collections import Counter

    from skillbank.datasets.document import Box
    from skillbank.datasets.tree import open_tree

    picture(tmp_path / "p.jpg")
    boxes = (Box(0, 0, 1, 1, 0), Box(-5, 2, 10, 12, 0), Box(0, 0, 9, 9, None, "a cat"))
    lost: Counter[str] = Counter()
    seen = Picture("p.jpg", "p.jpg", *SIZE, boxes)
    assert list(crop_all(open_tree(tmp_path), [seen], ["cat"], tmp_path / "out", lost)) == [0]
    assert lost.total() == 2
    [made] = (tmp_path / "out" / "cat").iterdir()
    with Image.open(made) as shown:
        assert shown.size == (10, 10)


def test_shown_with_their_areas_and_classes(tmp_path: Path) -> None:
    run = CliRunner()
    for name, place in (("masks", masks_in(tmp_path / "m")), ("classes", classes_in(tmp_path / "c"))):
        out = tmp_path / f"{name}.html"
        told = run.invoke(app, ["data", "show", str(place), "-o", str(out), "--json"])
        assert told.exit_code == 0, told.output
        document = json.loads(told.stdout)
        assert len(document["shown"]) == {"masks": 6, "classes": 8}[name]
        assert out.stat().st_size > 5000
        shown = out.read_text(encoding="utf-8").partition("<body>")[2].partition("<script")[0]
        said = run.invoke(app, ["data", "show", str(place), "-o", str(out)]).output.partition("\n")[0]
        assert "boxes" not in shown + said and (" areas, " in said) == (name == "masks")
        assert ("areas" in document) == (name == "masks")
        assert not any("box" in key for key in (*document, *document["classes"][0]))
        assert f"pictures without {'mask' if name == 'masks' else 'class'}" in shown
        assert ('id="heat"' in shown) == (name == "masks")


# --- in a run ---------------------------------------------------------------------------------------------


def skill(bank: Path, kind: str) -> Path:
    """Write a skill whose program reads masks or folders of classes, with the keys of a toy."""
    if kind == "segmentation":
        sources = {"data.root": {"source": "train_datasets", "path": ""}}
        measured = {"data.root": {"source": "eval_dataset", "path": ""}}
        rows = (
            "| train | data.root | train_datasets | | No |\n| evaluate | data.root | eval_dataset | | No |\n"
        )
        spec = {"data": {"root": "", "palette": []}}
    else:
        folder = {"runtime": "extracted_folder"}
        sources = {
            "data.train": {"source": "train_datasets", "path": "images_train.tar.gz", **folder},
            "data.classes": {"source": "train_datasets", "path": "classes.txt"},
            "data.val": {"source": "eval_dataset", "path": "images_val.tar.gz", **folder},
        }
        measured = {
            "data.val": {"source": "eval_dataset", "path": "images_val.tar.gz", **folder},
            "data.classes": {"source": "eval_dataset", "path": "classes.txt"},
        }
        rows = ""
        spec = {"data": {"train": "", "val": "", "classes": ""}}
    root = bank / "skills" / f"toy-{kind}"
    (root / "references").mkdir(parents=True)
    (root / "SKILL.md").write_text(
        f"---\nname: toy-{kind}\ndescription: A toy.\n---\n- **Dataset type:** {kind}\n\n{TABLE}{rows}"
    )
    inputs = {key: {"type": "folder" if "classes" not in key else "file"} for key in sources}
    document = {
        "network_arch": "toy",
        "actions": {
            "train": {"command": "toy train -e {config_path}", "inputs": inputs},
            "evaluate": {
                "command": "toy evaluate -e {config_path}",
                "inputs": {key: {"type": "folder"} for key in measured},
            },
        },
        "data_sources": {"train": sources, "evaluate": measured},
        "spec_templates": {"train": "../references/t.yaml", "evaluate": "../references/t.yaml"},
    }
    (root / "references" / "skill_info.yaml").write_text(yaml.safe_dump(document))
    (root / "references" / "t.yaml").write_text(yaml.safe_dump(spec))
    return bank


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the toy for a program of the own bank, whose demands on its data are known."""
    monkeypatch.setattr(data_judging, "own_engine", {"toy": EngineFacts("toy")}.get)


def plan(bank: Path, kind: str, /, **places: Path) -> Plan:
    data = tuple(DataLocation(source=source, uri=str(place)) for source, place in places.items())
    with Runtime(banks=[bank]) as runtime:
        [made] = runtime.plan(Request(skill=f"toy-{kind}", action="train", data=data, automl="off"))
    return made


def given(bank: Path, kind: str, /, **places: Path) -> Staged:
    return staged(plan(bank, kind, **places))


def test_masks_in_another_layout_are_given_as_the_program_wants_them(tmp_path: Path) -> None:
    bank = skill(tmp_path / "bank", "segmentation")
    for split in ("train", "val"):
        for number in range(2):
            picture(tmp_path / "d" / split / "images" / f"{number}.jpg")
            mask(tmp_path / "d" / split / "masks" / f"{number}.png", [0, 100, 200])
    run = given(bank, "segmentation", train_datasets=tmp_path / "d")
    root = run.path("data.root")
    assert sorted(p.name for p in (root / "images" / "train").iterdir()) == ["0.jpg", "1.jpg"]
    with Image.open(root / "masks" / "val" / "0.png") as made:
        assert np.unique(np.asarray(made)).tolist() == [0, 1, 2]
    palette = json.loads((root / "palette.json").read_text())
    assert palette["num_classes"] == 3 and len(palette["palette"]) == 4
    assert any("4 pictures" in note for note in run.notes)
    assert any("what the numbers of the masks mean: 3 classes from 0" in note for note in run.notes)


def test_masks_as_the_program_wants_them_are_used_as_they_lie(tmp_path: Path) -> None:
    bank = skill(tmp_path / "bank", "segmentation")
    place = masks_in(tmp_path / "d")
    assert (
        given(bank, "segmentation", train_datasets=place).path("data.root") != place
    )  # nothing names its values
    convert(open_place(place), "masks", tmp_path / "own")
    assert given(bank, "segmentation", train_datasets=tmp_path / "own").path("data.root") == tmp_path / "own"


def test_outlines_are_given_as_masks(tmp_path: Path) -> None:
    bank = skill(tmp_path / "bank", "segmentation")
    run = given(bank, "segmentation", train_datasets=outlined(tmp_path / "d"))
    assert (run.path("data.root") / "masks" / "val" / "val.png").is_file()
    assert any("no outline" in note for note in run.notes)


@pytest.mark.usefixtures("known")
def test_a_training_without_a_split_to_validate_on_is_refused(tmp_path: Path) -> None:
    bank = skill(tmp_path / "bank", "segmentation")
    with pytest.raises(DataError, match="no split val"):
        given(bank, "segmentation", train_datasets=masks_in(tmp_path / "d", splits=["train"]))


@pytest.mark.usefixtures("known")
def test_faults_of_masks_end_a_launch_at_once(tmp_path: Path) -> None:
    bank = skill(tmp_path / "bank", "segmentation")
    place = masks_in(tmp_path / "d", splits=["train", "val"])
    (place / "masks" / "train" / "train0.png").unlink()
    mask(place / "masks" / "val" / "val0.png", [0], (5, 5))
    with pytest.raises(DataError) as caught:
        given(bank, "segmentation", train_datasets=place)
    assert "without a mask" in caught.value.sentence and "another size" in caught.value.sentence


@pytest.mark.parametrize("layout", ["split folders", "flat", "boxes"])
def test_folders_of_classes_are_given_from_any_layout(tmp_path: Path, layout: str) -> None:
    bank = skill(tmp_path / "bank", "image_classification")
    if layout == "flat":
        for part in ("train", "val"):
            for name in ("cat", "dog"):
                picture(tmp_path / part / name / "a.jpg")
        places = {"train_datasets": tmp_path / "train", "eval_dataset": tmp_path / "val"}
    else:
        place = (classes_in if layout == "split folders" else outlined)(tmp_path / "d")
        places = {"train_datasets": place, "eval_dataset": place}
    run = given(bank, "image_classification", **places)
    assert run.path("data.classes").read_text().splitlines() == ["cat", "dog"]
    for key in ("data.train", "data.val"):
        assert sorted(p.name for p in run.path(key).iterdir()) == ["cat", "dog"]
        assert all(any(folder.iterdir()) for folder in run.path(key).iterdir())


def test_a_model_of_boxes_refuses_folders_of_classes(tmp_path: Path) -> None:
    with Runtime() as runtime:
        [made] = runtime.plan(f"train Grounding DINO on {classes_in(tmp_path / 'd')}, no HPO, 1 epoch")
    with pytest.raises(DataError, match="marks no boxes"):
        staged(made)


def test_greys_among_colours_mean_what_the_label_map_says(tmp_path: Path) -> None:
    for name, values in (("a", [(0, 0, 0), (128, 0, 0)]), ("b", [(0, 0, 0)])):
        picture(tmp_path / "images" / f"{name}.jpg")
        mask(tmp_path / "masks" / f"{name}.png", values)
    nothing = checked(tmp_path)
    assert nothing.classes == ("colour 0-0-0", "colour 128-0-0") and not nothing.has_errors
    (tmp_path / "labelmap.txt").write_text("sky:0,0,0::\nroof:128,0,0::\n")
    report = checked(tmp_path)
    assert not report.has_errors
    [split] = report.splits
    assert split.by_class == {"sky": 2, "roof": 1}


def test_the_mask_of_a_picture_that_is_gone_is_not_that_of_a_namesake_in_another_split(
    tmp_path: Path,
) -> None:
    for split in ("train", "val"):
        for name in ("a", "b"):
            picture(tmp_path / "images" / split / f"{name}.jpg")
            mask(tmp_path / "masks" / split / f"{name}.png", [0, 1] if split == "val" else [0])
    (tmp_path / "images" / "train" / "b.jpg").unlink()
    report = checked(tmp_path)
    assert report.tally.counts["mask-alone"] == 1
    val = next(each for each in open_place(tmp_path).data.splits if each.name == "val")
    owners = {found.name: found.mask.path for found in val.pictures() if found.mask is not None}
    assert owners == {f"images/val/{name}.jpg": f"masks/val/{name}.png" for name in "ab"}
