"""Seeing a data set: one pass counts everything and chooses the pictures that stand for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skillbank.datasets.document import Picture, Split
from skillbank.datasets.faults import KINDS, Tally
from skillbank.datasets.figures import Figures
from skillbank.datasets.opening import Opened
from skillbank.datasets.overlays import NOTES, as_boxes, with_areas
from skillbank.datasets.packing import archive_stem
from skillbank.datasets.palette import colour
from skillbank.datasets.picture_checks import scaled_along
from skillbank.datasets.progress import Progress, Step
from skillbank.datasets.report import COUNTED
from skillbank.datasets.sampling import Sample
from skillbank.datasets.thumbnails import Thumbnails, thumbnails
from skillbank.datasets.tree import Tree
from skillbank.redact import redact
from skillbank.visible import one_line
from skillbank.ways import Sentence, command

__all__ = ["Shown", "Survey", "pictured", "survey", "title_of"]

_NEWS = 500
_LONGEST = 80


@dataclass(frozen=True)
class Survey:
    """What was counted of a data set, and the pictures that stand for it.

    Attributes
    ----------
    place
        Where it is, as a person said it.
    splits
        Names of its splits for people, in order.
    sample
        Splits and pictures.
    notes
        A sentence each, for people.
    """

    opened: Opened
    place: str
    splits: tuple[str, ...]
    figures: Figures
    sample: tuple[tuple[str, Picture], ...]
    seed: int
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """What to call the data set: the last part of its place, without the ending of an archive."""
        last = self.place.rstrip("/").rpartition("/")[2] or self.place
        return one_line(archive_stem(last) or last, _LONGEST)

    def counts(self) -> tuple[tuple[int, str], ...]:
        """Return what was counted, each with its noun: pictures, what they bear, classes."""
        figures, many = self.figures, COUNTED.get(self.opened.data.marks, ("", ""))[1]
        borne = ((figures.boxes.total(), many),) if many else ()
        return (figures.pictures.total(), "pictures"), *borne, (len(figures.classes), "classes")

    def ranks(self) -> dict[int, int]:
        """Return the place of each class in the order of frequency, which gives its colour."""
        classes = self.figures.classes
        order = sorted(range(len(classes)), key=lambda number: (-classes[number].boxes.total(), number))
        return {number: rank for rank, number in enumerate(order)}

    def colours(self) -> dict[int, str]:
        """Return the colour of each class."""
        return {number: colour(rank) for number, rank in self.ranks().items()}

    def document(self) -> dict[str, object]:
        """Return what was counted as JSON."""
        return {
            "place": redact(self.place),
            "format": self.opened.data.format,
            "splits": list(self.splits),
            **self.figures.document(self.opened.data.marks),
            "shown": [picture.path or picture.name for _, picture in self.sample],
            "seed": self.seed,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Shown:
    """The pictures of a survey, made small."""

    survey: Survey
    small: Thumbnails


def title_of(split: Split) -> str:
    """Return what to call a split."""
    return split.name or one_line(split.said, _LONGEST) or "all"


def survey(
    opened: Opened, most: int, seed: int = 0, *, place: str = "", report: Progress | None = None
) -> Survey:
    """Read a data set, or the split that was named, once.

    Parameters
    ----------
    most
        How many pictures are to stand for it.
    place
        Where it is, as a person said it; by default the folder read.
    """
    splits: Sequence[Split] = (opened.split,) if opened.split is not None else opened.data.splits
    figures, sample, tally = Figures.of(opened.data.classes), Sample(most, seed), Tally()
    tally.add(opened.data.faults)
    done = missing = 0
    marks = opened.data.marks
    for split in splits:
        for picture in split.pictures():
            tally.add(picture.faults)
            picture = as_boxes(picture) if marks != "boxes" else picture
            figures.add(title_of(split), picture)
            if picture.path is not None:
                sample.add(title_of(split), picture, {figures.number(box) for box in picture.boxes})
            missing += picture.path is None
            done += 1
            if report is not None and done % _NEWS == 0:
                report(Step("reading", done))
    names = tuple(dict.fromkeys(title_of(split) for split in splits))
    how = (NOTES[marks],) if marks in NOTES else ()
    notes = (*how, *(one_line(note, 400) for note in opened.data.notes), *_faults(tally, missing))
    place = place or opened.place
    shown = tuple((title, _as_it_lies(picture, opened.tree)) for title, picture in sample.chosen())
    return Survey(opened, place, names, figures, shown, seed, notes)


def _as_it_lies(picture: Picture, tree: Tree) -> Picture:
    """Return a picture with its boxes where they lie in its file, which may be smaller than it was."""
    head = tree.head(picture.path) if picture.path is not None else None
    return picture if head is None else scaled_along(picture, head)


def pictured(found: Survey, side: int) -> Shown:
    """Make the pictures of a survey small, ``side`` pixels at most."""
    paths: list[Path | None] = [
        None if picture.path is None else found.opened.tree.path(picture.path) for _, picture in found.sample
    ]
    small = thumbnails(paths, side)
    if found.opened.data.marks == "areas":
        colours = found.colours()
        pairs = zip(found.sample, small.pictures, strict=True)
        small = replace(small, pictures=[with_areas(picture, each, colours) for (_, picture), each in pairs])
    return Shown(found, small)


def _faults(tally: Tally, missing: int) -> list[str]:
    """Say what was wrong in reading, in a sentence each."""
    told = ", ".join(f"{KINDS[name].title} ({count:,})" for name, count in tally.counts.items())
    said: list[str] = [Sentence(f"In reading: {told}; {command('data check')} says where.")] if told else []
    if missing:
        said.append(f"{missing:,} pictures are not there, and so not among those shown.")
    return said
