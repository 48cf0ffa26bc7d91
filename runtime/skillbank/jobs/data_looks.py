"""What is known of a plan's data sets before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from skillbank.errors import a_few
from skillbank.jobs.data_groups import DataGroup
from skillbank.plan.model import InputBinding
from skillbank.visible import one_line
from skillbank.ways import Sentence, command

if TYPE_CHECKING:
    from skillbank.datasets.report import DataReport, SplitReport
    from skillbank.jobs.data_places import Found

__all__ = ["DataLook", "PlanData", "look_from_here"]


@dataclass(frozen=True)
class DataLook:
    """What was seen of one data set of a plan.

    Attributes
    ----------
    found
        None where there is nothing to convert or to check, or it was not looked at.
    recognised
        Whether a data set is there, usable or not, so that no single file is missing.
    later
        Whether looking takes long and is left to a launch.
    listed
        Whether its texts and the names of its pictures were seen alone.
    report
        Of the check.
    problems
        Sentences, each of which ends a launch.
    notes
        Sentences for whoever approves.
    said
        What it was recognised as, with counts, and what is made of it; empty where it is used as it lies and
        nothing is dropped.
    """

    group: DataGroup
    found: Found | None = None
    recognised: bool = False
    later: bool = False
    listed: bool = False
    report: DataReport | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    said: str = ""

    @property
    def made(self) -> bool:
        """Whether the files of the table are made rather than used as they lie."""
        return self.found is not None and bool(self.found.why)

    @property
    def pictures(self) -> int | None:
        """How many pictures the split has that is meant; None where nobody has looked."""
        return self.split_report.pictures if self.split_report is not None else None

    @property
    def split_report(self) -> SplitReport | None:
        """What the check says of the split that is meant."""
        if self.report is None or self.found is None:
            return None
        name = self.found.split.name or self.group.role
        return next((each for each in self.report.splits if each.name == name), self.report.splits[0])

    @property
    def unmade(self) -> tuple[InputBinding, ...]:
        """Inputs that are not made: names of classes for pictures that have none."""
        if self.found is None or self.group.wanted is None:
            return ()
        classes = self.group.wanted.classes
        if not classes or self.found.opened.data.classes or self.group.wanted.annotated:
            return ()
        return tuple(binding for binding in self.group.bindings if binding.file == classes)

    @property
    def root(self) -> Path | None:
        """The folder of the data set that the files are made of, which may lie above the place."""
        if self.found is None or not self.made or self.listed:
            return None
        return self.found.opened.tree.root


@dataclass(frozen=True)
class PlanData:
    """All data sets of a plan."""

    looks: tuple[DataLook, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences, each of which ends a launch."""
        return tuple(dict.fromkeys(problem for look in self.looks for problem in look.problems))

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for whoever approves."""
        return tuple(dict.fromkeys(note for look in self.looks for note in look.notes))

    @property
    def said(self) -> tuple[str, ...]:
        """What each was recognised as, where files are made of it."""
        return tuple(look.said for look in self.looks if look.said)

    @property
    def samples(self) -> int | None:
        """How many pictures are trained on; None where that is not known of all."""
        counts = [look.pictures for look in self.looks if look.group.source == "train_datasets"]
        known = [count for count in counts if count is not None]
        return sum(known) if counts and len(known) == len(counts) else None

    def state(self, binding: InputBinding) -> Literal["made", "unseen", "unusable"] | None:
        """Return how an input stands whose file need not be there; None where it is looked for as named."""
        look = next((look for look in self.looks if binding in look.group.bindings), None)
        if look is None:
            return None
        if look.made:
            return None if binding.optional and binding in look.unmade else "made"
        if look.later and look.group.missing:
            return "unseen"
        return "unusable" if look.recognised and look.group.missing else None


def look_from_here(group: DataGroup, *, whole: bool, measured: bool = True) -> DataLook:
    """Look at a data set that lies elsewhere, without bringing it.

    Parameters
    ----------
    whole
        Whether the server is asked.
    measured
        Whether the plan names data to validate on.
    """
    if group.wanted is None:
        return DataLook(group)
    place = one_line(group.place, 200)
    if not whole:
        note = f"{place} lies elsewhere and was not looked into: what it holds is recognised at the launch"
        if group.source == "train_datasets" and not measured:
            note += ", and this plan validates on no split of it (its launch looks, and takes one)"
        return DataLook(group, notes=(Sentence(f"{note}; '{command('plan', '', '--check')}' looks now"),))
    if not group.missing or not group.is_there:
        return DataLook(group)
    files = a_few(list(dict.fromkeys(each.file for each in group.missing)), 3)
    note = f"{place} has no {files}: it is brought as a whole and recognised when the job is launched"
    return DataLook(group, later=True, notes=(note,))
