"""Pictures that stand in a data set more than once: by path, byte for byte, or to the eye."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from skillbank.datasets.document import Picture
from skillbank.datasets.faults import Fault, Tally
from skillbank.datasets.likeness import Likeness
from skillbank.datasets.looks import Look
from skillbank.datasets.progress import Progress
from skillbank.datasets.report import Findings

__all__ = ["Album"]


class Album:
    """Remembers what pictures of which split look like."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self._entries: dict[tuple[int, str], None] = {}
        self._by_content: dict[bytes | str, list[tuple[int, str]]] = defaultdict(list)
        self._small = bytearray()
        self._shown: list[tuple[int, str]] = []
        """Split and path of the pictures whose small copies are kept, in their order."""

    def add(self, split: int, picture: Picture, look: Look | None) -> None:
        """Remember a picture of a split, by the split's number; once, however many entries it has."""
        path = picture.path
        if path is None or (split, path) in self._entries:
            return
        self._entries[split, path] = None
        self.paths.add(path)
        key = look.digest if look is not None and look.digest and not look.trouble else path
        copies = self._by_content[key]
        # Further copies would only look like the first one.
        if look is not None and look.small and all(other != split for other, _ in copies):
            self._small += look.small
            self._shown.append((split, path))
        copies.append((split, path))

    def judge(
        self, names: Sequence[str], tally: Tally, findings: Findings, report: Progress | None = None
    ) -> None:
        """Say what stands more than once."""
        known: set[tuple[int, str]] = set()
        for copies in self._by_content.values():
            if len(copies) > 1:
                known.update(copies)
                self._judge_copies(copies, names, tally, findings)
        if self._shown:
            self._judge_look_alikes(names, tally, known, report)

    def _judge_copies(
        self, copies: list[tuple[int, str]], names: Sequence[str], tally: Tally, findings: Findings
    ) -> None:
        first_split, first_path = copies[0]
        for split, path in copies[1:]:
            if split == first_split:
                tally.add([Fault("picture-copies", path, f"it is {first_path} again")])
        splits = dict.fromkeys(split for split, _ in copies)
        if len(splits) < 2:
            return
        self._judge_shared(copies, list(splits), names, tally)
        if any(names[split] != "train" for split in splits):
            findings.shared.update(path for split, path in copies if names[split] == "train")

    def _judge_shared(
        self, copies: Sequence[tuple[int, str]], splits: Sequence[int], names: Sequence[str], tally: Tally
    ) -> None:
        """Say in which further splits a picture of the first one stands."""
        first_split, first_path = copies[0]
        for other in splits[1:]:
            path = next(path for split, path in copies if split == other)
            told = f"it is in {names[first_split]} too"
            if path != first_path:
                told = f"it is {first_path} of {names[first_split]}"
            tally.add([Fault("picture-shared", f"{path} of {names[other]}", told)])

    def _judge_look_alikes(
        self, names: Sequence[str], tally: Tally, known: set[tuple[int, str]], report: Progress | None
    ) -> None:
        likeness = Likeness(self._small)
        splits = np.array([split for split, _ in self._shown])
        copied = np.array([entry in known for entry in self._shown])
        across = np.full(likeness.count, -1, np.int64)
        within = np.full(likeness.count, -1, np.int64)
        for first, second in likeness.candidates(report):
            one, other = np.minimum(first, second), np.maximum(first, second)
            apart = splits[one] != splits[other]
            wanted = np.where(apart, across[other] < 0, within[other] < 0) & ~(copied[one] & copied[other])
            one, other, apart = one[wanted], other[wanted], apart[wanted]
            same = likeness.alike(one, other)
            across[other[same & apart]] = one[same & apart]
            within[other[same & ~apart]] = one[same & ~apart]
        for kind, partners in (("picture-near", across), ("picture-alike", within)):
            for index in np.flatnonzero(partners >= 0).tolist():
                split, path = self._shown[index]
                other_split, other_path = self._shown[int(partners[index])]
                here = f"{path} of {names[split]}" if names[split] else path
                there = f"{other_path} of {names[other_split]}" if names[other_split] else other_path
                tally.add([Fault(kind, here, f"it looks like {there}")])
