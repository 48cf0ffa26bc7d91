"""What label sets are made of, as every door gets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypedDict

from skillbank.errors import NotFoundError, StateError, UsageError
from skillbank.sets.class_model import ClassSpec, LabelClass
from skillbank.sets.found import Added, FoundPicture
from skillbank.sets.operations import (
    Accept,
    Add,
    Change,
    Corners,
    Operation,
    Reject,
    Restore,
    Review,
    ReviewState,
    Standing,
)
from skillbank.sets.standing import ClassCount, Event, PersonCount, SetSummary

__all__ = [
    "ACCEPT_REST",
    "ALL",
    "ASKED",
    "IMPORT",
    "IMPORTED",
    "SET_SPLITS",
    "Accept",
    "Add",
    "Added",
    "BoxState",
    "Change",
    "ClassCount",
    "ClassSpec",
    "Corners",
    "Event",
    "Filter",
    "FoundPicture",
    "LabelBox",
    "LabelClass",
    "Operation",
    "PersonCount",
    "PictureRow",
    "PictureState",
    "Proposal",
    "Reject",
    "Restore",
    "Review",
    "ReviewState",
    "Run",
    "RunSpec",
    "SetNotFoundError",
    "SetSummary",
    "Standing",
    "VersionConflictError",
    "look_of",
    "person_named",
]

BoxState: TypeAlias = Literal["proposed", "accepted", "edited", "rejected"]
IMPORTED = "imported"
"""Where boxes come from that a data set held."""
ACCEPT_REST = "accept_rest"
"""The kind of event by which pictures were accepted unseen."""
ASKED = "ask"
"""The kind of event by which a person has asked a model about one picture."""
IMPORT = "import"
"""The kind of event by which labels of a data set came in, of a picture without a box too."""
_NOBODY = re.compile(rf"{IMPORTED}|run \d+")
_LONGEST_NAME = 100


class SetNotFoundError(NotFoundError):
    """There is no label set of this name, or no such picture, box or class in it."""


class VersionConflictError(StateError):
    """A picture has changed since it was read."""

    def __init__(self, current: PictureState) -> None:
        super().__init__(
            f"{current.row.name} has changed meanwhile (it is at version {current.row.version}); look at it "
            "again and repeat what is still wanted"
        )
        self.current = current


def look_of(sha256: str, levels: tuple[float, float] | None) -> str:
    """Return what stands for how a picture is seen."""
    return sha256 if levels is None else f"{sha256}-{levels[0]:.9g}-{levels[1]:.9g}"


def person_named(who: str) -> str:
    """Return a person's name as the log takes it."""
    name = who.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or _NOBODY.fullmatch(name):
        raise UsageError(
            f"a person's name has 1 to {_LONGEST_NAME} visible characters and is neither '{IMPORTED}' nor "
            "'run' with a number"
        )
    return name


@dataclass(frozen=True, slots=True)
class LabelBox:
    """A box of a set.

    Attributes
    ----------
    class_number
        Of the class.
    score
        A model's; None for a person's.
    caption
        The description that found it.
    origin
        ``run 3``, a person's name, or ``imported``.
    run
        Number of the run that proposed it; None for others.
    by
        Who last decided about it.
    first
        Class and corners that the model had proposed, of a box that a person has changed.
    shown
        Whether it counts as an object now: decided so, or proposed above the class's threshold and the surest
        name of its place.
    chance
        How likely it is right by what people decided; None where nothing was learned.
    """

    number: int
    picture: int
    class_number: int
    x1: float
    y1: float
    x2: float
    y2: float
    score: float | None
    caption: str
    origin: str
    run: int | None
    state: BoxState
    by: str | None
    first: tuple[int, Corners] | None
    shown: bool
    chance: float | None = None

    @property
    def candidate(self) -> bool:
        """Whether it is a proposal that is kept and not shown."""
        return self.state == "proposed" and not self.shown

    @property
    def corners(self) -> Corners:
        """x1, y1, x2, y2."""
        return self.x1, self.y1, self.x2, self.y2


