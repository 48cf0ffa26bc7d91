"""Classes of label sets, as they are asked for and as they are kept."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ClassSpec", "LabelClass"]


@dataclass(frozen=True, slots=True)
class ClassSpec:
    """A class as it is asked for.

    Attributes
    ----------
    captions
        Descriptions that find it; its name where there are none.
    not_captions
        Descriptions whose boxes take boxes of this class away.
    threshold
        Least score of a proposal that is shown; None for the model's own.
    threshold_run
        Run from whose scores the threshold was suggested: it counts for that run's proposals alone. None for
        what a person has said, which counts for all.
    """

    name: str
    captions: tuple[str, ...] = ()
    not_captions: tuple[str, ...] = ()
    threshold: float | None = None
    threshold_run: int | None = None


@dataclass(frozen=True, slots=True)
class LabelClass:
    """A class of a set; ``into`` is the class that it was merged into."""

    number: int
    name: str
    captions: tuple[str, ...]
    not_captions: tuple[str, ...]
    threshold: float | None
    gone: bool = False
    into: int | None = None
    threshold_run: int | None = None

    @property
    def spec(self) -> ClassSpec:
        """The class as it would be asked for."""
        return ClassSpec(self.name, self.captions, self.not_captions, self.threshold, self.threshold_run)

    @property
    def is_set_by_person(self) -> bool:
        """Whether a person has said its threshold."""
        return self.threshold is not None and self.threshold_run is None

    def level(self, run: int | None, usual: float) -> float:
        """Return the least score of a run's proposals that are shown."""
        return usual if self.threshold is None or self.threshold_run not in (None, run) else self.threshold
