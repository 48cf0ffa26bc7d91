"""What can be wrong with a data set: the kinds, how grave each is, and a tally of what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

__all__ = ["KINDS", "Fault", "Kind", "Severity", "Tally"]

_EXAMPLES = 5


class Severity(StrEnum):
    """Errors end a job before it starts, warnings are shown, notes say what was taken how."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes
    ----------
    title
        What it is, after a count: "boxes without width or height".
    way_out
        What a person does about it.
    repair
        What ``--fix`` and ``--on-broken skip`` do: "drop the box", "drop the picture", "clip"; empty where
        only a person can mend it.
    """

    name: str
    severity: Severity
    title: str
    way_out: str
    repair: str = ""


def _table(*kinds: Kind) -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds}


_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_DROP_PICTURE, _DROP_BOX = "drop the picture", "drop the box"
KINDS = _table(
    # What readers find.
    Kind("unreadable-annotation", _ERROR, "entries that cannot be read", "correct them", "drop the entry"),
    Kind(
        "unknown-class",
        _ERROR,
        "boxes of a class that the list of classes lacks",
        "complete the list",
        _DROP_BOX,
    ),
    Kind("id-twice", _ERROR, "ids that stand twice", "number the entries anew", "drop the later entry"),
    Kind(
        "annotation-missing",
        _ERROR,
        "pictures that a list names and nobody annotated",
        "annotate them, or take them out of the list",
        "drop the picture",
    ),
    Kind(
        "size-unknown",
        _ERROR,
        "pictures with boxes in shares of a size that nothing says",
        "bring the pictures",
        "drop the picture",
    ),
    Kind(
        "names-another",
        _WARNING,
        "annotation files that name another picture than the one of their own name, which is taken",
        "correct the name in them",
    ),
    Kind(
        "several-answers",
        _WARNING,
        "pictures that were annotated several times, of which the checked or else the newest is taken",
        "keep one annotation of each",
    ),
    Kind(
        "picture-inside",
        _WARNING,
        "pictures that lie only inside their annotation file (imageData)",
        "write them to files with labelme_export_json",
    ),
    Kind(
        "turned-view",
        _WARNING,
        "pictures that were turned while they were annotated, whose boxes may be turned with them",
        "look at them",
    ),
    Kind("not-utf8", _WARNING, "files that are not UTF-8 and are read as Latin-1", "save them as UTF-8"),
    Kind(
        "mark-left-out",
        _WARNING,
        "marks that enclose nothing (points, tags, brushes without corners), which are left out",
        "draw boxes where they are meant",
    ),
    Kind(
        "mark-as-box", _NOTE, "polygons, circles, masks and turned boxes taken as the boxes around them", ""
    ),
    Kind("parts-joined", _NOTE, "parts of one object that are joined to one box", ""),
    Kind("several-classes", _NOTE, "marks of several classes, a box for each", ""),
    Kind("difficult", _NOTE, "objects that are marked as difficult and taken like the others", ""),
    Kind("region-left-out", _NOTE, "regions that nobody annotated (DontCare), which are left out", ""),
    # Pictures.
    Kind("picture-missing", _ERROR, "pictures that are not there", "bring them", _DROP_PICTURE),
    Kind(
        "picture-broken",
        _ERROR,
        "pictures that cannot be decoded",
        "copy them again from where they came, or remove them",
        _DROP_PICTURE,
    ),
    Kind(
        "size-disagrees",
        _ERROR,
        "pictures of another size than the annotations state",
        "see whether these are the pictures that were annotated, and correct width and height",
        "take the size of the file",
    ),
    Kind(
        "boxes-stored",
        _ERROR,
        "pictures whose boxes fit them as they are stored, not as their EXIF turns them upright",
        "turn the pictures for good and remove their EXIF orientation, or turn the boxes",
    ),
    # Boxes, all of a split at once.
    Kind(
        "boxes-fractions",
        _ERROR,
        "boxes in fractions of the picture where pixels are meant",
        "multiply x by the width and y by the height of the picture",
    ),
    Kind(
        "boxes-scaled",
        _ERROR,
        "boxes in parts of a scale where pixels are meant",
        "divide by the scale and multiply by the size of the picture",
    ),
    Kind(
        "boxes-xywh",
        _ERROR,
        "boxes written as x, y, width, height where two corners are meant",
        "write x + width and y + height as the second corner",
    ),
    Kind(
        "boxes-xyxy",
        _ERROR,
        "boxes written as two corners where x, y, width, height are meant",
        "write x2 - x1 and y2 - y1 as width and height",
    ),
    Kind(
        "boxes-yxyx",
        _ERROR,
        "boxes with x and y in each other's place",
        "write x before y",
    ),
    # Boxes, one by one.
    Kind("box-not-finite", _ERROR, "boxes with a number that is none", "correct them", _DROP_BOX),
    Kind("box-empty", _ERROR, "boxes without width or height", "draw them again or remove them", _DROP_BOX),
    Kind(
        "box-reversed",
        _ERROR,
        "boxes whose second corner lies before the first",
        "write the upper left corner first",
        "put the corners in order",
    ),
    Kind("box-beyond", _ERROR, "boxes wholly outside of their picture", "correct or remove them", _DROP_BOX),
    Kind(
        "box-outside",
        _ERROR,
        "boxes that reach out of their picture",
        "correct them, or the size of the picture",
        "clip",
    ),
    # Labels and sets.
    Kind(
        "label-contradicts",
        _ERROR,
        "boxes whose label and category contradict each other",
        "correct the label map or the labels",
    ),
    Kind(
        "classes-alike",
        _ERROR,
        "classes that are one to a prompt, which knows no capitals and no full stops",
        "merge them or tell them apart by words",
        "merge them",
    ),
    Kind("class-nameless", _ERROR, "classes without a name", "name them"),
    Kind("class-too-long", _ERROR, "names longer than any prompt", "shorten them"),
    Kind("split-empty", _ERROR, "splits without a picture", "bring their pictures, or remove them"),
    Kind("nothing-to-learn", _ERROR, "splits to learn from without a box", "mark some objects"),
    Kind(
        "nothing-to-measure",
        _ERROR,
        "splits to validate on without a box: there is nothing to measure",
        "mark some objects, or validate on another split",
    ),
    # What a job survives.
    Kind(
        "size-turned",
        _WARNING,
        "pictures whose width and height are stated as stored; their EXIF orientation shows them turned",
        "state the size of the upright picture",
        "take the size of the upright picture",
    ),
    Kind(
        "size-scaled",
        _WARNING,
        "pictures that were made smaller or larger after their boxes were drawn",
        "nothing: the boxes are scaled along",
        "scale the boxes along",
    ),
    Kind(
        "picture-shared",
        _WARNING,
        "pictures that stand in several splits",
        "leave each in one split; what was learned by heart is no measure",
        "drop the picture from the split that is trained on",
    ),
    Kind(
        "picture-near",
        _WARNING,
        "pictures that look the same in several splits",
        "divide the pictures anew with look-alikes kept together (skillbank data split)",
    ),
    Kind(
        "picture-twice",
        _WARNING,
        "pictures that stand twice in the same split",
        "leave one entry, with all of its boxes",
        "drop the later entry where its boxes are the same",
    ),
    Kind(
        "picture-copies",
        _WARNING,
        "pictures that are another one of their split, byte for byte",
        "leave one of them, with all of its boxes",
    ),
    Kind(
        "picture-cut", _WARNING, "JPEG files without an end, whose lower part may be blank", "copy them again"
    ),
    Kind("box-twice", _WARNING, "boxes that stand twice", "leave one of them", "drop the second"),
    Kind("box-tiny", _WARNING, "boxes less than 2 pixels wide or high", "see whether they mark anything"),
    Kind(
        "boxes-perhaps-xywh",
        _WARNING,
        "boxes that all lie as if they were x, y, width, height",
        "look at some of them (skillbank data show)",
    ),
    Kind(
        "boxes-perhaps-scaled",
        _WARNING,
        "boxes that all lie in a corner, as if in percent or thousandths of the picture",
        "look at some of them (skillbank data show)",
    ),
    Kind(
        "class-identifier",
        _WARNING,
        "names of classes that look like identifiers",
        "write what a person would say: a model reads them as words",
    ),
    Kind(
        "class-full-stop",
        _WARNING,
        "names of classes with a full stop or question mark, which separate descriptions in a prompt",
        "write them without",
    ),
    Kind(
        "class-long",
        _WARNING,
        "names of classes that hardly fit into a prompt",
        "say it in a few words",
    ),
    Kind(
        "class-not-learned",
        _WARNING,
        "classes that are validated but have no box to learn from",
        "mark some in the training split, or leave them out of the validation",
    ),
    Kind(
        "class-imbalance",
        _WARNING,
        "classes with less than a hundredth of the boxes of the largest",
        "collect more of them, or expect little",
    ),
    Kind("test-unmarked", _WARNING, "splits to test on without a box", "mark some objects before measuring"),
    # How things were taken.
    Kind("mended", _NOTE, "entries that were read with a correction", "nothing"),
    Kind(
        "box-rounded",
        _NOTE,
        "boxes that reach out by rounding",
        "nothing: they are cut to the picture",
        "clip",
    ),
    Kind("box-two-classes", _NOTE, "boxes that are marked with several classes", "nothing if that is meant"),
    Kind("picture-unmarked", _NOTE, "pictures without a box", "nothing if they show what is not to be found"),
    Kind("picture-unnamed", _NOTE, "pictures that no annotation names", "nothing: they are left out"),
    Kind(
        "picture-alike", _NOTE, "pictures that look the same within a split", "nothing: frames of a film do"
    ),
    Kind(
        "picture-deep",
        _NOTE,
        "pictures with more than 8 bits a colour",
        "nothing: they are scaled by the range of the data set",
    ),
    Kind("picture-frames", _NOTE, "files of several frames", "nothing: the first one counts"),
    Kind(
        "picture-colours", _NOTE, "pictures in colours other than RGB or grey", "nothing: they are converted"
    ),
    Kind("class-unused", _NOTE, "classes without a box", "nothing, or remove them"),
    Kind("class-not-measured", _NOTE, "classes that are learned but have no box to validate on", "nothing"),
    Kind(
        "class-letters",
        _NOTE,
        "names of classes in other than Latin letters",
        "use a text encoder that knows the language",
    ),
    Kind(
        "prompt-long",
        _NOTE,
        "lists of classes longer than one prompt of 256 tokens, by estimate",
        "nothing: each prompt holds a part of them; or raise model.max_text_len",
    ),
    Kind(
        "unlisted-picture",
        _WARNING,
        "annotations of pictures that the file does not list",
        "nothing if the pictures were left out on purpose: these annotations are left out too",
        "drop the annotation",
    ),
    Kind(
        "boxes-pixels",
        _ERROR,
        "boxes in pixels where shares of the picture are meant",
        "divide x by the width and y by the height of the picture",
        "drop the box",
    ),
    Kind(
        "split-missing",
        _ERROR,
        "splits whose pictures are not where the data set says",
        "correct the place in the file that names it",
    ),
    Kind(
        "label-file-missing",
        _NOTE,
        "pictures without a label file",
        "nothing if they show no object: they teach what is not there",
    ),
)
"""Every kind, by name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes
    ----------
    kind
        A name in `KINDS`.
    where
        The file and the place in it, or the picture.
    detail
        What is wrong there, half a sentence without the place: "its width is 0".
    count
        For how many it stands: where there are very many, one fault stands for those behind the examples.
    """

    kind: str
    where: str
    detail: str = ""
    count: int = 1


@dataclass(slots=True)
class Tally:
    """How many faults of each kind were found, with the first examples of each."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[Fault]] = field(default_factory=dict)

    def add(self, faults: Iterable[Fault]) -> None:
        """Count faults, and keep the first of each kind."""
        for fault in faults:
            self.counts[fault.kind] = self.counts.get(fault.kind, 0) + fault.count
            kept = self.examples.setdefault(fault.kind, [])
            if len(kept) < _EXAMPLES:
                kept.append(fault)

    def put(self, kind: str, count: int, examples: Iterable[Fault]) -> None:
        """Count something many times at once, with a few examples."""
        self.counts[kind] = self.counts.get(kind, 0) + count
        kept = self.examples.setdefault(kind, [])
        kept += list(islice(examples, _EXAMPLES - len(kept)))

    def join(self, other: Tally) -> None:
        """Count what another tally has counted."""
        for kind, count in other.counts.items():
            self.put(kind, count, other.examples[kind])

    def forget(self, *kinds: str) -> None:
        """Take back what was counted of some kinds: another kind says it better."""
        for kind in kinds:
            self.counts.pop(kind, None)
            self.examples.pop(kind, None)

    def of(self, severity: Severity) -> Iterator[tuple[Kind, int, list[Fault]]]:
        """Yield the kinds of a severity that were found, with count and examples, in the table's order."""
        for name, kind in KINDS.items():
            if kind.severity is severity and name in self.counts:
                yield kind, self.counts[name], self.examples[name]

    @property
    def has_errors(self) -> bool:
        """Whether something was found that ends a job."""
        return any(KINDS[name].severity is Severity.ERROR for name in self.counts)
