"""Which weights a training starts from, and when that is a question."""

from __future__ import annotations

from typing import Any

import pytest

from skillbank.bank.skill import Skill
from skillbank.plan.draft import Parent
from skillbank.plan.model import ParentRef, Plan, Source, is_hub_name
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import DataLocation, Request, Setting

WHOLE, BACKBONE = "train.pretrained_model_path", "model.pretrained_backbone_path"
TINY = "IDEA-Research/grounding-dino-tiny"


def plan_of(skill: Skill, platform: str = "docker", parent: Parent | None = None, **fields: Any) -> Plan:
    settings = tuple(Setting(key=k, value=v) for k, v in fields.pop("settings", {}).items())
    request = Request(
        skill=skill.name, action="train", automl="off", settings=settings,
        data=(DataLocation(source="train_datasets", uri="s3://bucket/train"),), **fields,
    )  # fmt: skip
    return compile_plan(skill, request, platform, parent)


def asked(plan: Plan) -> list[str]:
    return [question.key for question in plan.questions]


def a_parent(action: str = "train", **fields: Any) -> Parent:
    return Parent(ParentRef(job="job-1", action=action, skill="s"), **fields)


@pytest.mark.parametrize("platform", ["docker", "slurm", "kubernetes"])
def test_a_full_size_training_from_nothing_is_a_question(grounding_dino: Skill, platform: str) -> None:
    plan = plan_of(grounding_dino, platform)
    assert asked(plan) == ["pretrained"]
    assert plan.questions[0].choices[0] == f"--pretrained {TINY}"
    assert plan.questions[0].choices[-1] == "--pretrained none"
    assert not plan.questions_with_gpu


def test_on_this_machine_it_is_asked_where_there_is_a_gpu(grounding_dino: Skill) -> None:
    plan = plan_of(grounding_dino, "local")
    assert asked(plan) == []
    assert [q.key for q in plan.questions_with_gpu] == ["pretrained"]


@pytest.mark.parametrize(
    ("fields", "local", "docker"),
    [
        ({"settings": {"engine.profile": "small"}}, False, False),
        ({"settings": {"engine.profile": "full"}}, True, True),
        ({"gpus": 0}, False, False),
        ({"gpus": 0, "settings": {"engine.profile": "full"}}, True, True),
        ({"pretrained": TINY}, False, False),
        ({"pretrained": "none"}, False, False),
        ({"settings": {BACKBONE: "/w/swin.pth"}}, False, False),
        ({"settings": {WHOLE: "/w/gdino.pth"}}, False, False),
        ({"settings": {"train.resume_training_checkpoint_path": "/w/last.pth"}}, False, False),
        ({"settings": {"resume_checkpoint": "/w/last.pth"}}, False, False),
    ],
)
def test_what_answers_the_question(
    grounding_dino: Skill, fields: dict[str, Any], local: bool, docker: bool
) -> None:
    assert ("pretrained" in asked(plan_of(grounding_dino, "local", **fields))) is local
    assert ("pretrained" in asked(plan_of(grounding_dino, "docker", **fields))) is docker
    assert not plan_of(grounding_dino, "local", **fields).questions_with_gpu


def test_from_scratch_is_said_in_the_plan(grounding_dino: Skill) -> None:
    plan = plan_of(grounding_dino, pretrained="none")
    said = {o.key: o for o in plan.overrides if "from scratch" in o.detail}
    assert set(said) == {WHOLE, BACKBONE}
    assert all(o.source is Source.USER and not o.value for o in said.values())
    assert plan.plan_id != plan_of(grounding_dino).plan_id


def test_the_model_of_a_parent_starts_a_training(grounding_dino: Skill) -> None:
    plan = plan_of(grounding_dino, parent=a_parent(spec={"model": {"num_queries": 50}}))
    assert asked(plan) == []
    assert plan.spec["train"]["pretrained_model_path"] == "{parent_model}"
    assert plan.spec["model"]["pretrained_backbone_path"] in ("", None)
    assert plan.spec["model"]["num_queries"] == 50


@pytest.mark.parametrize("action", ["export", "evaluate", "inference"])
def test_a_parent_that_leaves_no_weights_is_a_question(grounding_dino: Skill, action: str) -> None:
    plan = plan_of(grounding_dino, parent=a_parent(action))
    assert "parent" in asked(plan)
    assert plan.spec["train"]["pretrained_model_path"] in ("", None)


@pytest.mark.parametrize("said", [TINY, "none", "/w/gdino.pth"])
def test_a_parent_and_other_weights_exclude_each_other(grounding_dino: Skill, said: str) -> None:
    plan = plan_of(grounding_dino, parent=a_parent(), pretrained=said)
    assert asked(plan) == ["parent"]
    assert said in plan.questions[0].why


