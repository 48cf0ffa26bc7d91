"""Things made one ahead of who takes them."""

import threading

import pytest

from skillbank_engine.data.ahead import ahead


def test_the_next_one_is_made_while_the_last_is_worked_with_and_no_more() -> None:
    begun = [threading.Event() for _ in range(4)]

    def make(number: int) -> int:
        begun[number].set()
        return number

    coming = ahead(make, range(4))
    assert not begun[0].is_set()
    assert next(coming) == 0
    assert begun[1].wait(10) and not begun[2].is_set()
    assert list(coming) == [1, 2, 3]
    assert list(ahead(make, ())) == []


def test_what_cannot_be_made_is_raised_in_its_place() -> None:
    coming = ahead(lambda number: 1 / number, (1, 0, 2))
    assert next(coming) == 1
    with pytest.raises(ZeroDivisionError):
        next(coming)
