"""Names of pictures in a new data set: unique on every file system, harmless, and near to the old ones."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as some

from skillbank.datasets.naming import Names, common_folder

paths = some.lists(
    some.lists(some.text(max_size=12), min_size=1, max_size=3).map("/".join), min_size=1, max_size=12
)


@given(paths, some.booleans())
def test_no_two_places_differ_only_in_case_form_or_ending(given_names: list[str], listed: bool) -> None:
    names = Names(listed=listed)
    places = [names.give("images/train", name) for name in given_names if name.strip("/. ")]
    stems = [
        unicodedata.normalize("NFC", place[: -len(PurePosixPath(place).suffix) or None]) for place in places
    ]
    assert len({stem.casefold() for stem in stems}) == len(places)


@given(paths)
def test_no_place_leaves_its_folder_or_hides_anything(given_names: list[str]) -> None:
    names = Names(listed=True)
    for name in given_names:
        if not name.strip("/. "):
            continue
        place = names.give("images", name)
        parts = place.split("/")
        assert parts[0] == "images" and ".." not in parts and "" not in parts
        assert place.isprintable() and not set(place) & set("<>:\"\\|?* '`")
        assert not any(part.startswith((".", "-")) for part in parts)
        assert all(len(part.encode()) <= 140 for part in parts)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cam 1/IMG_0001.JPG", "train/cam 1/IMG_0001.JPG"),
        ("Fläche/größe.png", "train/Fläche/größe.png"),
        ("images/a.jpg", "train/a.jpg"),
        ("con.jpg", "train/_con.jpg"),
        ("a:b?.jpg", "train/a_b_.jpg"),
        ("-rf.jpg", "train/_-rf.jpg"),
        (".hidden.jpg", "train/_.hidden.jpg"),
        ("evil\u202egpj.exe.jpg", "train/evilgpj.exe.jpg"),
        ("../../etc/passwd.jpg", "train/etc/passwd.jpg"),
        ("cafe\u0301.jpg", "train/café.jpg"),
    ],
)
def test_what_can_be_read_stays(old: str, new: str) -> None:
    assert Names().give("train", old) == new


def test_a_taken_name_gets_a_number() -> None:
    names = Names()
    given_names = ["a.jpg", "a.png", "A.jpg", "a.jpg", "b.jpg"]
    places = [names.give("x", name) for name in given_names]
    assert places == ["x/a.jpg", "x/a-2.png", "x/A-3.jpg", "x/a-4.jpg", "x/b.jpg"]


def test_long_names_are_told_apart_by_what_was_cut() -> None:
    names = Names()
    one, other = names.give("x", f"{'long ' * 60}1.jpg"), names.give("x", f"{'long ' * 60}2.jpg")
    assert one.startswith("x/long long") and one.endswith(".jpg") and one != other


def test_blanks_and_quotes_are_replaced_where_lists_mean_something_by_them() -> None:
    assert Names(listed=True).give("x", "my  'photo' 1.jpg") == "x/my__photo__1.jpg"


@pytest.mark.parametrize(
    ("names", "above"),
    [
        (["images/train/a.jpg", "images/train/b/c.jpg"], "images/train"),
        (["a/x.jpg", "ab/x.jpg"], ""),
        (["a.jpg"], ""),
        ([], ""),
        (["a/b/x.jpg"], "a/b"),
    ],
)
def test_common_folder(names: list[str], above: str) -> None:
    assert common_folder(names) == above