def test_the_step_before_gives_no_weights_unless_that_is_said(grounding_dino: Skill) -> None:
    before = a_parent(implied=True, spec={"model": {"num_queries": 50}})
    unclear = plan_of(grounding_dino, "local", parent=before)
    assert asked(unclear) == ["parent"]
    assert unclear.questions[0].choices == ("--pretrained parent", "--pretrained none")
    follows = plan_of(grounding_dino, "local", parent=before, pretrained="parent")
    assert asked(follows) == []
    assert follows.spec["train"]["pretrained_model_path"] == "{parent_model}"
    assert follows.spec["model"]["num_queries"] == 50
    alone = plan_of(grounding_dino, "local", parent=before, pretrained="none")
    assert asked(alone) == []
    assert not alone.spec["train"]["pretrained_model_path"]
    assert alone.spec["model"]["num_queries"] != 50


RESUME = "train.resume_training_checkpoint_path"


@pytest.mark.parametrize(
    ("fields", "parent", "kept", "idle"),
    [
        ({"settings": {WHOLE: "/w/a.pth", BACKBONE: "/w/b.pth"}}, None, "/w/a.pth", "/w/b.pth"),
        ({"pretrained": TINY, "settings": {BACKBONE: "/w/b.pth"}}, None, TINY, "/w/b.pth"),
        ({"settings": {BACKBONE: "/w/b.pth"}}, "job-1", "the model of job-1", "/w/b.pth"),
        ({"settings": {RESUME: "/w/r.pth", WHOLE: "/w/a.pth"}}, None, "/w/r.pth", "/w/a.pth"),
        ({"settings": {RESUME: "/w/r.pth", BACKBONE: "/w/b.pth"}}, None, "/w/r.pth", "/w/b.pth"),
        ({"settings": {RESUME: "/w/r.pth"}}, "job-1", "/w/r.pth", "the model of job-1"),
        ({"pretrained": TINY, "settings": {RESUME: "/w/r.pth"}}, None, "/w/r.pth", TINY),
        ({"pretrained": "none", "settings": {RESUME: "/w/r.pth"}}, None, "/w/r.pth", "--pretrained none"),
    ],
)
def test_of_several_models_to_start_from_one_is_asked_for(
    grounding_dino: Skill, fields: dict[str, Any], parent: str | None, kept: str, idle: str
) -> None:
    plan = plan_of(grounding_dino, parent=a_parent() if parent else None, **fields)
    [question] = plan.questions
    assert question.key == "pretrained"
    assert question.why.startswith(f"train starts from {kept} (")
    assert idle in question.why.partition("so that")[2]


def test_a_training_behind_an_export_goes_on_from_the_weights_before_it(grounding_dino: Skill) -> None:
    first = plan_of(grounding_dino, pretrained="none")
    export = compile_plan(
        grounding_dino,
        Request(skill=grounding_dino.name, action="export", parent="job-1"),
        "docker",
        a_parent(),
    )
    names = (grounding_dino.name, grounding_dino.bank)
    before = Parent.before([first, export], *names, "train")
    assert before is not None and before.ref.plan == first.plan_id
    [question] = plan_of(grounding_dino, "local", parent=before).questions
    assert question.why == (
        "does the second train start from the model of the one before it? give --pretrained parent for yes "
        "and --pretrained none for no"
    )
    assert question.choices == ("--pretrained parent", "--pretrained none")
    nearest = Parent.before([first, export], *names, "evaluate")
    assert nearest is not None and nearest.ref.plan == export.plan_id
    alone = plan_of(grounding_dino, "local", parent=Parent.before([export], *names, "train"))
    assert asked(alone) == ["parent"]
    assert alone.questions[0].why == (
        "the export before it leaves onnx, which train does not start from; give --pretrained MODEL, "
        "--parent JOB, or --pretrained none for random weights"
    )
    assert alone.questions[0].choices == ("--pretrained MODEL", "--parent JOB", "--pretrained none")


def test_the_model_of_a_step_that_there_is_not_is_a_question(grounding_dino: Skill) -> None:
    assert asked(plan_of(grounding_dino, pretrained="parent")) == ["parent"]


def test_weights_by_name_go_into_the_plan_as_they_were_said(grounding_dino: Skill) -> None:
    plan = plan_of(grounding_dino, pretrained=TINY)
    [binding] = [i for i in plan.inputs if i.key == WHOLE]
    assert (binding.uri, binding.hub, binding.optional) == (TINY, True, False)


@pytest.mark.parametrize(
    ("text", "is_name"),
    [
        (TINY, True), ("a/b.c-d_e", True), ("a/b.pth", False), ("a/b.safetensors", False), ("a", False),
        ("./a/b", False), ("/a/b", False), ("a/b/c", False), ("a/", False), ("s3://a/b", False),
        ("../b", False),
    ],
)  # fmt: skip
def test_what_a_name_on_the_hub_looks_like(text: str, is_name: bool) -> None:
    assert is_hub_name(text) is is_name
