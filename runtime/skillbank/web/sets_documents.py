"""The documents of ``/api/sets``: what is asked and answered, as models that also make the schema."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "MOST_NUMBER",
    "AddBox",
    "AnyOperation",
    "AuditDocument",
    "BoxDocument",
    "ChangeBox",
    "Claims",
    "ClaimsDocument",
    "ClassChange",
    "ClassCounts",
    "ClassDocument",
    "ClassRates",
    "Counted",
    "CropBox",
    "CropsDocument",
    "DecideBox",
    "Decisions",
    "Edits",
    "EventDocument",
    "Learning",
    "LogDocument",
    "Merge",
    "NewClass",
    "NewClasses",
    "NextDocument",
    "PersonDocument",
    "PictureDocument",
    "PicturesDocument",
    "RatesDocument",
    "ReviewPicture",
    "RowDocument",
    "SetDocument",
    "SetEntry",
    "SetsApi",
    "SetsDocument",
    "ShareDocument",
    "ShownBox",
    "ShownBoxes",
    "ShownDocument",
    "Suggested",
    "ThresholdsDocument",
    "Turned",
]

Corners: TypeAlias = tuple[float, float, float, float]
MOST_NUMBER = 2**31 - 1
"""Of a thing of a set: what every database holds."""
Number: TypeAlias = Annotated[int, Field(ge=0, le=MOST_NUMBER)]
_MOST_OPERATIONS = 2000
_MOST_BOXES = 5000
_MOST_CLAIMS = 100


def _number(key: object) -> object:
    """Return the number that a key of JSON is, which is always a text; written in one way alone."""
    return int(key) if isinstance(key, str) and re.fullmatch("0|[1-9][0-9]{0,11}", key) else key


_Key: TypeAlias = Annotated[Number, BeforeValidator(_number)]


class _Answer(BaseModel):
    """Made of what the store gives; serialised by the names of JSON: ``class`` is none in Python."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, from_attributes=True)

    def document(self) -> dict[str, object]:
        """Return it as JSON."""
        return self.model_dump(mode="json")


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_by_name=True)


class ClassCounts(_Answer):
    """Boxes of a class by state; ``proposed`` are those shown, ``candidates`` lie below the threshold."""

    proposed: int = 0
    candidates: int = 0
    accepted: int = 0
    edited: int = 0
    rejected: int = 0
    unseen: int = 0


class ClassDocument(_Answer):
    """A class; a ``threshold`` of null is the last model's own, and ``level`` is the one in force.

    ``threshold_run`` is the run that it was suggested for and counts for alone; null for a person's.
    """

    number: int
    name: str
    captions: list[str]
    not_captions: list[str]
    threshold: float | None
    threshold_run: int | None = None
    level: float
    counts: ClassCounts = ClassCounts()


class PersonDocument(_Answer):
    """What one person has reviewed, and the time (s) that it took."""

    name: str
    reviewed: int
    seconds: float


class SetEntry(_Answer):
    """A set in the list of all."""

    name: str
    pictures: int
    todo: int
    reviewed: int
    skipped: int
    accepted: int = Field(description="unseen, by what a random sample said")


class SetsDocument(_Answer):
    """``GET /api/sets``; ``person`` is who reviews when nobody says a name."""

    sets: list[SetEntry]
    person: str


class SetDocument(SetEntry):
    """``GET /api/sets/{set}``; ``version`` counts what has happened to the set.

    ``learns``: whether chances that were learned from decisions say what is shown; ``learned`` is from how
    many reviewed pictures.
    """

    version: int
    created: datetime
    val: float
    notes: str
    learns: bool
    learned: int | None
    train_pictures: int
    val_pictures: int
    reviewed_train: int
    reviewed_val: int
    classes: list[ClassDocument]
    people: list[PersonDocument]


class RowDocument(_Answer):
    """A picture without its boxes; ``version`` grows with every change and is its ETag.

    ``look`` stands for how it is seen: by its content, and where it has more than 8 bits a colour by what is
    black and white in all such pictures of the set. With it as ``v`` its copies may be kept for ever.
    """

    number: int
    name: str
    sha256: str
    look: str
    width: int
    height: int
    group: int
    split: Literal["train", "val"]
    state: Literal["todo", "reviewed", "skipped", "accepted"]
    reviewed_by: str | None
    reviewed_at: datetime | None
    seconds: float
    version: int
    shown: int
    undecided: int
    margin: float | None
    clashes: int
    apart: int


