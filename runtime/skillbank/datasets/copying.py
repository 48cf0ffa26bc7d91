"""Writing a data set: pictures placed under new names, annotations by a format's writer, a manifest."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from skillbank.datasets.document import Marks, Picture
from skillbank.datasets.formats import BROKEN, WRITERS
from skillbank.datasets.formats.base import Part, Writer
from skillbank.datasets.formats.class_folders_writer import folder_names
from skillbank.datasets.fresh import fresh_folder
from skillbank.datasets.naming import Names
from skillbank.datasets.picture_names import PICTURES, ending_for
from skillbank.datasets.placing import Placement, Placer
from skillbank.datasets.plain_files import open_plain
from skillbank.datasets.progress import Progress, Step
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, PluginError, UsageError, a_few, did_you_mean
from skillbank.plugins import WRITER
from skillbank.visible import one_line
from skillbank.ways import command

__all__ = ["MANIFEST", "Copy", "Portion", "SplitCount", "write_copy", "writer_of"]

MANIFEST = "skillbank-dataset.json"
"""The file of a written data set that says where it comes from and how it was made."""
_NEWS = 100
_LISTS = ("yolo", "voc", "masks")
"""Formats with lists of names."""


@dataclass(frozen=True, slots=True)
class Portion:
    """A split that is to be written.

    Attributes
    ----------
    name
        One of `skillbank.datasets.document.SPLITS`, or empty.
    pictures
        Read once; labels are indexes of the classes to write.
    above
        Folder that all of them lie below, which their new names leave out.
    """

    name: str
    pictures: Iterable[Picture]
    above: str


@dataclass(slots=True)
class SplitCount:
    """What was written of a split: pictures, those that bear nothing, boxes, and both by class."""

    pictures: int = 0
    empty: int = 0
    boxes: int = 0
    boxes_of: Counter[int] = field(default_factory=Counter)
    pictures_of: Counter[int] = field(default_factory=Counter)

    def add(self, picture: Picture) -> None:
        """Count a picture."""
        self.pictures += 1
        marked = bool(picture.boxes) or picture.label is not None or picture.mask is not None
        self.empty += not marked
        self.boxes += len(picture.boxes)
        labels = [box.label for box in picture.boxes if box.label is not None]
        if picture.label is not None:
            self.pictures_of[picture.label] += 1
        self.boxes_of.update(labels)
        self.pictures_of.update(set(labels))

    def document(self, classes: Sequence[str]) -> dict[str, object]:
        """Return the counts as JSON; of the classes those that were seen."""
        return {
            "pictures": self.pictures,
            "pictures_without_boxes": self.empty,
            "boxes": self.boxes,
            "classes": {
                name: {"boxes": self.boxes_of[label], "pictures": self.pictures_of[label]}
                for label, name in enumerate(classes)
                if self.boxes_of[label] or self.pictures_of[label]
            },
        }


@dataclass(frozen=True)
class Copy:
    """What was written.

    Attributes
    ----------
    folder
        The new data set.
    splits
        Counts by the name of the split.
    lost
        What was left out, mended, or cannot be held by the format, a sentence each.
    notes
        What else a person should know.
    linked, copied
        Numbers of pictures.
    manifest
        What stands in `MANIFEST`.
    """

    folder: Path
    format: str
    classes: tuple[str, ...]
    splits: Mapping[str, SplitCount]
    lost: tuple[str, ...]
    notes: tuple[str, ...]
    linked: int
    copied: int
    manifest: Mapping[str, Any]

    @property
    def marks(self) -> Marks:
        """What the written pictures bear."""
        return marks_of(writer_of(self.format))

    def document(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            "written": str(self.folder),
            **self.manifest,
            "renamed": len(self.manifest["renamed"]),
            "pictures_linked": self.linked,
            "pictures_copied": self.copied,
        }


def writer_of(name: str) -> Writer:
    """Return the writer of a format."""
    wanted = re.sub(r"[- ]", "_", name.strip().lower())
    found = next((each for each in WRITERS if wanted in (each.name, each.name.replace("_", ""))), None)
    if found is None and (why := BROKEN.get(f"{wanted}{WRITER}")):
        raise PluginError(why)
    if found is None:
        known = [each.name for each in WRITERS]
        raise UsageError(
            f"'{one_line(name, 40)}' cannot be written{did_you_mean(name, known)}; "
            f"the formats are {', '.join(known)}"
        )
    return found


def marks_of(writer: Writer) -> Marks:
    """Return what pictures bear in a format that is written."""
    marks: Marks = getattr(writer, "marks", "boxes")
    return marks


def refuse_other_marks(writer: Writer, marks: Marks) -> None:
    """Raise `UsageError` where a format does not hold what pictures bear."""
    if marks_of(writer) != marks:
        told = {"boxes": "boxes", "areas": "areas of pictures", "classes": "classes of whole pictures"}
        raise UsageError(
            f"{writer.name} holds {told[marks_of(writer)]}, and these are {told[marks]}; the formats that "
            f"hold these are {', '.join(each.name for each in WRITERS if marks_of(each) == marks)}"
        )


def names_for(writer: Writer) -> Names:
    """Return what gives pictures their places in a data set of a writer's format."""
    return Names(listed=writer.name in _LISTS)


