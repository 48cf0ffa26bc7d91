"""Groups dealt to splits: laws that hold for every data set."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as some

from skillbank.datasets.dealing import Group, deal


@some.composite
def group(draw: some.DrawFn, largest: int = 9) -> Group:
    size = draw(some.integers(1, largest))
    labels = draw(some.lists(some.integers(0, 6), max_size=4, unique=True))
    return Group(size, {label: draw(some.integers(1, size)) for label in labels})


def wanted_of(total: int, val: float, test: float) -> dict[str, int]:
    asked = {"val": max(1, round(total * val)), "test": max(1, round(total * test))}
    return {"train": max(1, total - sum(asked.values())), **asked}


groups = some.lists(group(), min_size=3, max_size=60)
shares = some.floats(0.05, 0.4)


def sizes(dealt: list[Group], places: list[str]) -> Counter[str]:
    found = Counter[str]()
    for each, place in zip(dealt, places, strict=True):
        found[place] += each.size
    return found


@given(groups, shares, shares, some.integers(0, 9))
def test_each_split_is_within_one_group_of_what_is_wanted_and_none_is_empty(
    dealt: list[Group], val: float, test: float, seed: int
) -> None:
    total = sum(each.size for each in dealt)
    wanted = wanted_of(total, val, test)
    if sum(wanted.values()) != total:
        return  # three pictures at most
    found = sizes(dealt, deal(dealt, wanted, seed))
    largest = max(each.size for each in dealt)
    assert all(abs(found[name] - count) <= largest for name, count in wanted.items())
    assert all(found[name] for name in wanted)


@given(some.integers(3, 200), shares, shares, some.integers(0, 9))
def test_single_pictures_are_dealt_exactly(count: int, val: float, test: float, seed: int) -> None:
    dealt = [Group(1, {number % 5: 1} if number % 3 else {}) for number in range(count)]
    wanted = wanted_of(count, val, test)
    if sum(wanted.values()) == count:
        assert sizes(dealt, deal(dealt, wanted, seed)) == Counter(wanted)


@given(groups, some.integers(0, 9))
def test_the_same_seed_deals_the_same(dealt: list[Group], seed: int) -> None:
    wanted = wanted_of(sum(each.size for each in dealt), 0.2, 0.1)
    assert deal(dealt, wanted, seed) == deal(dealt, wanted, seed)


@given(some.lists(some.integers(0, 11), min_size=40, max_size=300), some.integers(0, 9))
def test_a_class_of_three_pictures_is_in_every_split(labels: list[int], seed: int) -> None:
    dealt = [Group(1, {label: 1}) for label in labels]
    wanted = wanted_of(len(labels), 0.35, 0.35)
    places = deal(dealt, wanted, seed)
    for label, count in Counter(labels).items():
        there = {place for place, each in zip(places, labels, strict=True) if each == label}
        assert "train" in there
        assert len(there) == min(count, 3)


def test_classes_keep_their_shares() -> None:
    dealt = [Group(1, {0: 1} if number % 10 else {0: 1, 1: 1}) for number in range(1000)]
    places = deal(dealt, {"train": 700, "val": 200, "test": 100}, seed=3)
    rare = Counter(place for place, each in zip(places, dealt, strict=True) if 1 in each.classes)
    assert rare == {"train": 70, "val": 20, "test": 10}


def test_another_seed_deals_otherwise() -> None:
    dealt = [Group(1, {0: 1}) for _ in range(100)]
    wanted = {"train": 80, "val": 20}
    assert deal(dealt, wanted, 0) != deal(dealt, wanted, 1)
