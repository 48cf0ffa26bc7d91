"""Classes as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.errors import DataError, UsageError
from skillbank.sets.model import ClassSpec
from skillbank.sets.ontology import line_of, read_classes


def spec(name: str, *captions: str, nots: tuple[str, ...] = (), threshold: float | None = None) -> ClassSpec:
    return ClassSpec(name=name, captions=captions, not_captions=nots, threshold=threshold)


def faults(*texts: str, file: Path | None = None) -> list[str]:
    with pytest.raises(UsageError) as raised:
        read_classes(texts, file)
    return str(raised.value).splitlines()


def test_a_class_has_captions_and_what_it_is_not() -> None:
    read = read_classes(["exit = red  exit sign|green exit sign | Not poster | NOT a door", "bare head"])
    assert read.classes == (
        spec("exit", "red exit sign", "green exit sign", nots=("poster", "a door")),
        spec("bare head", "bare head"),
    )
    assert read.notes == ()


def test_texts_hold_several_classes_as_they_hold_several_descriptions() -> None:
    one = read_classes(
        ["exit = red exit sign | green exit sign . bare = head without a helmet .\nred circle"]
    )
    assert [line_of(each) for each in one.classes] == [
        "exit = red exit sign | green exit sign",
        "bare = head without a helmet",
        "red circle",
    ]
    assert [each.name for each in read_classes(["red circle . blue star"]).classes] == [
        "red circle",
        "blue star",
    ]


def test_what_another_class_is_may_be_what_this_one_is_not() -> None:
    read = read_classes(["exit = exit sign | not poster", "poster", "door = door | not poster"])
    assert [each.not_captions for each in read.classes] == [("poster",), (), ("poster",)]


WRONG = {
    "exit =": "has no caption behind the =",
    "= red exit sign": "has no name before the =",
    "exit = red | | green": "an empty caption",
    "exit = red |": "an empty caption",
    "exit = ? | red": "an empty caption",
    "exit = red | not": "a 'not' with nothing behind it",
    "exit = not poster": "says only what is not meant",
    "not poster": "says only what is not meant",
    "not": "says only what is not meant",
    "red | green": "has captions and no name",
    "a = b = c": "more than one =",
    "a => b": "an arrow",
    "a -> b": "an arrow",
    "a := b": "an arrow",
    "a == b": "an arrow",
    "a \u2192 b": "an arrow",
    "a \uff1d b": "which is no =",
    "a = b \uff5c c": "which is no |",
    "exit: red exit sign": "a colon where = belongs",
    "\u2013into signs": "begins with a dash",
    "--into=signs": "begins with a dash",
    "exit = red sign . green sign": "a full stop with blanks",
    "  ": "A class is empty",
    " . ": "A class is empty",
    "?! = red": "has no letter",
    "a\u200bb = red": "cannot be seen",
    "a = re\u202ed": "cannot be seen",
    "exit = red | Red.": "has the caption 'Red' twice",
    "exit = red | not a | not A?": "has the 'not' caption 'A?' twice",
    "exit = red | not RED": "is and is not 'RED'",
    f"{'a' * 101} = red": "101 of at most 100",
    f"a = {'b' * 10_001}": "of at most 10000 characters",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_could_be_nothing_or_several_things_is_refused(text: str) -> None:
    (said,) = faults(text)
    assert WRONG[text] in said
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["exit = red", "exit = green"], "given more than once"),
        (["exit", "Exit = green"], "look like one name"),
        (["exit = red", "e\u0445it = green"], "look like one name"),
        (["exit = red sign", "way out = Red sign."], "caption of 'exit' and of 'way out'"),
        (["exit = way out", "way out"], "caption of 'exit' and of 'way out'"),
    ],
)
def test_two_classes_never_share_a_name_or_a_caption(texts: list[str], why: str) -> None:
    (said,) = faults(*texts)
    assert why in said


def test_letters_and_digits_are_classes_of_their_own() -> None:
    named = [
        "O = letter o",
        "0 = zero",
        "l = letter l",
        "1 = one",
        "I = letter i",
        "5 = five",
        "S = letter s",
    ]
    assert len(read_classes(named).classes) == 7
    assert len(read_classes(["\U0001f525 = fire", "\U0001f4a7 = water"]).classes) == 2


def test_all_faults_are_said_at_once() -> None:
    said = faults("exit =", "a = b = c", "door = red | red", "door = green", "not x")
    assert len(said) == 5
    assert all(each.endswith(".") for each in said)


def test_a_denial_inside_of_a_caption_is_told() -> None:
    read = read_classes(["exit = red sign, not a poster", "bare = person not wearing a helmet"])
    assert [each.captions for each in read.classes] == [
        ("red sign, not a poster",),
        ("person not wearing a helmet",),
    ]
    (note,) = read.notes
    assert "write | not" in note


def test_nothing_is_no_ontology() -> None:
    with pytest.raises(UsageError, match="no class"):
        read_classes([])


# -- files


def write(folder: Path, text: str) -> Path:
    path = folder / "classes.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_the_same(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
exit: red exit sign | green exit sign | not poster
bare head:
door: [wooden door, glass door, not window]
formula:
  captions: [E = mc2, a | b]
  not: chart
  threshold: 0.4
lamp:
  threshold: 1
""",
    )
    assert read_classes(["star"], file).classes == (
        spec("star", "star"),
        spec("exit", "red exit sign", "green exit sign", nots=("poster",)),
        spec("bare head", "bare head"),
        spec("door", "wooden door", "glass door", nots=("window",)),
        spec("formula", "E = mc2", "a | b", nots=("chart",), threshold=0.4),
        spec("lamp", "lamp", threshold=1.0),
    )
    listed = write(tmp_path, "- exit = red exit sign | not poster\n- bare head\n")
    assert read_classes((), listed).classes == (
        spec("exit", "red exit sign", nots=("poster",)),
        spec("bare head", "bare head"),
    )