def write_copy(
    tree: Tree,
    portions: Sequence[Portion],
    classes: Sequence[str],
    writer: Writer,
    folder: Path,
    *,
    placement: Placement = Placement.LINK,
    marks: Marks = "boxes",
    story: Callable[[], Mapping[str, Any]],
    report: Progress | None = None,
) -> Copy:
    """Write a data set into a folder that is not there yet; it is there as a whole or not at all.

    Parameters
    ----------
    tree
        Where the pictures lie.
    portions
        The splits, which differ in name.
    marks
        What their pictures bear.
    story
        What the manifest tells of how it came, asked for when all is written: ``notes``, and ``dropped``, the
        sentences on what was left out, are joined with those that arise here.

    Raises
    ------
    UsageError
        When the folder is there already, or lies in the data set that is read.
    DataError
        When something cannot be written, or there is no picture.
    """
    refuse_other_marks(writer, marks)
    with fresh_folder(folder, tree.root) as work:
        placer = Placer(work, placement)
        names = names_for(writer)
        counts = {portion.name: SplitCount() for portion in portions}
        passage = _Passage(
            tree, writer, placer, names, report, classes=classes, keep=placement is Placement.NONE
        )
        parts = [Part(each.name, passage.pictures(each, counts[each.name])) for each in portions]
        try:
            lost = writer.write(parts, classes, work)
        except OSError as error:
            raise DataError(f"{error.filename or folder} cannot be written: {error.strerror}") from None
        if not passage.done:
            raise DataError(f"{tree.root} has no picture to write; {command('data check')} says more")
        told = dict(story())
        lost = [*told.pop("dropped", ()), *lost]
        notes = [*told.pop("notes", ()), *filter(None, (placer.note, *passage.notes()))]
        document = {
            "skillbank": metadata.version("skillbank"),
            "format": writer.name,
            **told,
            "classes": list(classes),
            "splits": {name or "all": count.document(classes) for name, count in counts.items()},
            "lost": lost,
            "notes": notes,
            "pictures": placement.value,
            "renamed": passage.renamed,
        }
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        (work / MANIFEST).write_text(text, encoding="utf-8", errors="replace")
    return Copy(
        folder.expanduser().resolve(),
        writer.name,
        tuple(classes),
        counts,
        tuple(lost),
        tuple(notes),
        placer.linked,
        placer.copied,
        document,
    )


def _with_ending(name: str, source: Path) -> str:
    """Return a picture's name with an ending by which readers know that it is one."""
    if name.lower().endswith(PICTURES):
        return name
    try:
        with open_plain(source) as file:
            return name + ending_for(file.read(16))
    except OSError:  # which is said where it is placed
        return name


class _Passage:
    """Gives the pictures of all splits their places on the way to the writer."""

    def __init__(
        self,
        tree: Tree,
        writer: Writer,
        placer: Placer,
        names: Names,
        report: Progress | None,
        *,
        classes: Sequence[str],
        keep: bool,
    ) -> None:
        self._folders = folder_names(classes) if marks_of(writer) == "classes" else None
        self._tree, self._writer, self._placer, self._names = tree, writer, placer, names
        self._report, self._keep = report, keep
        self._seen: set[tuple[str, str]] = set()
        self.done = self._again = 0
        self.renamed: dict[str, str] = {}
        self._roots: dict[str, Path] = {}

    def pictures(self, portion: Portion, count: SplitCount) -> Iterator[Picture]:
        """Yield the pictures of a split as they are named in the new data set."""
        folder = self._writer.folder(portion.name)
        for picture in portion.pictures:
            if picture.path is None:
                continue
            source = self._tree.path(picture.path)
            inner = picture.path[len(portion.above) :].lstrip("/")
            if self._folders is not None and picture.label is not None:
                home = "/".join(filter(None, (folder, self._folders[picture.label])))
                inner = inner.rpartition("/")[2]
            else:
                home = folder
            place = f"{home}/{inner}" if self._keep else self._names.give(home, _with_ending(inner, source))
            if place != f"{home}/{inner}":
                self.renamed[place] = picture.path
            self._again += (portion.name, picture.path) in self._seen
            self._seen.add((portion.name, picture.path))
            if self._keep and portion.name not in self._roots:
                self._roots[portion.name] = Path(str(source).removesuffix(inner))
            self._placer.place(source, place)
            count.add(picture)
            self.done += 1
            if self._report is not None and self.done % _NEWS == 0:
                self._report(Step("writing", self.done))
            yield replace(picture, path=place)

    def notes(self) -> Iterator[str]:
        """Yield what a person should know, a sentence each."""
        for name, root in self._roots.items():
            yield f"the pictures{f' of {name}' if name else ''} stay where they are, below {root}"
        if self.renamed:
            examples = [f"{old} is {new}" for new, old in list(self.renamed.items())[:3]]
            yield (
                f"{len(self.renamed):,} pictures have new names, since theirs were taken, too long, without "
                "the ending of a picture or unfit for some file systems "
                f"({one_line(a_few(examples, 3), 300)}); {MANIFEST} lists them"
            )
        if self._again:
            yield f"{self._again:,} entries are of a picture that an earlier entry has; each has its own name"
