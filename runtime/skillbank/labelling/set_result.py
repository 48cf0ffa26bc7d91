"""What is asked of a labelling into a set, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from skillbank.errors import UsageError
from skillbank.labelling.precision import checked_precision
from skillbank.labelling.tiles import OFF, checked_tiles
from skillbank.sets.model import ClassSpec, Run, SetSummary

__all__ = ["Asked", "SetLabels"]


@dataclass(frozen=True)
class Asked:
    """What is wanted of a model; None where its own is.

    Attributes
    ----------
    threshold
        Least score of what is shown; what scores less is kept as a candidate.
    nms, across
        Most overlap of boxes of one class, and of different classes.
    tiles
        Whether pictures are looked at piece by piece too: ``auto``, ``WxH`` or ``off``.
    precision
        In which arithmetic it computes (`skillbank.labelling.precision.KINDS`); None where the engine
        chooses.
    """

    threshold: float | None = None
    nms: float | None = None
    across: float | None = None
    tiles: str = OFF
    precision: str | None = None

    @property
    def named(self) -> str:
        """The precision that was named; empty where none was."""
        return self.precision or ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiles", checked_tiles(self.tiles))
        object.__setattr__(self, "precision", checked_precision(self.precision) or None)
        bounds = (("threshold", self.threshold), ("overlap", self.nms), ("overlap", self.across))
        for name, value in bounds:
            if value is not None and not 0 <= value <= 1:
                raise UsageError(f"The {name} {value} is out of bounds; give a number from 0 to 1.")


@dataclass
class SetLabels:
    """What was labelled, and how the set stands.

    Attributes
    ----------
    made
        Whether the set was made for it.
    new, labelled, known, repeated
        Pictures that came into the set; that the model has looked at now; that it had looked at before, or
        was not to; that were given more than once, here or elsewhere.
    job
        That looks at the pictures; None where this was done at once.
    left_out
        Pictures that cannot be labelled: which, and half a sentence.
    """

    name: str
    run: Run
    summary: SetSummary
    classes: tuple[ClassSpec, ...]
    made: bool = False
    new: int = 0
    labelled: int = 0
    known: int = 0
    repeated: int = 0
    job: str | None = None
    left_out: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many of the pictures that were given are behind it."""
        return self.labelled + self.known + self.repeated + len(self.left_out)

    def document(self) -> dict[str, object]:
        """Return it as a JSON document."""
        run, summary = self.run, self.summary
        classes = [
            {
                "name": each.name,
                "captions": list(each.captions),
                "not": list(each.not_captions),
                "threshold": each.threshold,
            }
            for each in self.classes
        ]
        counts = [
            {
                "name": each.name,
                "proposed": each.proposed,
                "candidates": each.candidates,
                "accepted": each.accepted,
                "edited": each.edited,
                "rejected": each.rejected,
            }
            for each in summary.classes
        ]
        return {
            "set": self.name,
            "made": self.made,
            "run": run.number,
            "job": self.job,
            "model": run.model,
            "model_sha256": run.model_sha256,
            "threshold": run.threshold,
            **run.settings,
            "classes": classes,
            "pictures": {
                "new": self.new,
                "labelled": self.labelled,
                "known": self.known,
                "repeated": self.repeated,
                "in_set": summary.pictures,
                "todo": summary.todo,
                "reviewed": summary.reviewed,
            },
            "boxes": counts,
            "left_out": [{"image": name, "message": message} for name, message in self.left_out],
            "notes": self.notes,
        }
