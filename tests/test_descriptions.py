"""The one rule for several descriptions in a text, as both packages keep it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skillbank.descriptions import not_found, read_descriptions, same, split_text
from skillbank.errors import SkillbankError, UsageError
from skillbank.labelling.words import read_file
from skillbank_engine.errors import PromptError
from skillbank_engine.families.grounding_dino import descriptions as engine
from skillbank_engine.families.grounding_dino.tokenizer import normalise_phrase

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "descriptions.yaml").read_text("utf-8"))
TEXTS = st.text(st.sampled_from(list("ab.?,;# \n\r\t\u00a0\u2028\u00df\u0130")), max_size=30)


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["given"])[:40])
def test_both_packages_read_the_same(case: dict[str, Any]) -> None:
    texts, names = case["given"], case.get("names")
    if names is None:
        with pytest.raises(UsageError, match=r"empty|nothing to look for"):
            read_descriptions(texts)
        with pytest.raises(PromptError, match="empty"):
            engine.read_descriptions(texts, "captions")
    else:
        assert list(read_descriptions(texts).names) == names
        assert list(engine.read_descriptions(texts, "captions").values()) == names


@given(texts=st.lists(TEXTS, max_size=4))
def test_any_texts_are_read_the_same_and_only_once(texts: list[str]) -> None:
    assert [split_text(text) for text in texts] == [engine.split_text(text) for text in texts]
    assert [same(text) for text in texts] == [normalise_phrase(text) for text in texts]
    try:
        names = read_descriptions(texts).names
    except SkillbankError:
        with pytest.raises(PromptError):
            engine.read_descriptions(texts, "captions")
        return
    assert engine.read_descriptions(texts, "captions") == {same(name): name for name in names}
    assert read_descriptions(names).names == names, "what was read is read the same again"
    assert len(set(map(same, names))) == len(names)


def test_what_is_left_out_is_said() -> None:
    read = read_descriptions(["No. 5 sign", "no 5 sign", "dog . dog"])
    assert read.names == ("No. 5 sign", "dog")
    assert "'no 5 sign' is the same to the model as 'No. 5 sign'" in read.notes[0]
    assert read.notes[1:] == ("'dog' was given more than once; it is looked for once.",)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("red circle, blue star", True),
        ("red circle; blue star", True),
        ("cats and dogs", True),
        ("a cat. a dog", True),
        ("red circle \u2022 blue star", True),
        ("red circle\u3002blue star", True),
        ("red circle \u00b7 blue star", True),
        ("red circle - blue star", True),
        ("- red circle", True),
        ("red circle.blue star", True),
        ("red circle .blue star", True),
        ("vehicles, e.g. cars", True),
        ("a U.S. flag", True),
        ("U.S.flag", False),
        ("a 1.5 inch screw", False),
        ("t-shirt", False),
        ("red circle", False),
        ("sandy corner", False),
        ("v1.2 label", False),
    ],
)
def test_nothing_found_for_what_may_be_several_is_said(
    name: str, said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    sentences = list(not_found([name, "x, y"], {"x, y"}))
    assert len(sentences) == said and all(f"'{name}' was taken as one description" in s for s in sentences)
    logger = logging.getLogger("skillbank_engine")
    logger.addHandler(caplog.handler)
    try:
        engine.tell_not_found([name, "x, y"], {"x, y"})
    finally:
        logger.removeHandler(caplog.handler)
    assert (name in caplog.text) == said


def test_a_file_is_not_a_description() -> None:
    with pytest.raises(UsageError, match=r"'@names\.txt' names a file"):
        read_descriptions(["@names.txt"])
    assert read_descriptions(["@ sign", "@home"]).names == ("@ sign", "@home")


LINES = "# what to find\nred circle . blue star\n\n  person with a hat, without glasses \n\\#5 ball\n"
WANTED = ["red circle . blue star", "person with a hat, without glasses", "#5 ball"]


@pytest.mark.parametrize(
    "data",
    [
        LINES.encode(),
        LINES.encode("utf-8-sig"),
        LINES.encode("utf-16"),
        b"\xfe\xff" + LINES.encode("utf-16-be"),
        LINES.replace("\n", "\r\n").encode(),
        LINES.replace("\n", "\r").encode(),
        LINES.rstrip("\n").encode(),
    ],
)
def test_files_are_read_the_same(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_bytes(data)
    assert read_file(file) == (WANTED, [])
    assert engine.read_description_file(file, "classmap") == WANTED


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "holds no description"),
        (b"# only\n\n . \n", "holds no description"),
        ("Müll\n".encode("latin-1"), "not text in UTF-8"),
        ("red\n".encode("utf-16-le"), "NUL"),
        (b"x\n" * (1 << 20), "larger than 1 MB"),
        (None, "cannot be read"),
    ],
)
def test_files_that_hold_none(data: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.mkdir() if data is None else file.write_bytes(data)
    with pytest.raises(SkillbankError, match=words):
        read_file(file)
    with pytest.raises(PromptError, match=words):
        engine.read_description_file(file, "classmap")


def test_a_comment_that_may_be_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("red ball\n#5 ball\n")
    lines, [note] = read_file(tmp_path / "names.txt")
    assert lines == ["red ball"] and r"write \#5 ball" in note


def test_a_missing_file_has_a_near_name(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("x")
    with pytest.raises(SkillbankError, match=r"no file .*nmaes\.txt.*did you mean '.*/names\.txt"):
        read_file(tmp_path / "nmaes.txt")
