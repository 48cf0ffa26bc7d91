"""Things made in threads ahead of who takes them."""

import threading
from collections.abc import Iterator

import pytest

from skillbank_engine.data.ahead import ahead
from skillbank_engine.threads import available_cpus


def test_as_many_as_are_wanted_are_made_ahead_and_no_more() -> None:
    most = available_cpus() + 2
    begun = [threading.Event() for _ in range(2 * most)]

    def make(number: int) -> int:
        begun[number].set()
        return number

    coming = ahead(make, range(2 * most), most)
    assert not begun[0].is_set()
    assert next(coming) == 0
    assert begun[most].wait(10) and not begun[most + 1].is_set()
    assert list(coming) == list(range(1, 2 * most))
    assert list(ahead(make, ())) == []


def test_they_come_in_the_order_of_their_keys_however_long_each_takes() -> None:
    late = threading.Event()

    def make(number: int) -> int:
        if number == 0:
            late.wait(10)
        else:
            late.set()
        return number

    # The first one waits for another, which has to be made beside it.
    assert list(ahead(make, range(9), 4)) == list(range(9))


def test_what_cannot_be_made_is_raised_in_its_place() -> None:
    coming = ahead(lambda number: 1 / number, (1, 0, 2))
    assert next(coming) == 1
    with pytest.raises(ZeroDivisionError):
        next(coming)


def test_keys_are_gone_through_by_who_takes_the_things() -> None:
    here = threading.current_thread()

    def keys() -> Iterator[int]:
        for number in range(5):
            assert threading.current_thread() is here
            yield number

    assert list(ahead(lambda number: -number, keys())) == [0, -1, -2, -3, -4]


def test_nothing_goes_on_when_nobody_takes_the_rest() -> None:
    made: list[int] = []
    coming = ahead(made.append, range(10_000))
    next(coming)
    coming.close()  # type: ignore[attr-defined]
    count = len(made)
    assert count < 100
    assert len(made) == count
