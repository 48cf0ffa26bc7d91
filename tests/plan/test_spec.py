"""What the user sets: shorthands, coercion, bounds, refusals; and layers that do not depend on order."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.bank.schema import SpecSchema
from skillbank.bank.skill import Skill
from skillbank.errors import SpecError, StateError, UsageError
from skillbank.plan.datasets import _covers, _shaped
from skillbank.plan.model import Override, Plan, Source
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import DataLocation, Request, Setting, parse_data, parse_settings
from skillbank.plan.spec import SpecBuilder
from tests.plan.conftest import Compile, MakeSkill

SCHEMA: dict[str, Any] = {"type": "collection", "properties": {"train": {"type": "collection", "properties": {
    "epochs": {"type": "int", "default": 10, "minimum": 1, "maximum": float("inf")},
    "lr": {"type": "float", "default": 1e-4, "math_cond": "> 0.0 <= 1.0"},
    "ema": {"type": "bool", "default": False},
    "name": {"type": "string", "default": ""},
    "precision": {"type": "categorical", "enum": ["fp16", "fp32", "no"]},
    "steps": {"type": "list", "items": {"type": "int", "minimum": 0}},
    "note": {"type": "string", "pattern": "^[a-z]+$"},
    "size": {"type": "int", "math_cond": "/ 8"}, "width": {"type": "int", "math_cond": "^ 2"},
    "step": {"type": "int", "math_cond": "!= 0"}, "low": {"type": "int"},
    "high": {"type": "int", "math_cond": "> depends_on", "depends_on": "train.low"},
}}}}  # fmt: skip
TEMPLATE = {
    "train": {
        "epochs": 10,
        "lr": 1e-4,
        "ema": False,
        "name": "",
        "precision": "fp32",
        "steps": [10],
        "note": "a",
        "size": 8,
        "width": 4,
        "step": 1,
        "low": 5,
        "high": 600,
    }
}


@pytest.fixture
def toy(make_skill: MakeSkill) -> Skill:
    return make_skill(
        info={"spec_shorthand_keys": {"num_epochs": "train.epochs", "epochs": "train.epochs"}},
        templates={"train": TEMPLATE},
        schemas={"train": SCHEMA},
    )


@pytest.mark.parametrize(
    ("setting", "key", "value"),
    [
        ("train.lr=1e-5", "lr", 1e-5),
        ("train.lr='1e-5'", "lr", 1e-5),
        ("train.lr=1", "lr", 1.0),
        ("train.epochs=20.0", "epochs", 20),
        ("train.epochs='7'", "epochs", 7),
        ("train.ema=on", "ema", True),
        ("train.ema='yes'", "ema", True),
        ("train.name=off", "name", "false"),
        ("train.name=12", "name", "12"),
        ("train.name=", "name", ""),
        ("train.name=2024-01-01", "name", "2024-01-01"),
        ("train.precision=FP16", "precision", "fp16"),
        ("train.precision=no", "precision", "no"),
        ("train.steps=5", "steps", [5]),
        ("train.steps=[1, '2']", "steps", [1, 2]),
        ("train={epochs: 3}", "epochs", 3),
        ('train={"epochs": 3}', "epochs", 3),
        ("num_epochs=4", "epochs", 4),
    ],
)
def test_values_take_the_type_of_the_schema(
    toy: Skill, compiled: Compile, setting: str, key: str, value: Any
) -> None:
    plan = compiled(toy, "train", setting)
    assert plan.spec["train"][key] == value
    assert type(plan.spec["train"][key]) is type(value)
    assert plan.spec["train"].keys() == TEMPLATE["train"].keys()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("train.epoch=5", "did you mean 'train.epochs'"),
        ("train.epochs=0", "must be at least 1"),
        ("train.lr=0", "must be above 0"),
        ("train.lr=2", "must be at most 1"),
        ("train.lr=.nan", "finite"),
        ("train.epochs=many", "must be a whole number, not 'many'"),
        ("train.epochs=1.5", "must be a whole number"),
        ("train.ema=3", "must be true or false"),
        ("train.precision=int8", "must be one of fp16, fp32, no"),
        ("train.steps=[1, -2]", r"train.steps\[1\] is -2, but it must be at least 0"),
        ("train.note=UPPER", "must match"),
        ("train.size=12", "must be a multiple of 8"),
        ("train.width=12", "must be a power of 2"),
        ("train.width=0", "must be a power of 2"),
        ("train.step=0", "must not be 0"),
        ("train.high=4", r"train\.high is 4, but it must be > train\.low, which is 5"),
        ("train.low=600", r"train\.high is 600, but it must be > train\.low, which is 600"),
        ("train.epochs=null", "cannot be empty"),
        ("train={epohcs: 3}", "train.epohcs is not a key of this spec"),
        ("trian.lr=1", "not a key of this spec"),
        ("pretrained=X", r"^pretrained is not a key of this spec; give --pretrained X instead\.$"),
        ("results-root=/a b", "give --results-root '/a b' instead"),
        ("gpus=2", "give --gpus 2 instead"),
        ("trials=5", r"give --trials 5 instead"),
        ("parent=", r"give --parent \.\.\. instead"),
    ],
)
def test_refusals_name_the_key_and_the_way_out(
    toy: Skill, compiled: Compile, setting: str, words: str
) -> None:
    with pytest.raises(SpecError, match=words):
        compiled(toy, "train", setting)


def test_all_faults_are_told_at_once(toy: Skill, compiled: Compile) -> None:
    with pytest.raises(SpecError) as caught:
        compiled(toy, "train", "train.lr=2", "train.epoch=5", "train={ema: 3, steps: [1, -2, -3]}")
    assert [s.partition(" ")[0] for s in str(caught.value).split(". ")] == [
        "train.lr", "train.epoch", "train.ema", "train.steps[1]", "train.steps[2]"]  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("model.select=200", "model.select is 200, but it must be <= model.queries, which is 100."),
        ("model.queries=10", "model.select is 50, but it must be <= model.queries, which is 10."),
        ("model.tokens=900", "model.tokens is 900, but it must be < 8 . model.queries, which is 800."),
        ("train.momentum=1", "train.momentum is 1, but it must be below 1."),
        ("train.betas=[0.9, 1.5]", r"train.betas\[1\] is 1.5, but it must be below 1."),
        ("train.rate=0.00001", "train.rate is 1e-05, but it must be above 1e-05."),
        ("train.rate=many", "train.rate must be a number or a list, not 'many'."),
        ("train.size=0.3", "train.size is 0.3, but it must be a multiple of 0.25."),
        ("train.base=12", "train.base must be a power of 3|is 12, but it must be a power of 3."),
        ("train.span=[2, 1]", r"train.span\[0\] is 2, but it must be at most 1."),
        ("train.names=[]", r"train.names is \[\], but it must have at least 1 entr."),
        ("train.kind=c", "train.kind is 'c', but it must be one of a, b."),
    ],
)
def test_every_word_of_the_family_is_read(
    make_skill: MakeSkill, compiled: Compile, setting: str, said: str
) -> None:
    model: dict[str, dict[str, Any]] = {
        "queries": {"type": "int", "default": 100},
        "select": {"type": "int", "default": 50, "depends_on": "model.queries"},
        "tokens": {"type": "integer", "default": 5, "relation": "< model.queries * 8"},
    }
    train: dict[str, dict[str, Any]] = {
        "momentum": {"type": "float", "minimum": 0.0, "maximum": float("inf"), "default": 0.9},
        "betas": {"type": "list_2", "default": [0.9, 0.999]},
        "rate": {"anyOf": [{"type": "number"}, {"type": "array"}], "math_cond": "> 1e-5"},
        "size": {"type": "number", "multipleOf": 0.25},
        "base": {"type": "int", "math_cond": "^ 3"},
        "span": {"type": "list_2", "minimum": [0, 0.5], "maximum": [1, 2]},
        "names": {"type": "list", "minItems": 1},
        "kind": {"type": "categorical", "valid_options": ["a", "b"]},
    }
    words = {"model": model, "train": train}
    sections = {name: {"type": "collection", "properties": keys} for name, keys in words.items()}
    template = {name: {key: w.get("default") for key, w in keys.items()} for name, keys in words.items()}
    schema = {"type": "collection", "properties": sections}
    skill = make_skill(templates={"train": template}, schemas={"train": schema})
    with pytest.raises(SpecError, match=said):
        compiled(skill, "train", setting)
    fine = ("model.select=100", "train.momentum=0.99", "train.rate=0.5", "train.size=0.5", "train.base=27",
            "train.span=[1, 2]", "train.names=[x]", "train.kind=B", "train.betas=[0.5, 0.9]")  # fmt: skip
    assert compiled(skill, "train", *fine).spec["train"]["kind"] == "b"


def test_without_a_schema_the_template_says_what_is_known(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(templates={"train": TEMPLATE})
    assert compiled(skill, "train", "train.new=1").spec["train"]["new"] == 1
    with pytest.raises(SpecError, match=r"did you mean 'train\.epochs'"):
        compiled(skill, "train", "trian.epochs=1")


def test_the_same_key_twice(toy: Skill, compiled: Compile) -> None:
    with pytest.raises(SpecError, match=r"train\.epochs is set twice, to 4 and to 5"):
        compiled(toy, "train", "num_epochs=4", "train.epochs=5")
    assert compiled(toy, "train", "num_epochs=4", "epochs=4").spec["train"]["epochs"] == 4


def test_a_block_of_values_and_one_of_them(toy: Skill, compiled: Compile) -> None:
    with pytest.raises(SpecError, match=r"train\.epochs is set twice, to 4 and to 5"):
        compiled(toy, "train", "train={epochs: 4}", "train.epochs=5")
    spec = compiled(toy, "train", "train={epochs: 4}", "train={step: 9}").spec["train"]
    assert (spec["epochs"], spec["step"]) == (4, 9)


def test_shorthands_say_what_they_were(toy: Skill, compiled: Compile) -> None:
    [change] = compiled(toy, "train", "num_epochs=4").overrides
    assert (change.key, change.value, change.source, change.detail) == (
        "train.epochs", 4, Source.SHORTHAND, "num_epochs=4")  # fmt: skip


def test_unsupported_values_are_refused_with_their_reason(make_skill: MakeSkill, compiled: Compile) -> None:
    fact = {"key": "train.precision", "value": "FP16", "reason": "the text encoder overflows."}
    skill = make_skill(info={"unsupported": [fact]}, templates={"train": TEMPLATE}, schemas={"train": SCHEMA})
    for setting in ("train.precision=fp16", "train={precision: FP16}"):
        with pytest.raises(
            SpecError, match=r"train.precision cannot be FP16: the skill rules it out\.$"
        ) as refused:
            compiled(skill, "train", setting)
        assert refused.value.skill_says == ("the text encoder overflows.",)
        assert refused.value.skill == skill.name
    assert compiled(skill, "train", "train.precision=fp32").spec["train"]["precision"] == "fp32"


@pytest.mark.parametrize("entry", ["novalue", "a..b=1", "a[x]=1", "=1", "a=[1", "a={", f"{'k' * 600}=1"])
def test_settings_that_cannot_be_read(entry: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        parse_settings([entry])


@pytest.mark.parametrize("entry", ["train", "=x", "train=", "1a=x", "a b=x"])
def test_data_that_cannot_be_read(entry: str) -> None:
    with pytest.raises(UsageError, match="must be ROLE=URI"):
        parse_data([entry])


@pytest.mark.parametrize(
    ("entry", "source", "uri"),
    [
        ("train=s3://b/x/", "train_datasets", "s3://b/x"),
        ("VAL=/d", "eval_dataset", "/d"),
        ("test=/d", "eval_dataset", "/d"),
        ("calibration=/d", "calibration_dataset", "/d"),
        ("infer=/d?a=b", "inference_dataset", "/d?a=b"),
        ("train_wds_dataset= /d ", "train_wds_dataset", "/d"),
    ],
)
def test_roles_of_data(entry: str, source: str, uri: str) -> None:
    assert parse_data([entry]) == (DataLocation(source=source, uri=uri),)


def test_a_missing_value_blocks_until_it_is_given(make_skill: MakeSkill, compiled: Compile) -> None:
    template = {
        "train": {"root": "???", "kind": "<required>"},
        "export": {"other": "???"},
        "link": "${train.root}",
    }
    skill = make_skill(templates={"train": template})
    assert {q.key for q in compiled(skill, "train").questions} == {"train.root", "train.kind"}
    plan = compiled(skill, "train", "train.root=/x", "train.kind=a")
    assert not plan.questions
    assert plan.spec["link"] == "${train.root}"


def test_one_of_several_inputs_is_enough(make_skill: MakeSkill, compiled: Compile) -> None:
    inputs = {"d.words": {"type": "list"}, "d.file": {"type": "file"}}
    train = {"command": "toy", "inputs": inputs, "one_of": [["d.words", "d.file"]]}
    skill = make_skill(
        info={"actions": {"train": train}}, templates={"train": {"d": {"words": [], "file": ""}}}
    )
    [question] = compiled(skill, "train").questions
    assert question.choices == ("--set d.words=VALUE", "--set d.file=VALUE")
    assert not compiled(skill, "train", "d.words=[cat]").questions
    assert not compiled(skill, "train", "d.file=/c.txt").questions


def test_arguments_become_a_spec(make_skill: MakeSkill, compiled: Compile) -> None:
    action = {
        "command": "tool generate -e {config_path}", "mode": "args",
        "inputs": {"input-jsonl": {"type": "file"}},
        "args": {"results_dir": "{results_dir}", "data.jsonl": "{input_jsonl}", "vlm.backend": "{backend}",
                 "flow.steps": "{steps}", "data.limit": "{limit}", "vlm.name": "x-{backend}"},
        "defaults": {"backend": "gemini", "steps": '["0","1"]'},
    }  # fmt: skip
    skill = make_skill(info={"actions": {"generate": action}})
    open_plan = compiled(skill, "generate")
    assert {q.key for q in open_plan.questions} == {"data.jsonl", "data.limit"}
    plan = compiled(skill, "generate", "input-jsonl=/a.jsonl", "limit=5", "backend=local")
    assert plan.spec == {
        "results_dir": "{results_dir}", "data": {"jsonl": "/a.jsonl", "limit": 5},
        "vlm": {"backend": "local", "name": "x-gemini"}, "flow": {"steps": ["0", "1"]},
    }  # fmt: skip
    assert [i.key for i in plan.inputs] == ["data.jsonl"]
    assert plan.mode == "args"


def test_odd_commands_go_through_a_shell(make_skill: MakeSkill, compiled: Compile) -> None:
    for command, argv in {
        "toy train -e {config_path}": ("toy", "train", "-e", "{config_path}"),
        "cd /x && toy": ("bash", "-c", "cd /x && toy"),
        "toy 'open": ("bash", "-c", "toy 'open"),
        "cat <<EOF\n{config_path}\nEOF": ("bash", "-c", "cat <<EOF\n{config_path}\nEOF"),
    }.items():
        skill = make_skill(info={"actions": {"train": {"command": command}}})
        assert compiled(skill, "train").command == argv


# -- order ---------------------------------------------------------------------------------------

KEYS = ["a", "a.b", "a.b.c", "a.d", "a.e[0]", "a.e", "a.e[1].f", "g", "g.h"]
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.integers(0, 3), st.just({"b": {"c": 7}}), st.just({"x": 1}), st.just([]), st.just({})
)
TREE = {"a": {"b": {"c": 1}, "d": 2, "e": [{"f": 1}]}, "g": {"h": 0}}


@given(changes=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=9), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_the_order_of_changes_never_matters(changes: dict[str, Any], seed: int) -> None:
    layer = [Override(key=k, value=v, source=Source.USER) for k, v in changes.items()]
    shuffled = random.Random(seed).sample(layer, len(layer))
    one, two = SpecBuilder(TREE, SpecSchema.parse({})), SpecBuilder(TREE, SpecSchema.parse({}))
    one.apply(layer)
    two.apply(shuffled)
    assert one.spec == two.spec
    assert one.overrides == two.overrides
    assert TREE == {"a": {"b": {"c": 1}, "d": 2, "e": [{"f": 1}]}, "g": {"h": 0}}


@pytest.mark.parametrize(
    ("held", "length", "fitted"),
    [
        ([{"f": 1}, {"f": 2, "g": [3]}], 3, [{"f": 1}, {"f": 2, "g": [3]}, {"f": 1}]),
        ([{"f": 1}, {"f": 2}], 1, [{"f": 1}]),
        ([{"f": 1}, {"f": 2}], 2, [{"f": 1}, {"f": 2}]),
        ([{"f": 1}], 0, []),
        ([], 2, [{}, {}]),
        (["a"], 2, ["a", {}]),
        ("a", 1, [{}]),
    ],
)
def test_a_list_is_made_to_fit_by_its_first_entry(held: Any, length: int, fitted: list[Any]) -> None:
    builder = SpecBuilder({"a": held}, SpecSchema.parse({}))
    builder.fit_list("a", length)
    assert builder.get("a") == fitted
    if length > 1 and len(held) < length:
        builder.get("a")[-1]["f"] = 9
        assert 9 not in [each.get("f") for each in builder.get("a")[:-1] if each != "a"], "each has its own"


@pytest.mark.parametrize("source", Source)
def test_what_a_person_said_is_an_override_also_where_the_template_has_it(source: Source) -> None:
    builder = SpecBuilder(TREE, SpecSchema.parse({}))
    builder.apply([Override(key="a.d", value=2, source=source), Override(key="g.h", value=1, source=source)])
    said = source in (Source.USER, Source.SHORTHAND)
    assert [each.key for each in builder.overrides] == (["a.d", "g.h"] if said else ["g.h"])
    assert builder.set_by_user == (("a.d", "g.h") if said else ())


@pytest.mark.parametrize(
    ("key", "template", "shaped", "whole"),
    [
        ("a.b", {}, "a.b", "a.b"),
        ("a.b", {"a": {"b": 1}}, "a.b", "a.b"),
        ("a.b", {"a": [{"b": 1}]}, "a[0].b", "a[0].b"),
        ("a.b", {"a": []}, "a[0].b", "a[0].b"),
        ("a.b", {"a": [1]}, "a.b", "a.b"),
        ("a[0].b", {"a": {"b": 1}}, "a.b", "a.b"),
        ("a[0].b", {"a": [{"b": 1}]}, "a[0].b", "a[0].b"),
        ("a[0].b", {}, "a[0].b", "a[0].b"),
        ("a.b", {"a": {"b": [{"c": 1}]}}, "a.b", "a.b[0]"),
        ("a.b[0]", {"a": {"b": [{"c": 1}]}}, "a.b[0]", "a.b[0]"),
        ("a.b[0]", {"a": {"b": {"c": 1}}}, "a.b", "a.b"),
        ("a.b.c", {"a": [{"b": [{"c": 1}]}]}, "a[0].b[0].c", "a[0].b[0].c"),
    ],
)
def test_a_key_takes_the_shape_of_the_template(
    key: str, template: dict[str, Any], shaped: str, whole: str
) -> None:
    assert (_shaped(key, template), _shaped(key, template, whole=True)) == (shaped, whole)


def test_children_survive_a_parent_that_is_set_later(grounding_dino: Skill, compiled: Compile) -> None:
    captions = "dataset.infer_data_sources.captions=[person]"
    whole = "dataset.infer_data_sources={image_dir: s3://b/images.tar.gz, classmap: s3://b/label_map.txt}"
    one = compiled(grounding_dino, "inference", captions, whole, parent="train")
    two = compiled(grounding_dino, "inference", whole, captions, parent="train")
    assert one.plan_id == two.plan_id
    assert one.spec["dataset"]["infer_data_sources"] == {
        "image_dir": ["s3://b/images.tar.gz"], "captions": ["person"], "classmap": "s3://b/label_map.txt"
    }  # fmt: skip
    assert not one.questions


SETTINGS = {
    "num_epochs": 3, "train.optim.lr": 1e-3, "model.num_queries": 100, "dataset.batch_size": 2,
    "train.optim": {"momentum": 0.5}, "dataset.workers": 1, "model": {"hidden_dim": 128},
}  # fmt: skip
DATA = ("train=s3://b/1", "train=s3://b/2", "eval=s3://b/3")


@given(st.permutations(list(SETTINGS)), st.permutations([0, 1, 2]))
@settings(max_examples=15, deadline=None)
def test_plans_do_not_depend_on_the_order_of_a_request(
    grounding_dino: Skill, keys: list[str], places: list[int]
) -> None:
    data = parse_data(DATA)
    # The order of several training sources is part of what was asked, that of roles is not.
    places = [p for p in places if p == 2] + [0, 1] if places.index(2) == 0 else [0, 1, 2]
    request = Request(
        skill="x", action="train", automl="off",
        data=tuple(data[i] for i in places), settings=tuple(Setting(key=k, value=SETTINGS[k]) for k in keys),
    )  # fmt: skip
    plan = compile_plan(grounding_dino, request, "local")
    assert plan.plan_id == _reference(grounding_dino)
    assert Plan.from_document(plan.document()) == plan
    assert Plan.from_document(json.loads(json.dumps(plan.document()))) == plan


def _reference(skill: Skill) -> str:
    settings = tuple(Setting(key=k, value=v) for k, v in SETTINGS.items())
    request = Request(skill="x", action="train", automl="off", data=parse_data(DATA), settings=settings)
    return compile_plan(skill, request, "local").plan_id


@pytest.mark.slow
def test_plan_ids_are_the_same_in_another_process(grounding_dino: Skill) -> None:
    program = (
        "from tests.plan.test_spec import _reference\n"
        "from skillbank.bank.discovery import Library\n"
        "print(_reference(Library().get('tao-train-grounding-dino')))"
    )
    ids = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert ids == {_reference(grounding_dino)}


def test_a_changed_document_is_noticed(grounding_dino: Skill, compiled: Compile) -> None:
    document = compiled(grounding_dino, "export", parent="train").document()
    document["spec"]["export"]["opset_version"] = 1
    with pytest.raises(StateError, match="was changed since it was made"):
        Plan.from_document(document)


def test_the_words_of_the_request_do_not_change_the_plan(grounding_dino: Skill, compiled: Compile) -> None:
    one = compiled(grounding_dino, "export", parent="train", text="please export")
    assert one.plan_id == compiled(grounding_dino, "export", parent="train").plan_id


@pytest.mark.parametrize(
    ("key", "covers"), [("a.b", True), ("a.b.c", True), ("a.bc", False), ("a", False), ("x.a.b", False)]
)
def test_a_declared_key_covers_what_is_below_it(key: str, covers: bool) -> None:
    assert _covers("a.b", {"z", key}) is covers
