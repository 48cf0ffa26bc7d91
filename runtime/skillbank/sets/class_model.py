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
    """

    name: str
    captions: tuple[str, ...] = ()
    not_captions: tuple[str, ...] = ()
    threshold: float | None = None


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

    @property
    def spec(self) -> ClassSpec:
        """The class as it would be asked for."""
        return ClassSpec(self.name, self.captions, self.not_captions, self.threshold)
