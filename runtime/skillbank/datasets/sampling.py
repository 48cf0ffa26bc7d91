"""Which pictures stand for a data set: chosen by a seed, every class among them where there is room."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from skillbank.datasets.document import Picture

__all__ = ["Sample"]

_Entry = tuple[int, int, str, Picture]
"""Rank (the larger the better), number, split and picture."""


@dataclass(slots=True)
class Sample:
    """Chooses among pictures as they pass by; the same pictures and seed give the same choice."""

    most: int
    seed: int
    _number: int = 0
    _any: list[_Entry] = field(default_factory=list)
    _of_class: dict[int, _Entry] = field(default_factory=dict)
    _seen: Counter[int] = field(default_factory=Counter)

    def add(self, split: str, picture: Picture, classes: Iterable[int]) -> None:
        """Look at a picture, with the numbers of the classes on it."""
        key = f"{self.seed}/{split}/{picture.path or picture.name}"
        digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest()
        entry = (int.from_bytes(digest, "big"), self._number, split, picture)
        self._number += 1
        if len(self._any) < self.most:
            heapq.heappush(self._any, entry)
        elif self.most and entry > self._any[0]:
            heapq.heapreplace(self._any, entry)
        for label in classes:
            self._seen[label] += 1
            if label not in self._of_class or entry > self._of_class[label]:
                self._of_class[label] = entry

    def chosen(self) -> list[tuple[str, Picture]]:
        """Return splits and pictures: first one of each class, the rarest ahead, in half of the places."""
        rarest = sorted(self._of_class, key=lambda label: (self._seen[label], label))
        picked: dict[int, _Entry] = {}
        for label in rarest:
            if len(picked) < self.most // 2:
                picked[self._of_class[label][1]] = self._of_class[label]
        for entry in sorted(self._any, reverse=True):
            if len(picked) < self.most:
                picked[entry[1]] = entry
        return [(split, picture) for _, _, split, picture in sorted(picked.values(), reverse=True)]
