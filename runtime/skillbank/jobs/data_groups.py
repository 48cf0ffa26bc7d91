"""The inputs of a plan that are files of one data set, by the place that was named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from skillbank.bank.engines import own_engine
from skillbank.datasets.wanted import Wanted, wanted_of
from skillbank.errors import DataNotFoundError, SkillbankError, UsageError
from skillbank.plan.model import InputBinding, Plan
from skillbank.storage.staging import locate
from skillbank.storage.uri import parse_uri
from skillbank.visible import one_line

__all__ = ["DataGroup", "first_category", "groups_of", "is_there", "local_path"]

_ROLES = {"train_datasets": "train", "calibration_dataset": "train", "eval_dataset": "val"}


@dataclass(frozen=True)
class DataGroup:
    """The inputs of a plan that are files of one data set.

    Attributes
    ----------
    place
        The location as it was named.
    source
        What it is for, in the skill's word.
    wanted
        What the files are to hold; None where they are none that can be made of boxes.
    form
        The format that the place is said to be read as; empty recognises it.
    """

    place: str
    source: str
    bindings: tuple[InputBinding, ...]
    wanted: Wanted | None
    form: str = ""

    @property
    def local(self) -> Path | None:
        """The place on this machine; None where it lies elsewhere."""
        return local_path(self.place)

    @cached_property
    def missing(self) -> tuple[InputBinding, ...]:
        """The inputs that are not there as the table names them; what may be left out is none of them."""
        return tuple(each for each in self.bindings if not each.optional and not is_there(each))

    @cached_property
    def is_there(self) -> bool:
        """Whether anything lies at the place itself."""
        return is_there(InputBinding(key=self.source, uri=self.place))

    @property
    def role(self) -> str:
        """The split that it takes: train or val; empty for pictures alone."""
        return _ROLES.get(self.source, "")

    @property
    def named(self) -> str:
        """The group in a sentence."""
        return f"{self.source} {one_line(self.place, 200)}"


def groups_of(plan: Plan) -> list[DataGroup]:
    """Return the data sets that a plan names by their places."""
    inputs: dict[tuple[str, str, str], list[InputBinding]] = {}
    for binding in plan.inputs:
        if binding.place and binding.runtime != "value":
            inputs.setdefault((binding.place, binding.source, binding.form), []).append(binding)
    return [
        DataGroup(
            place,
            source,
            tuple(group),
            wanted_of([b.file for b in group], plan.data_type, learns=_learns(source, group)),
            form,
        )
        for (place, source, form), group in inputs.items()
    ]


def _learns(source: str, group: Sequence[InputBinding]) -> bool:
    """Whether files are learned from or measured on; those to learn from without a list have no classes."""
    role = _ROLES.get(source, "")
    listed = any(each.file in ("", "classes.txt") for each in group)
    return role == "val" or (role == "train" and (listed or source != "train_datasets"))


def local_path(place: str) -> Path | None:
    """Return where a place lies on this machine; None where it lies elsewhere."""
    try:
        uri = parse_uri(place)
    except UsageError:  # a bucket as a whole has no key, its files have
        return None
    return uri.path if uri.scheme == "file" else None


def first_category(plan: Plan) -> int:
    """Return the id of the first category in the COCO documents of a plan's program.

    The skill says it; of one that says nothing the bank that comes with skillbank may know the program.
    """
    if plan.first_category is not None:
        return plan.first_category
    engine = own_engine(plan.command[0]) if plan.command else None
    return 1 if engine is None or engine.first_category is None else engine.first_category


def is_there(binding: InputBinding) -> bool:
    """Whether an input lies where the skill's table says, whatever is the matter with it."""
    try:
        locate(binding)
    except DataNotFoundError:
        return False
    except SkillbankError:
        return True  # it is there, and the check says what is wrong with it
    return True
