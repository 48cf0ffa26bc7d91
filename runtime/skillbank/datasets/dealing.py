"""Dealing groups of pictures to splits: sizes as wanted, every class in its share, no group divided.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas, 2011), on groups: the class that fewest groups are
left of is dealt first, each group to the split that lacks most of it. What is rare is secured before what is
frequent, and sizes are balanced at the end.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["By", "Group", "deal"]

_MOST_MOVES = 2000
_LAST = 1e6
"""What it costs to take the last group of a class from a split: more than any number of pictures."""


class By(StrEnum):
    """What stays together.

    A picture and its near-duplicates, a shot stored twice or in two sizes, would make a validation look
    better than it is if one were trained on. Pictures of one place, patient or recording often lie in one
    folder, and only that folder knows it.
    """

    NEAR_DUPLICATES = "near-duplicates"
    FOLDER = "folder"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that stay together.

    Attributes
    ----------
    size
        How many pictures.
    classes
        On how many of them each class is seen.
    """

    size: int
    classes: Mapping[int, int]


def deal(groups: Sequence[Group], wanted: Mapping[str, int], seed: int) -> list[str]:
    """Return the split of each group; the same for the same groups, in their order, and the same seed.

    Parameters
    ----------
    wanted
        Pictures by split; together as many as the groups hold. A class of fewer groups than there are splits
        goes to the first of them: name the training first.

    Notes
    -----
    No split differs from what is wanted by more than the largest group, and none is empty where there are as
    many groups as splits.
    """
    dealer = _Dealer(groups, wanted, seed)
    dealer.deal_classes()
    dealer.deal_rest()
    dealer.balance()
    dealer.fill()
    return [dealer.names[place] for place in dealer.places]


class _Dealer:
    def __init__(self, groups: Sequence[Group], wanted: Mapping[str, int], seed: int) -> None:
        self.groups = groups
        self.names = list(wanted)
        self.places = [-1] * len(groups)
        self.room = [float(wanted[name]) for name in self.names]
        total = sum(wanted.values()) or 1
        sums = Counter[int]()
        for group in groups:
            sums.update(group.classes)
        self.share = {
            label: [count * wanted[name] / total for name in self.names] for label, count in sums.items()
        }
        self.have = {label: [0] * len(self.names) for label in sums}
        self.holders = {label: [0] * len(self.names) for label in sums}
        # Large groups first, as they fit in fewer places; chance decides between equals.
        order = list(range(len(groups)))
        random.Random(seed).shuffle(order)
        self.order = sorted(order, key=lambda index: -groups[index].size)

    def deal_classes(self) -> None:
        """Deal the groups that show a class, of the rarest class first."""
        members: dict[int, list[int]] = {}
        for index in self.order:
            for label in self.groups[index].classes:
                members.setdefault(label, []).append(index)
        left = {label: len(indexes) for label, indexes in members.items()}
        waiting = [(count, label) for label, count in left.items()]
        heapq.heapify(waiting)
        while waiting:
            count, label = heapq.heappop(waiting)
            if count != left[label]:
                heapq.heappush(waiting, (left[label], label))
                continue
            for index in members[label]:
                if self.places[index] < 0:
                    self._put(index, self._choose(index, label, left[label]))
                    for other in self.groups[index].classes:
                        left[other] -= 1

    def deal_rest(self) -> None:
        """Deal the groups without a class by the pictures that splits lack."""
        for index in self.order:
            if self.places[index] < 0:
                self._put(index, max(range(len(self.names)), key=lambda place: self.room[place]))

    def balance(self) -> None:
        """Move groups from splits with too many pictures to those with too few, while both come nearer."""
        largest = max((group.size for group in self.groups), default=0)
        for _ in range(_MOST_MOVES):
            place, to = self.room.index(min(self.room)), self.room.index(max(self.room))
            gap = self.room[to] - self.room[place]
            fitting = [i for i, at in enumerate(self.places) if at == place and self.groups[i].size < gap]
            if not fitting or gap == 0:
                return
            # As near to both as can be, and little harm to the classes.
            best = min(fitting, key=lambda i: self._cost(i, place, to) - min(self.groups[i].size, gap / 2))
            if self._cost(best, place, to) >= _LAST and gap <= largest:
                return
            self._take(best)
            self._put(best, to)

    def fill(self) -> None:
        """Give every split that has none a group of a split that keeps others."""
        for to, wanted in enumerate(self.room):
            counts = Counter(self.places)
            spare = [index for index, at in enumerate(self.places) if counts[at] > 1]
            if wanted > 0 and not counts[to] and spare:
                best = min(spare, key=lambda i: self._misfit(i, self.places[i], to))
                self._take(best)
                self._put(best, to)

    def _misfit(self, index: int, place: int, to: int) -> tuple[float, float]:
        size = self.groups[index].size
        return max(abs(self.room[place] + size), abs(self.room[to] - size)), self._cost(index, place, to)

    def _choose(self, index: int, label: int, left: int) -> int:
        size, have, holders = self.groups[index].size, self.have[label], self.holders[label]
        every = range(len(self.names))
        lacking = [place for place in every if not holders[place]]
        if left <= len(lacking):
            return lacking[0]
        fitting = [place for place in every if self.room[place] * 2 >= size] or list(every)
        share = self.share[label]
        return max(fitting, key=lambda place: (share[place] - have[place], self.room[place]))

    def _put(self, index: int, place: int) -> None:
        self._count(index, place, 1)
        self.places[index] = place

    def _take(self, index: int) -> None:
        self._count(index, self.places[index], -1)

    def _count(self, index: int, place: int, sign: int) -> None:
        group = self.groups[index]
        self.room[place] -= sign * group.size
        for label, count in group.classes.items():
            self.have[label][place] += sign * count
            self.holders[label][place] += sign

    def _cost(self, index: int, place: int, to: int) -> float:
        """How much farther from their shares the classes are when a group is moved."""
        cost = 0.0
        for label, count in self.groups[index].classes.items():
            have, share = self.have[label], self.share[label]
            before = abs(have[place] - share[place]) + abs(have[to] - share[to])
            after = abs(have[place] - count - share[place]) + abs(have[to] + count - share[to])
            cost += (after - before) / 2
            if self.holders[label][place] == 1:
                cost += _LAST
        return cost
