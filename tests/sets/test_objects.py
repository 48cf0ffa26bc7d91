"""From boxes of captions to objects of classes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skillbank.labelling.findings import Finding
from skillbank.sets.geometry import overlap
from skillbank.sets.model import Proposal
from skillbank.sets.objects import Wanted, objects

EXIT, POSTER, DOOR = 1, 2, 3
WANTED = Wanted.of(
    {EXIT: (("red sign", "green sign"), ("Poster",)), POSTER: (("poster",), ()), DOOR: (("door",), ("wall",))}
)


def box(x: float = 0, width: float = 10) -> tuple[float, float, float, float]:
    return (x, 0, x + width, 10)


def kept(
    *findings: tuple[str, float, tuple[float, float, float, float]], **bounds: float
) -> list[tuple[int, str]]:
    found = objects([Finding(*each[:2], each[2]) for each in findings], WANTED, **{"nms": 0.7, **bounds})
    return [(each.class_number, each.caption) for each in found]


def test_each_caption_is_asked_once_as_it_was_written_first() -> None:
    assert WANTED.captions == ("red sign", "green sign", "Poster", "door", "wall")


def test_captions_are_split_as_the_model_splits_them() -> None:
    wanted = Wanted.of({1: (("red sign . green sign",), ("wall\nposter",))})
    assert wanted.captions == ("red sign", "green sign", "wall", "poster")
    assert wanted.owners == {"red sign": 1, "green sign": 1}


def test_two_captions_of_a_class_are_one_object() -> None:
    twice = ("red sign", 0.6, box()), ("green sign", 0.5, box(1))
    assert kept(*twice) == [(EXIT, "red sign")]
    assert kept(*twice, nms=0.9) == [(EXIT, "red sign"), (EXIT, "green sign")]
    assert kept(("red sign", 0.6, box()), ("green sign", 0.5, box(20))) == [
        (EXIT, "red sign"),
        (EXIT, "green sign"),
    ]


def test_every_name_of_an_object_is_kept() -> None:
    both = ("door", 0.4, box()), ("red sign", 0.6, box(1))
    assert kept(*both) == [(EXIT, "red sign"), (DOOR, "door")]


def test_what_is_not_meant_takes_away_what_it_explains_better() -> None:
    assert kept(("wall", 0.6, box(3)), ("door", 0.5, box())) == []
    assert kept(("wall", 0.4, box(3)), ("door", 0.5, box())) == [(DOOR, "door")], "less sure"
    assert kept(("wall", 0.6, box(8)), ("door", 0.5, box())) == [(DOOR, "door")], "elsewhere"
    assert kept(("wall", 0.6, box(3)), ("red sign", 0.5, box())) == [(EXIT, "red sign")], "of another class"


def test_a_class_may_be_what_another_is_not() -> None:
    found = ("Poster", 0.6, box(3)), ("red sign", 0.5, box())
    assert kept(*found) == [(POSTER, "Poster")]


def test_what_was_taken_away_takes_nothing_away() -> None:
    found = ("wall", 0.7, box()), ("door", 0.6, box()), ("red sign", 0.5, box(1))
    assert kept(*found) == [(EXIT, "red sign")]


PHRASES = st.sampled_from(["red sign", "green sign", "Poster", "door", "wall"])
FOUND = st.lists(
    st.builds(Finding, PHRASES, st.floats(0.05, 1), st.builds(box, st.floats(0, 30), st.floats(5, 15))),
    max_size=12,
)


@given(FOUND, st.floats(0, 1))
def test_no_two_objects_of_a_class_lie_closer_than_the_bound(found: list[Finding], nms: float) -> None:
    made = objects(found, WANTED, nms=nms)
    assert [each.score for each in made] == sorted((each.score for each in made), reverse=True)
    for number, one in enumerate(made):
        others = (each for each in made[:number] if each.class_number == one.class_number)
        assert nms >= 1 or all(overlap(one.box, other.box) <= nms for other in others)
    assert all(isinstance(each, Proposal) for each in made)


@given(FOUND, st.floats(0.05, 1))
def test_a_threshold_moves_without_the_model(found: list[Finding], least: float) -> None:
    later = [each for each in objects(found, WANTED, nms=0.7) if each.score >= least]
    assert later == objects([f for f in found if f.score >= least], WANTED, nms=0.7)