class BoxDocument(_Answer):
    """A box: corners in pixels of the upright picture; ``score`` is a model's, null for a person's.

    ``shown`` says whether it counts as an object now: decided so, or proposed above the class's threshold.
    ``chance`` is how likely it is right by what was decided, null where nothing was learned.
    """

    number: int
    picture: int
    class_number: int = Field(alias="class")
    box: Corners = Field(validation_alias=AliasChoices("box", "corners"))
    score: float | None
    caption: str
    origin: str
    state: Literal["proposed", "accepted", "edited", "rejected"]
    by: str | None
    shown: bool
    chance: float | None


class PictureDocument(RowDocument):
    """``GET /api/sets/{set}/pictures/{n}``, and the answer to edits."""

    boxes: list[BoxDocument]


class PicturesDocument(_Answer):
    """``GET /api/sets/{set}/pictures``; ``next`` is what to give as ``after`` for more, null at the end."""

    pictures: list[RowDocument]
    next: int | None


class ShownBox(_Answer):
    """A box that counts as an object, in whole pixels; ``proposed`` where nobody has decided about it."""

    class_number: int = Field(alias="class")
    box: tuple[int, int, int, int]
    proposed: bool


class ShownBoxes(_Answer):
    """What is shown on a picture."""

    number: int
    boxes: list[ShownBox]


class ShownDocument(_Answer):
    """``GET /api/sets/{set}/boxes?pictures=``: what is shown on some pictures, for small copies of them."""

    pictures: list[ShownBoxes]


class NextDocument(_Answer):
    """``GET /api/sets/{set}/next``: numbers of pictures that are kept for this person for some minutes.

    ``elsewhere`` is how many others keep for themselves, where there is none for this person.
    """

    pictures: list[int]
    elsewhere: int = 0


class ClaimsDocument(_Answer):
    """Answer of ``POST /api/sets/{set}/claims``: pictures that are kept for this person further on."""

    pictures: list[int]


class CropBox(BoxDocument):
    """A box with the name of its picture."""

    name: str


class CropsDocument(_Answer):
    """``GET /api/sets/{set}/crops``: boxes of a class at a version of the set; ``next`` as for pictures."""

    boxes: list[CropBox]
    next: int | None
    version: int


class EventDocument(_Answer):
    """A line of the log; ``of`` is the event that an undo or redo turns around, ``said`` is it in words."""

    seq: int
    at: datetime
    who: str
    kind: str
    picture: int | None
    of: int | None
    said: str


class LogDocument(_Answer):
    """``GET /api/sets/{set}/log``; ``next`` as for pictures."""

    events: list[EventDocument]
    next: int | None


class Turned(_Answer):
    """The answer to ``undo`` and ``redo``; null when there was nothing to turn around."""

    event: EventDocument | None


class Counted(_Answer):
    """How many boxes a decision has changed; ``left`` were changed by others since they were looked at."""

    changed: int
    left: int = 0


class ShareDocument(_Answer):
    """A share of what was counted, null where nothing was, and its interval (95 %)."""

    value: float | None
    hits: int
    of: int
    low: float
    high: float


class RatesDocument(_Answer):
    """How much of what is shown is right, and how much of what is there is shown."""

    precision: ShareDocument
    recall: ShareDocument


class ClassRates(RatesDocument):
    """The rates of one class."""

    class_number: int = Field(alias="class")


class AuditDocument(_Answer):
    """``GET /api/sets/{set}/audit``: whether the rest may be accepted unseen.

    ``pictures`` are the reviewed ones of a random sample, ``earlier`` those that do not count since they were
    reviewed before the latest model looked or the set had learned, ``waiting`` those to review next, ``more``
    about how many further ones would say it, ``rest`` how many this person would accept unseen now, where the
    verdict is yes.
    """

    target: float
    pictures: int
    earlier: int
    waiting: list[int]
    overall: RatesDocument
    classes: list[ClassRates]
    verdict: Literal["yes", "no", "more"]
    more: int | None
    rest: int


class AcceptedDocument(_Answer):
    """What ``POST /api/sets/{set}/accept`` has accepted unseen, and how many pictures stay to do."""

    pictures: int
    boxes: int
    left: int


class FoundDocument(_Answer):
    """What ``POST /api/sets/{set}/pictures/{n}/find`` has found, and added: what was not shown before."""

    found: int
    added: int
    picture: PictureDocument


class Suggested(_Answer):
    """A threshold for a run of a model, what it gives in what is reviewed, how many proposals say so."""

    class_number: int = Field(alias="class")
    run: int
    model: str
    threshold: float
    precision: float
    recall: float
    n: int


