"""Data sets for jobs on platforms: laid out in several ways, and a program that says what it finds."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.plan.model import InputBinding
from tests.datasets.samples import HELD, odvg, yolo

__all__ = ["LAYOUTS", "lay_out", "looking_at", "read_by_jobs"]

_LOOK = r"""
value() { sed -n "s/^ *\"$1\": \"\(.*\)\".*/\1/p" "$0"; }
lines=$(value lines); labels=$(value labels); pictures=$(value pictures)
cat "$labels"; echo; echo "pictures"
sed -n 's/.*"file_name": *"\([^"]*\)".*/\1/p' "$lines" | while read -r name; do
    echo "picture $(md5sum < "$pictures/$name") $name"
done
[ -e "$1" ] && echo "what is beside it can be read"
(echo x >> "$lines") 2> /dev/null && echo "annotations can be written"
(echo x > "$pictures/x") 2> /dev/null && echo "pictures can be written"
true
"""
"""Prints the label map and a sum of every picture that the annotations name, and what more it can do."""
_BESIDE = "private"
"""A file beside each data set."""


def _folder(root: Path) -> Path:
    return root / "data"


def _archive(root: Path) -> Path:
    return Path(shutil.make_archive(str(root / "packed"), "zip", root / "data"))


def _linked_pictures(root: Path) -> Path:
    """Pictures that are links to a store beside the data set, as tools of versioned data leave them."""
    store = root / "store"
    store.mkdir()
    for picture in sorted((root / "data/images").rglob("*.jpg")):
        blob = store / hashlib.sha256(picture.read_bytes()).hexdigest()
        picture.rename(blob)
        picture.symlink_to(blob)
    return root / "data"


def _own_files(root: Path) -> Path:
    """The files that the program asks for; only that their pictures are links."""
    store = root / "store"
    (root / "data/train/images").rename(store)
    (root / "data/train/images").mkdir()
    for picture in store.iterdir():
        (root / "data/train/images" / picture.name).symlink_to(picture)
    return root / "data/train"


def _linked_folder(root: Path) -> Path:
    (root / "data/images").rename(root / "disk")
    (root / "data/images").symlink_to(root / "disk")
    return root / "data"


def _linked_apart(root: Path) -> Path:
    """Each split lies somewhere else: what these places have in common belongs to nobody's data set."""
    (root / "data/images/train").rename(root / "disk")
    (root / "data/images/train").symlink_to(root / "disk")
    return root / "data"


def _linked_place(root: Path) -> Path:
    """A data set behind a link to its folder, with a picture that is a link inside it."""
    (root / "data/kept").mkdir()
    picture = root / "data/images/train/a.jpg"
    picture.rename(root / "data/kept/blob")
    picture.symlink_to(root / "data/kept/blob")
    (root / "way").symlink_to(root / "data")
    return root / "way"


def _several_roots(root: Path) -> Path:
    """One split lies packed in the folder, the other one unpacked."""
    shutil.make_archive(str(root / "data/images/train"), "zip", root / "data/images/train")
    shutil.rmtree(root / "data/images/train")
    return root / "data"


LAYOUTS: dict[str, Callable[[Path], Path]] = {
    "folder": _folder,
    "archive": _archive,
    "linked pictures": _linked_pictures,
    "linked folder": _linked_folder,
    "linked place": _linked_place,
    "several roots": _several_roots,
    "linked apart": _linked_apart,
    "own files": _own_files,
}
"""Each lays a data set below a folder out anew, and returns the place that a person would name."""


def lay_out(root: Path, layout: str) -> tuple[Path, list[str]]:
    """Make a data set below a folder; return its place, and the sums of the pictures to train on."""
    (odvg if layout == "own files" else yolo)(root / "data")
    pictures = [next((root / "data").rglob(f"{stem}.jpg")) for stem in HELD["train"]]
    sums = [hashlib.md5(picture.read_bytes(), usedforsecurity=False).hexdigest() for picture in pictures]
    (root / _BESIDE).touch()
    return LAYOUTS[layout](root), sorted(sums)


def looking_at(place: Path) -> dict[str, Any]:
    """Return the fields of a plan whose program looks at the training data made of a place."""
    files = {
        "lines": "annotations_odvg.jsonl",
        "labels": "annotations_odvg_labelmap.json",
        "pictures": "images",
    }
    inputs = tuple(
        InputBinding(
            key=f"data.{key}",
            uri=f"{place}/{file}",
            runtime="folder" if key == "pictures" else "file",
            source="train_datasets",
            place=str(place),
        )
        for key, file in files.items()
    )
    return {
        "command": ("sh", "-c", _LOOK, "{config_path}", str(place.parent / _BESIDE)),
        "config_format": "json",  # one value a line, however long
        "spec": {"results_dir": "{results_dir}", "data": dict.fromkeys(files, "???")},
        "inputs": inputs,
    }


def read_by_jobs(jobs: Jobs, plan: Callable[..., Any], root: Path, *, shared: bool = False) -> None:
    """Run a job on each layout, all at the same time, and check what their programs found.

    Parameters
    ----------
    plan
        Makes a plan of the platform, of its fields.
    root
        Where the data sets are made.
    shared
        Whether programs see all of this machine there, and nothing keeps them from writing to their data.
    """
    started: dict[str, tuple[JobRecord, list[str]]] = {}
    for layout in LAYOUTS:
        (root / layout).mkdir(parents=True)
        place, sums = lay_out(root / layout, layout)
        started[layout] = jobs.launch(plan(**looking_at(place))), sums
    for layout, (record, sums) in started.items():
        ended = jobs.wait(record.id, timeout=120)
        said = "".join(jobs.logs(ended.id))
        assert ended.state is JobState.COMPLETE, (layout, said, ended.history)
        labels, _, rest = said.partition("\npictures\n")
        assert json.loads(labels) == {"0": "cat", "1": "dog"}, (layout, said)
        found = sorted(line.split()[1] for line in rest.splitlines() if line.startswith("picture "))
        assert found == sums, (layout, said)
        assert shared or " can be " not in said, (layout, said)
