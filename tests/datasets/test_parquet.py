"""Tables of Parquet as the Hub of Hugging Face has them, with the pictures inside or beside them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from skillbank.datasets.checking import check_data
from skillbank.datasets.opening import Opened, open_place
from skillbank.datasets.parquet import write_out
from skillbank.errors import DataError
from skillbank.storage.data_place import unpacker
from tests.datasets.reading import boxes, kinds, picture, text
from tests.datasets.running import plan_of, staged
from tests.datasets.samples import SAMPLES

IMAGE = pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})
NAMES = ["person", "dog", "cat"]
FEATURES = {
    "image": {"_type": "Image"},
    "scene": {"names": ["day", "night"], "_type": "ClassLabel"},
    "objects": {
        "feature": {
            "bbox": {"feature": {"dtype": "float32", "_type": "Value"}, "length": 4, "_type": "Sequence"},
            "category": {"names": NAMES, "_type": "ClassLabel"},
        },
        "_type": "Sequence",
    },
}


def drawn(kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (100, 80), (90, 120, 150)).save(file, kind)
    return file.getvalue()


def row(*categories: int | str, path: str | None = None, content: bytes | None = None) -> dict[str, Any]:
    return {
        "image_id": 7,
        "image": {"bytes": drawn() if content is None else content, "path": path},
        "width": 100,
        "height": 80,
        "objects": {
            "bbox": [[10.0, 20.0, 30.0, 40.0] for _ in categories],
            "category": list(categories),
        },
    }


def saved(file: Path, rows: list[dict[str, Any]], *, described: bool = True) -> Path:
    """Write a table as the package 'datasets' pushes it to the Hub."""
    file.parent.mkdir(parents=True, exist_ok=True)
    table = pyarrow.Table.from_pylist(rows)
    if "image" in table.column_names:
        at = table.column_names.index("image")
        cells = pyarrow.array([each["image"] for each in rows], IMAGE)
        table = table.set_column(at, pyarrow.field("image", IMAGE), cells)
    if described:
        note = json.dumps({"info": {"features": FEATURES}}).encode()
        table = table.replace_schema_metadata({b"huggingface": note})
    pyarrow.parquet.write_table(table, file, row_group_size=2)
    return file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


def opened(root: Path) -> Opened:
    return open_place(root, unpacker(root.parent / "cache"))


def test_shards_of_splits(root: Path) -> None:
    saved(root / "data" / "train-00000-of-00002.parquet", [row(1, 2), row(0, path="a.jpg")])
    saved(root / "data" / "train-00001-of-00002.parquet", [row(1, path="a.jpg"), row(path="a.jpg")])
    saved(root / "data" / "validation-00000-of-00001-8d3f.parquet", [row(2, content=drawn("PNG"))])
    text(root / "README.md", "---\nconfigs: []\n---\n")
    found = opened(root)
    data, box = found.data, (10.0, 20.0, 40.0, 60.0)
    assert (data.format, data.classes) == ("hugging_face", tuple(NAMES))
    assert boxes(data, "train") == {
        "data/train/train-00000-of-00002/000000.jpg": [("dog", *box), ("cat", *box)],
        "data/train/train-00000-of-00002/a.jpg": [("person", *box)],
        "data/train/train-00001-of-00002/a.jpg": [("dog", *box)],
        "data/train/train-00001-of-00002/000001_a.jpg": [],
    }
    assert boxes(data, "val") == {
        "data/val/validation-00000-of-00001-8d3f/000000.png": [("cat", *box)],
    }
    assert not kinds(data)
    assert not check_data(found).tally.counts.keys() & {"picture-missing", "picture-broken"}


@pytest.mark.parametrize(
    "names", [("train", "test"), ("default/train/0000", "default/test/0000"), ("cppe-5-train", "cppe-5-test")]
)
def test_other_names_and_classes_as_words(root: Path, names: tuple[str, str]) -> None:
    for name in names:
        saved(root / f"{name}.parquet", [row("dog")], described=False)
    data = opened(root).data
    assert [split.name for split in data.splits] == ["train", "test"]
    assert data.classes == ("dog",)


def test_a_table_that_is_named_alone(root: Path) -> None:
    file = saved(root / "x.parquet", [row(1)])
    data = opened(file).data
    assert boxes(data) == {"000000.jpg": [("dog", 10, 20, 40, 60)]}


def test_a_picture_of_the_card_and_tables_that_are_something_else(root: Path) -> None:
    picture(root / "assets" / "example.png")
    saved(root / "data" / "train-00000-of-00001.parquet", [row(1)])
    text(root / "dataset_infos.json", "{}")
    assert list(boxes(opened(root).data, "train")) == ["data/train/train-00000-of-00001/000000.jpg"]
    saved(root / "data" / "train-00000-of-00001.parquet", [{"feature": 0.5}], described=False)
    assert opened(root).data.format == "pictures"
    SAMPLES["coco"](root.parent / "coco")
    saved(root.parent / "coco" / "train.parquet", [row(1)])
    assert opened(root.parent / "coco").data.format == "coco"


def test_it_is_trained_on(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    saved(root / "data" / "train-00000-of-00001.parquet", [row(1, 2), row(0)])
    saved(root / "data" / "validation-00000-of-00001.parquet", [row(1)])
    given = staged(plan_of(f"train Grounding DINO on {root}, no HPO, 1 epoch"))
    assert [len(each.boxes) for each in given.training().records] == [2, 1]
    assert given.training().labels == tuple(NAMES)
    assert [len(each.boxes) for each in given.validation().records] == [1]


def test_metadata_beside_the_pictures(root: Path) -> None:
    picture(root / "train" / "a.jpg")
    objects = {"bbox": [[10.0, 20.0, 30.0, 40.0]], "category": ["dog"]}
    saved(root / "train" / "metadata.parquet", [{"file_name": "a.jpg", "objects": objects}], described=False)
    assert boxes(opened(root).data, "train") == {"train/a.jpg": [("dog", 10, 20, 40, 60)]}


def test_names_that_lead_elsewhere_or_are_none(root: Path) -> None:
    paths = ["../../x.jpg", "/etc/y.png", "metadata.jsonl", "", "-a.jpg", "no ending"]
    saved(root / "train.parquet", [row(1, path=each) for each in paths])
    data = opened(root).data
    names = [each.rpartition("/")[2] for each in boxes(data, "train")]
    assert names == ["x.jpg", "y.png", *(f"00000{number}.jpg" for number in range(2, 6))]
    inside = {file.parent.parent.name for file in (root.parent / "cache").rglob("*.jpg")}
    assert inside == {"cache"}


def test_what_is_no_data_set(root: Path) -> None:
    file = saved(root / "train.parquet", [{"text": "a", "size": 7}], described=False)
    with pytest.raises(DataError, match=r"train.parquet holds no pictures .*columns are text, size"):
        opened(root)
    file.write_bytes(b"PAR1 and nothing else PAR1")
    with pytest.raises(DataError, match=r"train.parquet cannot be read .*copy it again"):
        opened(root)
    file.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 26870829\n")
    with pytest.raises(DataError, match=r"is a pointer of Git LFS .*git lfs pull"):
        opened(root)


def test_a_bomb(root: Path) -> None:
    root.mkdir()
    file = saved(root.parent / "x.parquet", [row(1, content=bytes(1 << 20))])
    with pytest.raises(DataError, match=r"unpacks to 1 MiB, out of proportion"):
        write_out(file, root, 1 << 19)


def test_without_pyarrow(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(root / "train.parquet", [row(1)])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        DataError, match=r"pyarrow, which reads such, is not installed: pip install .*formats"
    ):
        opened(root)


def test_pictures_without_bytes_lie_where_their_path_says(root: Path) -> None:
    picture(root / "photos" / "a.jpg")
    outside = row(1)
    outside["image"] = {"bytes": None, "path": "photos/a.jpg"}
    saved(root / "metadata.parquet", [outside])
    assert boxes(opened(root).data) == {"photos/a.jpg": [("dog", 10, 20, 40, 60)]}
