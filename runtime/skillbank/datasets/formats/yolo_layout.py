"""Where a YOLO data set keeps its pictures and labels: by data.yaml, by lists, or by the names of folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath
from unicodedata import normalize

from skillbank.datasets.document import SPLITS, split_in, split_of
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.gathering import examples
from skillbank.datasets.formats.yolo_classes import Described, class_list_files
from skillbank.datasets.formats.yolo_labels import is_label_line
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import PICTURES, Tree
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["Layout", "holds_labels", "label_files"]

_LOOKED_AT = 40
_NO_LABELS = ("readme", "requirements", "license")


@dataclass
class Layout:
    """The splits of a data set.

    Attributes
    ----------
    places
        By split: folders of pictures, or files that list them, relative to the tree.
    said
        What each split is called.
    """

    tree: Tree
    places: dict[str, list[str]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def of(cls, tree: Tree, described: Described) -> Layout:
        """Find the places of every split."""
        layout = cls(tree)
        for split in SPLITS:
            for entry in described.places.get(split, ()):
                place = layout._resolved(described.root, entry, split)
                if place is not None:
                    layout.places.setdefault(split, []).append(place)
                    layout.said.setdefault(split, _said(entry, split))
                else:
                    layout._missing(described.file, split, entry)
        if not layout.places:
            layout._by_names()
        elif rest := layout._left_out():
            file = one_line(described.file)
            layout.notes.append(
                f"{len(rest):,} pictures with label files stand in no split of {file} and are left out "
                f"({examples(rest)})"
            )
        return layout

    def _left_out(self) -> list[str]:
        """Return the pictures with a label file that no split holds."""
        held = {path for split in self.places for _, path in self.pictures(split)}
        return [name for name in self.tree.pictures if name not in held and self.label_of(name) is not None]

    def pictures(self, split: str) -> Iterator[tuple[str, str | None]]:
        """Yield each picture of a split as it is named, and where it lies."""
        for place in self.places[split]:
            if place in self.tree.files:
                yield from self._listed(place)
            else:
                start = f"{place}/" if place else ""
                for name in self.tree.pictures:
                    if name.startswith(start) and (split or not self._in_a_split(name)):
                        yield name, name

    def label_of(self, picture: str) -> str | None:
        """Return the label file of a picture; None where it has none."""
        stem = picture.rpartition(".")[0]
        parts = stem.split("/")
        labels = self.labels
        for at in range(len(parts) - 2, -1, -1):
            if parts[at].lower() in ("images", "image", "imgs", "img"):
                for word in ("labels", "label", "Labels"):
                    swapped = "/".join([*parts[:at], word, *parts[at + 1 :]]) + ".txt"
                    if swapped in labels:
                        return labels[swapped]
                break
        folder, _, last = stem.rpartition("/")
        for candidate in (
            f"{stem}.txt",
            f"labels/{stem}.txt",
            f"{folder}/labels/{last}.txt",
            f"{picture}.txt",
        ):
            if candidate in labels:
                return labels[candidate]
        same = self._by_stem.get(last, [])
        if len(same) != 1 or self._picture_stems.get(last) != 1:
            return None
        [label] = same
        mine, other = self._split_part(picture), self._split_part(label)
        return label if mine is None or other is None or mine[1] == other[1] else None

    @cached_property
    def labels(self) -> dict[str, str]:
        """All files that may hold labels, by their name with an ending in small letters."""
        found = {f"{name[: -len('.txt')]}.txt": name for name in label_files(self.tree)}
        return {name: name if name in self.tree.files else found[name] for name in found}

    @cached_property
    def orphans(self) -> dict[str, list[str]]:
        """Label files without a picture, by the split whose labels lie in the same folder."""
        taken: set[str] = set()
        homes: dict[str, str] = {}
        for split in self.places:
            for _, path in self.pictures(split):
                label = self.label_of(path) if path is not None else None
                if label is not None:
                    taken.add(label)
                    homes.setdefault(label.rpartition("/")[0], split)
        found: dict[str, list[str]] = {}
        for name in sorted({*self.labels.values()} - taken):
            words = [split_in(part) for part in name.split("/")[:-1]]
            split = next((word for word in words if word), homes.get(name.rpartition("/")[0], ""))
            if split in self.places and _labels_in(self.tree, name):
                found.setdefault(split, []).append(name)
        return found

    def _resolved(self, root: str, entry: str, split: str) -> str | None:
        """Return the folder or list that an entry means, which may stand in the words of another machine."""
        parts = _parts(entry)
        whole = [*_parts(root), *parts]
        for candidate in ("/".join(whole), "/".join(parts)):
            if self._is_place(candidate):
                return candidate
        names = [split_in(part) == split for part in whole]
        last = max((at for at, same in enumerate(names) if same), default=len(whole) - 1)
        for start in range(1, last + 1):
            if self._is_place(tail := "/".join(whole[start:])):
                return tail
        return None

    def _is_place(self, name: str) -> bool:
        return name in self.tree.files or name in self._folders

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Folders with pictures in them or below."""
        found = {""} if self.tree.pictures else set()
        for folder in self.tree.picture_folders:
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    def _missing(self, file: str, split: str, entry: str) -> None:
        about = f"names '{one_line(entry)}' for {split}, which is not there or holds no picture"
        if split == "test":
            self.notes.append(f"{one_line(file)} {about}: there is no {split}")
        else:
            self.faults.append(Fault("split-missing", file, about))

    def _by_names(self) -> None:
        lists = {
            split: name
            for name in self.tree.ending(".txt")
            if name.count("/") <= 1
            and (split := split_of(PurePosixPath(name).stem)) is not None
            and _lists_pictures(self.tree, name)
        }
        if not lists:
            self._by_folders()
        for split in SPLITS:
            if split in lists:
                self.places[split] = [lists[split]]
                self.said[split] = PurePosixPath(lists[split]).stem

    def _by_folders(self) -> None:
        """Divide pictures by the folders of splits that they lie in."""
        undivided = 0
        for name in self.tree.pictures:
            part = self._split_part(name)
            if part is None:
                undivided += 1
                continue
            at, split = part
            place = "/".join(name.split("/")[: at + 1])
            if place not in self.places.setdefault(split, []):
                self.places[split].append(place)
                self.said.setdefault(split, name.split("/")[at])
        if not self.places:
            self.places[""] = [""]
            self.said[""] = ""
        elif undivided:
            self.notes.append(f"{undivided:,} pictures lie in no folder of a split and are left aside")
        self.places = {split: self.places[split] for split in (*SPLITS, "") if split in self.places}

    def _in_a_split(self, name: str) -> bool:
        return len(self.places) > 1 and self._split_part(name) is not None

    @staticmethod
    def _split_part(name: str) -> tuple[int, str] | None:
        for at, part in enumerate(name.split("/")[:-1]):
            if (split := split_in(part)) is not None:
                return at, split
        return None

    def _listed(self, place: str) -> Iterator[tuple[str, str | None]]:
        for line in read_text(self.tree.path(place)).splitlines():
            if name := line.strip():
                yield name, self.tree.find(name, beside=place)

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.labels.values():
            found.setdefault(name.rpartition("/")[2][: -len(".txt")], []).append(name)
        return found

    @cached_property
    def _picture_stems(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for name in self.tree.pictures:
            stem = name.rpartition("/")[2].rpartition(".")[0]
            found[stem] = found.get(stem, 0) + 1
        return found


def label_files(tree: Tree) -> Iterator[str]:
    """Yield the text files that are neither lists of classes nor of a split's pictures."""
    lists = set(class_list_files(tree))
    for name in tree.ending(".txt"):
        last = name.rpartition("/")[2].lower()
        if name in lists or last in ("classes.txt", "obj.names") or last.startswith(_NO_LABELS):
            continue
        if split_of(last[: -len(".txt")]) is None or _labels_in(tree, name):
            yield name


def holds_labels(tree: Tree) -> bool | None:
    """Whether one of the first text files holds labels, spoilt ones among them; None where all are empty."""
    looked, empty = None, True
    for looked in islice(label_files(tree), _LOOKED_AT):
        lines = _first_lines(tree, looked)
        if any(map(is_label_line, lines)):
            return True
        empty = empty and not lines
    return None if looked is not None and empty else False


def _labels_in(tree: Tree, name: str) -> bool:
    lines = _first_lines(tree, name)
    return not lines or any(map(is_label_line, lines))


def _lists_pictures(tree: Tree, name: str) -> bool:
    lines = _first_lines(tree, name)
    return bool(lines) and lines[0].strip().lower().endswith(PICTURES)


def _first_lines(tree: Tree, name: str) -> list[str]:
    try:
        return [line for line in read_text(tree.path(name)).splitlines()[:_LOOKED_AT] if line.strip()]
    except DataError:
        return []


def _parts(entry: str) -> list[str]:
    """Return the parts of a path without what leads out of the data set."""
    parts = normalize("NFC", entry).replace("\\", "/").split("/")
    return [part for part in parts if part not in ("", ".", "..")]


def _said(entry: str, split: str) -> str:
    return next((part for part in reversed(_parts(entry)) if split_of(part) == split), split)
