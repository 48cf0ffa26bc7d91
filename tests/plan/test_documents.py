"""Nested documents by their paths, plans read back, and what a draft knows of what was said."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.bank.skill import Skill
from skillbank.errors import StateError
from skillbank.plan.draft import Draft
from skillbank.plan.literals import value
from skillbank.plan.locations import _root
from skillbank.plan.model import FORMAT, InputBinding, Plan, Policy, Route, SkillRef, document_id
from skillbank.plan.paths import format_path, get_path, leaves, parse_path, set_path
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request, Setting, parse_settings, setting_of
from skillbank.plan.slot_keys import _is_of
from skillbank.plan.slot_values import _count, _WrongError
from skillbank.plan.slots import SLOTS, Fills
from skillbank.plan.spec import _entries
from tests.plan.conftest import MakeSkill

KEYS = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(KEYS | st.integers(0, 3), max_size=4).flatmap(
    lambda rest: st.tuples(KEYS, *map(st.just, rest))
)
SCALARS = st.integers(0, 9) | st.sampled_from(["x", None, True])
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_size=3,
)


@given(document=DOCUMENTS, path=PATHS, new=SCALARS)
def test_what_is_set_is_there(document: dict[str, Any], path: tuple[str | int, ...], new: object) -> None:
    assert parse_path(format_path(path)) == path
    set_path(document, path, new)
    assert get_path(document, path) == get_path(document, format_path(path)) == new


@given(document=DOCUMENTS)
def test_leaves_make_the_document_again(document: dict[str, Any]) -> None:
    again: dict[str, Any] = {}
    for path, leaf in leaves(document):
        if path:
            set_path(again, path, leaf)
    assert again == document


def plan(**fields: Any) -> Plan:
    made: dict[str, Any] = {
        "skill": SkillRef(name="toy", version="1", digest="d", bank="b"),
        "action": "train",
        "route": Route(name="direct", reason="made by a test"),
        "automl_policy": Policy(value="off", source="user"),
        "platform": "local",
        "image": None,
        "command": ("toy",),
        "spec": {},
    }
    return Plan(**{**made, **fields})


@pytest.mark.parametrize("version", [FORMAT + 1, "3", None])
def test_a_plan_of_a_newer_format_is_not_read(version: object) -> None:
    document = {**plan().document(), "format": version}
    with pytest.raises(StateError, match=r"made by a newer skillbank \(format .*upgrade skillbank"):
        Plan.from_document(document)


@pytest.mark.parametrize("version", [1, FORMAT])
def test_a_plan_is_read_back_and_not_when_it_was_changed(version: int) -> None:
    made = plan(format=version)
    document = made.document()
    assert Plan.from_document({**document, "checks": {}, "sentence": "x"}) == made
    assert Plan.from_document({k: v for k, v in document.items() if k != "plan_id"}) == made
    for changed in ({**document, "action": "evaluate"}, {**document, "action": 3}):
        with pytest.raises(StateError, match="was changed since it was made"):
            Plan.from_document(changed)
    with pytest.raises(StateError) as error:
        Plan.from_document({k: v for k, v in document.items() if k not in ("plan_id", "action")})
    assert "cannot be read: action: " in str(error.value)
    assert ("made by an earlier skillbank (format 1)" in str(error.value)) is (version < FORMAT)


@pytest.mark.parametrize(
    ("hub", "uri", "named"),
    [(True, "org/model", True), (True, "/org/model", False), (False, "org/model", False)],
)
def test_a_name_on_the_hub_is_one_where_the_input_takes_it(hub: bool, uri: str, named: bool) -> None:
    assert InputBinding(key="a", uri=uri, hub=hub).on_hub is named


@pytest.mark.parametrize(
    ("content", "path", "root"),
    [
        ("s3://b/train/images", "images", "s3://b/train"),
        ("s3://b/train", "", "s3://b/train"),
        ("s3://b/images-of", "images", None),
        ("s3://b/myimages", "images", None),
        ("s3://b/d/images", "images/", "s3://b/d"),
        (None, "images", None),
        (3, "", None),
    ],
)
def test_the_location_behind_a_file(content: object, path: str, root: str | None) -> None:
    assert _root(content, path) == root


def test_the_key_of_a_slot_is_its_first_name() -> None:
    for slot in SLOTS:
        usual = (*slot.names, slot.name)[0]
        assert slot.key == (f"automl.{usual}" if slot.fills is Fills.SEARCH else usual)


@pytest.mark.parametrize(
    ("said", "key", "covered"),
    [
        ("train.lr=1", "train.lr", True),
        ("train.lr=1", "train.lrs", False),
        ("train.lr=1", "train", False),
        ("train={lr: 1}", "train.lr", True),
        ("train={lr: 1}", "train.epochs", False),
        ("train={lr: 1}", "training.lr", False),
        ("train={}", "train.lr", True),
        ("train={optim: {lr: 1}}", "train.optim.lr", True),
    ],
)
def test_a_key_is_covered_where_it_or_one_above_it_was_said(
    make_skill: MakeSkill, said: str, key: str, covered: bool
) -> None:
    template = {"train": {"lr": 0, "lrs": 0, "epochs": 0, "optim": {"lr": 0}}, "training": {"lr": 0}}
    skill: Skill = make_skill(templates={"train": template})
    request = Request(skill="toy", action="train", settings=parse_settings([said]))
    assert Draft(skill, skill.action("train", None), request, None).user_covers(key) is covered


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("7", 7),
        (" +7 ", 7),
        (7.0, 7),
        (2.0**52, 2**52),
        (2.0**53, None),
        (7.5, None),
        (True, None),
        ("7.0", None),
        (None, None),
    ],
)
def test_a_count_is_a_whole_number(said: object, number: int | None) -> None:
    [epochs] = [slot for slot in SLOTS if slot.name == "epochs"]
    if number is None:
        with pytest.raises(_WrongError, match="must be"):
            _count(epochs, said)
    else:
        assert _count(epochs, said) == number and type(_count(epochs, said)) is int


@pytest.mark.parametrize(
    ("text", "read"), [("", ""), ("  ", ""), ("1e-4", 1e-4), ("[1, a]", [1, "a"]), ("null", None)]
)
def test_the_value_of_a_setting_is_yaml(text: str, read: object) -> None:
    assert setting_of(" a.b ", text) == Setting(key="a.b", value=read)


@pytest.mark.parametrize(
    ("settings", "pretrained", "asks"),
    [
        (["train.model=/a"], None, False),
        (["train.model=/a"], "/b", True),
        (["train.model=/a"], "/a", False),
        ([], "/b", False),
    ],
)
def test_a_model_that_was_said_twice_is_asked_about(
    make_skill: MakeSkill, settings: list[str], pretrained: str | None, asks: bool
) -> None:
    skill = make_skill(
        inference="| train | train.model | ptm | |", templates={"train": {"train": {"model": ""}}}
    )
    request = Request(skill="toy", action="train", settings=parse_settings(settings), pretrained=pretrained)
    questions = [each.key for each in compile_plan(skill, request, "docker", None).questions]
    assert ("pretrained" in questions) is asks


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (datetime.date(2020, 1, 2), '"2020-01-02"'),
        (float("-inf"), "-.inf"),
        (float("nan"), ".nan"),
        (2**70, str(2**70)),
    ],
)
def test_values_of_no_kind_of_json_are_written_as_texts_or_as_yaml_has_them(
    content: object, text: str
) -> None:
    assert value(content) == text


@pytest.mark.parametrize(
    ("part", "action", "of"),
    [
        ("train", "train", True),
        ("infer_dataset", "inference", True),
        ("Eval_data", "evaluate", True),
        ("gen", "gen_trt_engine", False),
        ("evaluate", "evaluation_of", False),
        ("model", "train", False),
        ("dataset", "train", False),
    ],
)
def test_a_part_of_a_key_is_an_actions_by_its_first_word(part: str, action: str, of: bool) -> None:
    assert _is_of(part, action) is of


def test_a_mapping_is_walked_down_to_names_that_no_key_can_hold() -> None:
    value = {"a": {"b": 1, "c": {}}, "d": {"x.y": {"e": 2}}}
    assert list(_entries(value, "k")) == [("k.a.b", 1), ("k.a.c", {}), ("k.d", {"x.y": {"e": 2}})]


SAID: dict[str, Any] = {
    "format": 3,
    "spec": {"a": 1},
    "warnings": ["a note"],
    "image_source": "skill",
    "automl_policy": {"value": "off", "source": "words"},
    "route": {"name": "direct", "reason": "because"},
    "overrides": [{"key": "a", "value": 1, "source": "shorthand", "detail": "x"}, "odd"],
    "search": {"evaluation": {"format": 3, "warnings": ["b"]}, "baseline": None, "epochs_key": "n"},
}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"warnings": []}, True),
        ({"image_source": "--image"}, True),
        ({"automl_policy": {"value": "off", "source": "--automl"}}, True),
        ({"automl_policy": {"value": "on", "source": "words"}}, False),
        ({"route": {"name": "direct", "reason": "another"}}, True),
        ({"route": {"name": "automl", "reason": "because"}}, False),
        ({"overrides": [{"key": "a", "value": 1, "source": "user", "detail": "y"}, "odd"]}, True),
        ({"overrides": [{"key": "a", "value": 1, "source": "parent", "detail": "x"}, "odd"]}, False),
        ({"overrides": [{"key": "a", "value": 2, "source": "shorthand", "detail": "x"}, "odd"]}, False),
        ({"spec": {"a": 2}}, False),
        ({"more": 1}, False),
        ({"plan_id": "x"}, True),
        ({"search": {**SAID["search"], "evaluation": {"format": 3, "warnings": []}}}, True),
        ({"search": {**SAID["search"], "evaluation": {"format": 3, "spec": {}}}}, False),
        ({"search": {**SAID["search"], "epochs_key": "m"}}, False),
    ],
)
@pytest.mark.parametrize("version", [1, 2, 3, 4, None])
def test_what_a_plan_is_the_same_in_from_the_third_format_on(
    change: dict[str, Any], same: bool, version: int | None
) -> None:
    """Before, words that something was said with counted too."""
    one = {**SAID, "format": version}
    if version is None:
        del one["format"]
    only_words = not change.keys() <= {"plan_id", "search"}
    is_same = same and (version in (3, 4) or not only_words)
    assert (document_id(one) == document_id({**one, **change})) is is_same
