"""Whatever of a skill cannot be read is said by the plan that is made of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.bank.discovery import Bank
from skillbank.bank.home import bank_root
from skillbank.bank.skill import Skill
from skillbank.errors import ActionNotFoundError
from skillbank.plan.model import Plan
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request, parse_settings
from tests.plan.conftest import Compile, MakeSkill

NAME = "tao-train-grounding-dino"


def written(content: bytes) -> Callable[[Path], None]:
    def put(file: Path) -> None:
        file.unlink(missing_ok=True)
        file.write_bytes(content)

    return put


def large(file: Path) -> None:
    with file.open("ab") as stream:
        stream.truncate(64 << 20)


def linked_out(file: Path) -> None:
    outside = file.parents[4] / "outside"
    shutil.copy(file, outside)
    file.unlink()
    file.symlink_to(outside)


def linked_nowhere(file: Path) -> None:
    file.unlink()
    file.symlink_to("nothing")


def linked_in_a_circle(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.name)


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def utf16(file: Path) -> None:
    file.write_text(file.read_text(), encoding="utf-16")


def utf16_without_mark(file: Path) -> None:
    file.write_text(file.read_text(), encoding="utf-16-le")


def nul(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


def latin(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\xe9\n")


def forbidden(file: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the administrator reads every file")
    file.chmod(0)


WAYS: list[Callable[[Path], None]] = [
    large, linked_out, linked_nowhere, linked_in_a_circle, a_folder, utf16,
    utf16_without_mark, nul, latin, forbidden,
]  # fmt: skip
BROKEN_DOCUMENTS = [b"{", b"[1, 2]", b"7", b'"text"', b"{]"]
PARTS = ["SKILL.md", "references/skill_info.yaml", "references/spec_template_train.yaml",
         "schemas/train.schema.json"]  # fmt: skip


def copied(tmp_path: Path) -> Path:
    root = tmp_path / "bank" / "skills" / NAME
    shutil.copytree(bank_root() / "skills" / NAME, root)
    return root


def plan_of(root: Path, action: str = "train", *settings: str, automl: str = "off") -> Plan:
    [skill] = Bank(root.parents[1]).skills
    said = parse_settings(list(settings))
    request = Request(skill=NAME, action=action, settings=tuple(said), automl=automl)
    return compile_plan(skill, request, "docker")


def said_by(plan: Plan) -> str:
    return " ".join([*plan.warnings, *(f"{q.key} {q.why}" for q in plan.questions)])


def is_said(root: Path, part: str, *settings: str) -> Plan | None:
    """Hold a plan, or the refusal to make one, to naming a file; return the plan."""
    try:
        plan = plan_of(root, "train", *settings)
    except ActionNotFoundError as error:
        assert part in str(error)
        assert str(root) not in str(error)
        return None
    said = said_by(plan)
    assert part in said
    # A plan is the same on every machine, so it knows no folder of this one.
    elsewhere = plan.document() | {
        "skill_path": ""
    }  # where this copy of the skill lies is no part of the plan
    assert str(root.parents[2]) not in str(elsewhere)
    return plan


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, part: str, way: Callable[[Path], None]) -> None:
    root = copied(tmp_path)
    if part == "SKILL.md" and way in (a_folder, linked_nowhere, linked_in_a_circle):
        pytest.skip("a folder without a SKILL.md is no skill")
    way(root / part)
    plan = is_said(root, part)
    if plan is not None and part != "schemas/train.schema.json":
        assert part in {q.key for q in plan.questions}


@pytest.mark.parametrize("part", [p for p in PARTS if p != "SKILL.md"])
@pytest.mark.parametrize("content", BROKEN_DOCUMENTS)
def test_a_document_that_is_none_is_named(tmp_path: Path, part: str, content: bytes) -> None:
    root = copied(tmp_path)
    written(content)(root / part)
    is_said(root, part)


def test_a_broken_schema_asks_when_values_were_set(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / "schemas" / "train.schema.json").write_text("{")
    assert "schemas/train.schema.json" not in {q.key for q in plan_of(root).questions}
    [question] = [q for q in plan_of(root, "train", "train.optim.lr=50").questions if "schema" in q.key]
    assert "bounds of values are not checked; repair the file" in question.why
    # Another action has its own schema, and nothing to say about this one.
    assert "schema" not in said_by(plan_of(root, "evaluate"))


@pytest.mark.parametrize("content", ['{"properties": []}', '{"title": "x"}', "{}", "null"])
def test_a_schema_that_names_no_key_is_said(tmp_path: Path, content: str) -> None:
    root = copied(tmp_path)
    (root / "schemas" / "train.schema.json").write_text(content)
    assert "schemas/train.schema.json" in said_by(plan_of(root))


def test_a_search_that_cannot_run_is_asked_about(tmp_path: Path) -> None:
    root = copied(tmp_path)
    assert plan_of(root, automl="auto").route.name == "automl"
    (root / "schemas" / "train.schema.json").write_text("{")
    plan = plan_of(root, automl="auto")
    assert plan.route.name == "direct"
    [question] = [q for q in plan.questions if q.key == "automl"]
    assert question.choices == ("--automl off",)
    assert "automl" not in {q.key for q in plan_of(root).questions}


def test_the_plan_does_not_depend_on_what_was_read_before(tmp_path: Path) -> None:
    root = copied(tmp_path)
    for file in ("evaluate", "train"):
        (root / "schemas" / f"{file}.schema.json").write_text("{")
    [fresh], [used] = Bank(root.parents[1]).skills, Bank(root.parents[1]).skills
    for action in used.actions:
        used.schema(action), used.template(action)
    _ = used.dataset_table, used.diagnostics
    request = Request(skill=NAME, action="train", automl="off")
    plan = compile_plan(fresh, request, "docker")
    assert compile_plan(used, request, "docker").plan_id == plan.plan_id
    assert compile_plan(fresh, request, "docker").plan_id == plan.plan_id


def test_prose_and_a_head_that_cannot_be_read(tmp_path: Path) -> None:
    root = copied(tmp_path)
    prose = sorted((root / "references").glob("*.md"))[0]
    nul(prose)
    assert f"references/{prose.name}" in said_by(plan_of(root))
    text = (root / "SKILL.md").read_text()
    (root / "SKILL.md").write_text(text.replace("name:", "name: [", 1))
    assert "SKILL.md" in said_by(plan_of(root))


def test_the_whole_skill_has_nothing_to_say(tmp_path: Path) -> None:
    root = copied(tmp_path)
    for action in Bank(root.parents[1]).skills[0].actions:
        said = said_by(plan_of(root, action.name))
        assert not any(part in said for part in (*PARTS, ".md", "schema"))


def test_a_template_that_is_declared_and_not_there(make_skill: MakeSkill, compiled: Compile) -> None:
    info = {"spec_templates": {"train": "../references/other.yaml"}}
    [question] = compiled(make_skill(info=info), "train").questions
    assert "'../references/other.yaml' is not there" in question.why
    skill = make_skill(info=info, templates={"train": {"a": 1}})
    plan = compiled(skill, "train")
    assert "references/spec_template_train.yaml is used" in said_by(plan)


TRAIN = "toy train -e {config_path}"


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"spec_params": [1]}, "spec_params is a list, not a mapping"),
        ({"spec_params": {"train": "parent_model"}}, "spec_params.train is 'parent_model', not a mapping"),
        ({"data_sources": 5}, "data_sources is 5, not a mapping"),
        ({"data_sources": {"train": []}}, "data_sources.train is a list"),
        ({"data_sources": {"train": {"a.b": {"path": "x"}}}}, "'a.b' names no source"),
        ({"data_sources": {"train": {"a..b": {"source": "s"}}}}, "'a..b' is not a dotted key"),
        ({"data_sources": {"train": {"a": {"source": "s", "mapping": "x"}}}}, "a.mapping is 'x'"),
        ({"key_defaults": "a=1"}, "key_defaults is 'a=1', not a mapping"),
        ({"spec_shorthand_keys": ["num_epochs"]}, "spec_shorthand_keys is a list"),
        ({"spec_templates": "train.yaml"}, "spec_templates is 'train.yaml'"),
        ({"required_credentials": {"HF_TOKEN": True}}, "required_credentials is a mapping, not a list"),
        ({"required_credentials": [7]}, "required_credentials holds '7'"),
        ({"required_credentials": "HF_TOKEN"}, "taken as a list of one"),
        ({"automl_enabled": "perhaps"}, "automl_enabled is 'perhaps', neither true nor false"),
        ({"container_image": ["a"]}, "container_image is a list, not text"),
        ({"gpu_spec_key": 5}, "gpu_spec_key is 5, not text"),
        ({"hardware": "big"}, "hardware is 'big', not a mapping"),
        ({"hardware": {"min_gpus": "two"}}, "hardware.min_gpus is 'two', not a whole number"),
        ({"hardware": {"gpu_memory_gb": "80 GB"}}, "hardware.gpu_memory_gb is '80 GB', not a number"),
        ({"unsupported": ["x"]}, "an entry of unsupported is 'x', not a mapping"),
        ({"unsupported": {"a": 1}}, "unsupported is a mapping, not a list"),
        ({"metric": 5}, "metric is 5, not text"),
        ({"metric_direction": "up"}, "must be maximize or minimize"),
        ({"actions": {"train": {"command": TRAIN, "mode": "magic"}}}, "mode 'magic'"),
        ({"actions": {"train": {"command": TRAIN, "config_format": "ini"}}}, "config_format 'ini'"),
        ({"actions": {"train": {"command": TRAIN, "inputs": 5}}}, "train: inputs is 5"),
        ({"actions": {"train": {"command": TRAIN, "inputs": {"a": 5}}}}, "inputs.a is 5"),
        ({"actions": {"train": {"command": TRAIN, "inputs": {"a": {"optional": "maybe"}}}}}, "'maybe'"),
        ({"actions": {"train": {"command": TRAIN, "outputs": "x"}}}, "train: outputs is 'x'"),
        ({"actions": {"train": {"command": TRAIN, "upload_excludes": {"a": 1}}}}, "upload_excludes is a map"),
        ({"actions": {"train": {"command": TRAIN, "one_of": ["a"]}}}, "one_of holds 'a'"),
    ],
)
def test_wrong_shapes_in_skill_info_are_said(
    make_skill: MakeSkill, compiled: Compile, info: dict[str, Any], words: str
) -> None:
    plan = compiled(make_skill(info=info, templates={"train": {"a": 1}}), "train")
    assert words in said_by(plan)
    assert "references/skill_info.yaml" in said_by(plan)


def test_what_is_said_of_another_action_stays_there(make_skill: MakeSkill, compiled: Compile) -> None:
    actions = {
        "train": {"command": TRAIN},
        "export": {"command": TRAIN, "inputs": 5},
        "prune": {"mode": "args"},
    }
    skill = make_skill(info={"actions": actions}, templates={"train": {"a": 1}})
    assert "inputs" not in said_by(compiled(skill, "train"))
    assert "export: inputs is 5" in said_by(compiled(skill, "export"))


def test_rows_of_tables_that_are_not_used_are_said(make_skill: MakeSkill, compiled: Compile) -> None:
    rows = "| train | the images | train_datasets | i.tar | |\n| train | a.b | train_datasets | x.json | |"
    skill = make_skill(datasets=rows, templates={"train": {"a": {"b": ""}}})
    assert "'the images' is not a dotted key, so the row is not used" in said_by(compiled(skill, "train"))
    longer = f"| train | a.b | train_datasets | x.json | {'x' * 5000} |"
    assert "of them are read" in said_by(compiled(make_skill(datasets=longer), "train"))


RULES: dict[str, dict[str, Any]] = {
    "math": {"type": "float", "math_cond": "about 3"},
    "word": {"type": "quaternion"},
    "pattern": {"type": "string", "pattern": "(["},
    "bound": {"type": "int", "minimum": "low"},
    "choice": {"type": "string", "enum": "a, b"},
    "reference": {"$ref": "#/$defs/x"},
    "items": {"type": "list", "items": [{"type": "int"}]},
    "fine": {"type": "int", "minimum": 1},
}


@pytest.mark.parametrize(
    ("name", "rule"),
    [("math", "math_cond 'about 3'"), ("word", "type 'quaternion'"), ("pattern", "pattern '(['"),
     ("bound", "minimum 'low'"), ("choice", "enum 'a, b'"), ("reference", "$ref"), ("items", "items")],
)  # fmt: skip
def test_rules_that_nobody_can_read_are_said_with_the_value(
    make_skill: MakeSkill, compiled: Compile, name: str, rule: str
) -> None:
    schema = {"type": "object", "properties": {"train": {"type": "object", "properties": RULES}}}
    skill = make_skill(templates={"train": {"train": dict.fromkeys(RULES)}}, schemas={"train": schema})
    for setting in (f"train.{name}=7", json.dumps({name: 7}).join(["train=", ""])):
        assert f"train.{name} is not checked against its schema's {rule}" in said_by(
            compiled(skill, "train", setting)
        )
    assert "not checked" not in said_by(compiled(skill, "train", "train.fine=7"))


@pytest.mark.parametrize("word", ["allOf", "if", "not", "dependentRequired", "patternProperties"])
def test_conditions_on_a_section_are_said_with_a_value_in_it(
    make_skill: MakeSkill, compiled: Compile, word: str
) -> None:
    inner = {"type": "object", "properties": {"lr": {"type": "float"}}, word: [{}]}
    other = {"type": "object", "properties": {"seed": {"type": "int"}}}
    schema = {"type": "object", "properties": {"train": inner, "other": other}}
    skill = make_skill(templates={"train": {"train": {"lr": 1.0}, "other": {}}}, schemas={"train": schema})
    for setting in ("train.lr=7", 'train={"lr": 7}'):
        said = said_by(compiled(skill, "train", setting))
        assert "not checked against" in said and f"schema's {word}" in said
    assert "not checked" not in said_by(compiled(skill, "train", "other.seed=7"))


def test_a_key_that_takes_no_value_is_said(make_skill: MakeSkill, compiled: Compile) -> None:
    schema = {"type": "object", "properties": {"train": {"type": "object", "properties": {"lr": False}}}}
    skill = make_skill(templates={"train": {"train": {"lr": 1.0}}}, schemas={"train": schema})
    said = said_by(compiled(skill, "train", "train.lr=7"))
    assert "train.lr is not checked against its schema's false" in said


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        ("SKILL.md", "license: Apache-2.0\n", "license: Apache-2.0\nlicense: MIT\n"),
        ("references/skill_info.yaml", "", "\nactions: {}\n"),
        ("references/spec_template_train.yaml", "", "\ntrain:\n  num_epochs: 77\n"),
        ("schemas/train.schema.json", '"properties"', '"properties": {}, "properties"'),
    ],
)
def test_a_key_that_stands_there_twice_is_said(tmp_path: Path, part: str, before: str, after: str) -> None:
    root = copied(tmp_path)
    text = (root / part).read_text()
    (root / part).write_text(text.replace(before, after, 1) if before else text + after)
    if part.endswith("skill_info.yaml"):
        with pytest.raises(ActionNotFoundError, match="'actions' is repeated"):
            plan_of(root)
        (root / part).write_text(f"{text}\ntype: model\ntype: model\n")
    said = said_by(plan_of(root))
    assert part in said and "is repeated, so only the last of them is read" in said


def test_values_without_a_schema_are_said_to_be_unchecked(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(templates={"train": {"train": {"lr": 1}}})
    assert "packages no schema for train" in said_by(compiled(skill, "train", "train.lr=7"))
    assert "schema" not in said_by(compiled(skill, "train"))


def test_a_broken_list_of_plugins_is_said(tmp_path: Path) -> None:
    root = copied(tmp_path)
    folder = tmp_path / "bank" / ".claude-plugin"
    folder.mkdir()
    for text in ("{", "[]", '{"plugins": {}}'):
        (folder / "marketplace.json").write_text(text)
        assert ".claude-plugin/marketplace.json" in said_by(plan_of(root))


def test_a_template_with_aliases_is_a_spec_without_them(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(templates={"train": {}})
    text = (
        "base: &b {lr: 1.0e-3, steps: [1, 2]}\ntrain: {<<: *b, epochs: 3}\nevaluate: {<<: [{lr: 0.5}, *b]}\n"
    )
    (skill.root / "references" / "spec_template_train.yaml").write_text(text)
    plan = compiled(Skill(skill.root, "test", skill.bank_root), "train", "train.steps=[9]")
    assert plan.spec == {
        "base": {"lr": 1e-3, "steps": [1, 2]},
        "train": {"lr": 1e-3, "steps": [9], "epochs": 3},
        "evaluate": {"lr": 0.5, "steps": [1, 2]},
    }
    assert "*" not in yaml.safe_dump(plan.spec) and not plan.questions