@dataclass(frozen=True, slots=True)
class Decided:
    """How many boxes decisions have changed, and how many others had changed meanwhile, which stay."""

    changed: int
    left: int


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A picture of a set, without its boxes.

    Attributes
    ----------
    place
        Where it lies; empty once its file there holds something else.
    group
        Number of the first picture that looks like it; its own where it stands alone.
    seconds
        Time that people have spent on it.
    version
        Grows with every change of the picture or its boxes.
    shown, undecided
        Boxes that count as objects, and of these the proposals that nobody has decided.
    margin
        Least distance of a proposal's score to the threshold of its class; None without proposals.
    clashes
        Pairs of names for one place that compete; see `skillbank.sets.naming`.
    apart
        Boxes by which the latest run differs from what was known before it: labels, else the run before.
    against
        How sure the latest run is, from 0 to 1, that labels which people or a data set have given are wrong
        here; 0 once a person has looked through the picture since.
    use
        How much a review is worth; the queue takes the highest first.
    deep, least, most
        See `skillbank.datasets.depths.Depth`; None where nobody has looked.
    levels
        The numbers that are black and white in it, by the scale of its set; None for a picture of 8 bits.
    """

    number: int
    name: str
    place: str
    sha256: str
    width: int
    height: int
    group: int
    split: str
    state: Standing
    reviewed_by: str | None
    reviewed_at: datetime | None
    seconds: float
    version: int
    shown: int
    undecided: int
    margin: float | None
    clashes: int
    apart: int
    use: float
    against: float = 0.0
    deep: str | None = None
    least: float | None = None
    most: float | None = None
    levels: tuple[float, float] | None = None

    @property
    def look(self) -> str:
        """What stands for how it is seen: its content, and its levels where it has some."""
        return look_of(self.sha256, self.levels)


@dataclass(frozen=True, slots=True)
class PictureState:
    """A picture with all its boxes, candidates and rejected ones too, by number."""

    row: PictureRow
    boxes: tuple[LabelBox, ...]

    @property
    def version(self) -> int:
        """Of the picture."""
        return self.row.version


@dataclass(frozen=True, slots=True)
class Filter:
    """Which pictures are wanted.

    Attributes
    ----------
    kind
        ``all``, ``todo``, ``reviewed``, ``accepted`` (unseen), ``skipped``, ``unsure``, ``disagreeing``,
        ``empty`` or ``near_duplicates``.
    split
        Only of ``train`` or ``val``.
    class_number
        Only with a shown box of this class.
    """

    kind: str = "all"
    split: str | None = None
    class_number: int | None = None


SET_SPLITS = ("train", "val")
"""What a set's pictures are dealt to."""
ALL = Filter()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A box that a model found; corners in pixels of the upright picture."""

    class_number: int
    box: Corners
    score: float
    caption: str = ""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A model about to look at pictures of a set.

    Attributes
    ----------
    classes
        With the descriptions that the model is given; each by the name of a class of the set.
    nms
        Most overlap of boxes of one class.
    across
        Most overlap of boxes of different classes: above it they are names of one object, of which the surest
        is shown.
    tiles
        Whether pictures are looked at piece by piece too: ``auto``, ``WxH`` or ``off``.
    precision
        In which arithmetic the model computes, where one was named.
    least
        Least score that is kept.
    threshold
        The model's own least score of what is shown, for classes without one.
    source
        Where the model lies: an absolute path, or its name on the hub; the digest says whether it still does.
    """

    model: str
    model_sha256: str
    classes: tuple[ClassSpec, ...]
    nms: float = 0.7
    across: float = 0.7
    tiles: str = "off"
    precision: str = ""
    least: float = 0.05
    threshold: float = 0.3
    job: str | None = None
    who: str = ""
    source: str | None = None


class Entry(TypedDict):
    """A change of one thing, as an event keeps it: its fields, None where there was no such thing."""

    what: str
    number: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a model over pictures of a set; the same model, descriptions and settings are one run.

    Attributes
    ----------
    key
        Digest of the model, descriptions and settings.
    captions
        By class number: the descriptions, and those after "not".
    source
        Where its model lay; None where that was not noted.
    learned
        Reviewed pictures that its chances were learned from; None where they were not.
    """

    number: int
    key: str
    job: str | None
    model: str
    model_sha256: str
    captions: Mapping[int, tuple[tuple[str, ...], tuple[str, ...]]]
    settings: Mapping[str, Any]
    threshold: float
    who: str
    started: datetime
    finished: datetime | None
    source: str | None = None
    learned: int | None = None