def test_faults_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
no: a refusal
exit: 5
door: [3, wood | glass]
lamp: {caption: lamp, threshold: two, not: [not a lamp]}
bulb: {captions: 7, threshold: true}
tree: oak . elm
""",
    )
    said = faults("door", file=file)
    for part in (
        "The name False",
        "'exit' in",
        "3, which is no text",
        "a | inside of a list",
        "no key caption (did you mean 'captions'?)",
        "the threshold two",
        "'not a lamp' under not",
        "holds 7 where captions belong",
        "the threshold True",
        "several captions in 'oak . elm'",
        "'door' is given more than once",
    ):
        assert any(part in each for each in said), part


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no class"),
        ("[]", "holds no class"),
        ("just words", "holds no class"),
        ("exit: a\nexit: b\n", "exit"),
        ("exit: [", "no list of classes in YAML"),
        ("exit: !!python/name:os.system x", "no list of classes in YAML"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        read_classes((), write(tmp_path, text))
    with pytest.raises(DataError):
        read_classes((), tmp_path / "missing.yaml")


_WORDS = st.text("abcdefghij ", min_size=1, max_size=12).map(lambda t: " ".join(t.split())).filter(bool)


@given(st.lists(_WORDS, min_size=2, max_size=6, unique=True), st.integers(0, 3))
def test_a_class_is_read_back_from_its_line(words: list[str], nots: int) -> None:
    captions, denied = words[1 : max(2, len(words) - nots)], words[max(2, len(words) - nots) :]
    made = ClassSpec(name=words[0], captions=tuple(captions), not_captions=tuple(denied), threshold=None)
    assert read_classes([line_of(made)]).classes == (made,)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        read = read_classes([text])
    except UsageError as error:
        assert str(error)
    else:
        again = read_classes([line_of(each) for each in read.classes])
        assert again.classes == read.classes