class ThresholdsDocument(_Answer):
    """``GET /api/sets/{set}/thresholds``: one for each class of which enough was decided."""

    suggestions: list[Suggested]


class AddBox(_Request):
    """Draw a box."""

    op: Literal["add"]
    class_number: Number = Field(alias="class")
    box: Corners


class ChangeBox(_Request):
    """Give a box another class, other corners, or both."""

    op: Literal["change"]
    number: Number
    class_number: Number | None = Field(None, alias="class")
    box: Corners | None = None


class DecideBox(_Request):
    """Say that a box is right or wrong, or take that back."""

    op: Literal["accept", "reject", "restore"]
    number: Number


class ReviewPicture(_Request):
    """Say how the picture stands; ``reviewed`` accepts the shown proposals that are left."""

    op: Literal["review"]
    state: Literal["todo", "reviewed", "skipped"] = "reviewed"


AnyOperation: TypeAlias = Annotated[AddBox | ChangeBox | DecideBox | ReviewPicture, Field(discriminator="op")]


class Edits(_Request):
    """``POST /api/sets/{set}/pictures/{n}/edits`` with ``If-Match``: all of it is done, or nothing.

    412 answers with the picture as it is now, as ``picture`` beside ``error``.
    """

    operations: Annotated[list[AnyOperation], Field(max_length=_MOST_OPERATIONS)]
    seconds: Annotated[float, Field(ge=0)] = 0


class Learning(_Request):
    """``POST /api/sets/{set}/learning``: let decisions say what is shown of the rest, or no longer."""

    learns: bool


class Decisions(_Request):
    """``POST /api/sets/{set}/decisions``: boxes of any pictures accepted and rejected, or given a class.

    ``seen`` is the version of the set at which they were looked at: what others changed since stays as it is.
    """

    decisions: Annotated[dict[_Key, Literal["accept", "reject"]], Field(max_length=_MOST_BOXES)] = {}
    reclass: Annotated[list[Number], Field(max_length=_MOST_BOXES)] = []
    class_number: Number | None = Field(None, alias="class")
    seen: Annotated[int, Field(ge=0, le=MOST_NUMBER)] | None = None


class AcceptRest(_Request):
    """``POST /api/sets/{set}/accept``: all that is to do, where the audit answers yes at this target."""

    target: Annotated[float, Field(ge=0.5, lt=1)] = 0.95


class Find(_Request):
    """``POST /api/sets/{set}/pictures/{n}/find``: the server's model looks at one picture.

    For ``words`` as boxes of ``class``; without them for the captions of the class, without both of all.
    """

    class_number: Number | None = Field(None, alias="class")
    words: str = Field("", max_length=1000)


class Claims(_Request):
    """``POST /api/sets/{set}/claims``: pictures that this person is still at."""

    pictures: Annotated[list[Number], Field(max_length=_MOST_CLAIMS)]


class ClassChange(_Request):
    """``PATCH /api/sets/{set}/classes/{n}``: only what stands there is changed; null is no threshold.

    ``threshold_run`` stands beside a threshold that was suggested for a run; without it, it is a person's.
    """

    name: str | None = None
    captions: list[str] | None = None
    not_captions: list[str] | None = None
    threshold: float | None = None
    threshold_run: Number | None = None


class NewClass(_Request):
    """A class that is to be."""

    name: str
    captions: list[str] = []
    not_captions: list[str] = []
    threshold: float | None = None


class NewClasses(_Request):
    """``POST /api/sets/{set}/classes``: classes to add; one that is there by name is refused."""

    classes: Annotated[list[NewClass], Field(min_length=1, max_length=1000)]


class Merge(_Request):
    """``POST /api/sets/{set}/classes/merge``: boxes of these classes become boxes of ``into``."""

    classes: Annotated[list[Number], Field(min_length=1, max_length=1000)]
    into: Number


class SetsApi(BaseModel):
    """Documents of the REST door to label sets; every field is one of them, its description says where."""

    sets: SetsDocument
    set: SetDocument
    pictures: PicturesDocument
    shown: ShownDocument
    picture: PictureDocument
    edits: Edits
    next: NextDocument
    claims: Claims
    claimed: ClaimsDocument
    crops: CropsDocument
    learning: Learning
    decisions: Decisions
    counted: Counted
    turned: Turned
    audit: AuditDocument
    find: Find
    found: FoundDocument
    accept: AcceptRest
    accepted: AcceptedDocument
    thresholds: ThresholdsDocument
    log: LogDocument
    class_change: ClassChange
    new_classes: NewClasses
    merge: Merge
