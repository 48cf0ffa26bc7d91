"""Annotation files that are packed with gzip."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from skillbank.datasets.opening import open_place
from skillbank.errors import DataError
from skillbank.storage.data_place import unpacker
from tests.datasets.reading import boxes, text
from tests.datasets.samples import HELD, SAMPLES


def pack(root: Path) -> list[Path]:
    """Pack every annotation file of a data set in its place."""
    packed = []
    for file in sorted(root.rglob("*")):
        if file.suffix in (".json", ".jsonl", ".csv", ".xml"):
            target = file.with_name(f"{file.name}.gz")
            target.write_bytes(gzip.compress(file.read_bytes()))
            file.unlink()
            packed.append(target)
    return packed


@pytest.mark.parametrize("form", ["odvg", "coco", "cvat", "labelme", "open_images", "csv", "create_ml"])
def test_packed_annotations_are_read_as_if_they_were_not(form: str, tmp_path: Path) -> None:
    root = tmp_path / "data"
    SAMPLES[form](root)
    assert pack(root)
    data = open_place(root, unpacker(tmp_path / "cache")).data
    assert data.format == form
    for split, entries in HELD.items():
        read = {Path(name).stem: marks for name, marks in boxes(data, split).items()}
        assert read == {
            stem: [(name, *corners) for name, corners in marks] for stem, marks in entries.items()
        }


def test_a_packed_file_that_is_named_is_the_split(tmp_path: Path) -> None:
    root = tmp_path / "data"
    SAMPLES["coco"](root)
    pack(root)
    opened = open_place(root / "annotations" / "instances_val2017.json.gz", unpacker(tmp_path / "cache"))
    assert opened.split is not None and opened.split.name == "val"


def test_the_plain_file_beside_a_packed_one_counts(tmp_path: Path) -> None:
    root = tmp_path / "data"
    SAMPLES["coco"](root)
    for split in HELD:
        text(root / "annotations" / f"instances_{split}2017.json.gz", gzip.compress(b"{}"))
    assert open_place(root, unpacker(tmp_path / "cache")).data.classes == ("cat", "dog")


def test_damaged_files_and_bombs(tmp_path: Path) -> None:
    root = tmp_path / "data"
    SAMPLES["coco"](root)
    [file, _] = pack(root)
    whole = file.read_bytes()
    for said in (whole[:-9], b"no gzip", whole[:30] + b"\0" * 9 + whole[39:]):
        file.write_bytes(said)
        with pytest.raises(DataError, match=r"train2017.json.gz cannot be unpacked .*make or copy it again"):
            open_place(root, unpacker(tmp_path / "cache"))
    file.write_bytes(gzip.compress(bytes(257 << 20), 1))
    with pytest.raises(DataError, match=r"train2017.json.gz unpacks to over 256 MiB"):
        open_place(root, unpacker(tmp_path / "cache"))
