"""Hardware facts of a skill, checked by the plan."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from skillbank.bank.skill import Skill
from skillbank.errors import SpecError, UsageError
from skillbank.platforms.plan_problems import other_gpus
from skillbank.platforms.slots import gpu_slots
from tests.plan.conftest import Compile, MakeSkill

DATA = ("train=s3://b/t", "eval=s3://b/e")


@pytest.mark.parametrize(
    ("memory", "settings", "note"),
    [
        (16, (), "set dataset.batch_size to 2 instead of 4"),
        (12, (), "set dataset.batch_size to 1 instead of 4"),
        (16, ("batch_size=2",), "meant for GPUs of 24 GB and these have 16 GB"),
        (24, (), None),
        (80, (), None),
        (None, (), None),
    ],
)
def test_small_gpus_suggest_a_smaller_batch(
    grounding_dino: Skill,
    compiled: Compile,
    memory: float | None,
    settings: tuple[str, ...],
    note: str | None,
) -> None:
    plan = compiled(grounding_dino, "train", *settings, data=DATA, automl="off", gpu_memory_gb=memory)
    assert plan.resources.gpu_memory_gb == 24
    if note is None:
        assert not plan.warnings
    else:
        [warning] = plan.warnings
        assert note in warning
        assert ("instead of" in warning) == ("instead of" in note)


@pytest.mark.parametrize("setting", ["trt_data_type=INT8", "gen_trt_engine.tensorrt.data_type=int8",
                                     "gen_trt_engine={tensorrt: {data_type: INT8}}"])  # fmt: skip
def test_int8_is_refused_with_its_reason(grounding_dino: Skill, compiled: Compile, setting: str) -> None:
    with pytest.raises(SpecError, match="cannot be INT8: the skill rules it out") as refused:
        compiled(grounding_dino, "gen_trt_engine", setting, parent="export")
    assert refused.value.skill_says[0].startswith("Grounding DINO engines are built in FP32 or FP16 only")


def test_more_nodes_name_what_the_orchestrator_sets(grounding_dino: Skill, compiled: Compile) -> None:
    plan = compiled(grounding_dino, "train", data=DATA, automl="off", nodes=2, gpus=8)
    assert plan.env_names == ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "NUM_GPU_PER_NODE", "WORLD_SIZE")
    assert (plan.spec["train"]["num_nodes"], plan.spec["train"]["num_gpus"]) == (2, 8)
    assert plan.spec["train"]["gpu_ids"] == list(range(8))
    assert (plan.resources.nodes, plan.resources.gpus) == (2, 8)
    assert compiled(grounding_dino, "train", data=DATA, automl="off").env_names == ()


def test_no_gpu_is_said_where_one_is_needed(grounding_dino: Skill, compiled: Compile) -> None:
    plan = compiled(grounding_dino, "train", data=DATA, automl="off", gpus=0)
    assert plan.warnings == ("the skill needs at least 1 GPU(s) and the plan asks for 0",)


@pytest.mark.parametrize(("name", "count"), [("gpus", -1), ("nodes", 0), ("nodes", -2)])
def test_impossible_counts(grounding_dino: Skill, compiled: Compile, name: str, count: int) -> None:
    asked: dict[str, Any] = {name: count}
    with pytest.raises(UsageError, match=f"--{name} is {count}"):
        compiled(grounding_dino, "train", data=DATA, **asked)


def test_a_count_by_its_key_has_the_same_limit(grounding_dino: Skill, compiled: Compile) -> None:
    with pytest.raises(UsageError, match=r"--gpus is 10000000000, but no more than 4096"):
        compiled(grounding_dino, "train", f"train.num_gpus={10**10}", data=DATA)


def test_gpu_ids_of_the_user_stay(grounding_dino: Skill, compiled: Compile) -> None:
    plan = compiled(grounding_dino, "train", "train.gpu_ids=[2, 3]", data=DATA, gpus=2)
    assert plan.spec["train"]["gpu_ids"] == [2, 3]


@pytest.mark.parametrize("said", ["train.num_gpus=3", "train={num_gpus: 3}", "train.num_gpus='3'"])
def test_gpus_counted_by_their_key_are_the_same_plan(
    grounding_dino: Skill, compiled: Compile, said: str
) -> None:
    plan = compiled(grounding_dino, "train", said, data=DATA, automl="off")
    assert plan.spec["train"]["gpu_ids"] == [0, 1, 2]
    assert plan.plan_id == compiled(grounding_dino, "train", data=DATA, automl="off", gpus=3).plan_id


@pytest.mark.parametrize("said", ["train.gpu_ids=[2, 5]", "train={gpu_ids: [2, 5]}"])
def test_gpus_that_are_named_are_counted_however_they_are_said(
    grounding_dino: Skill, compiled: Compile, said: str
) -> None:
    train = compiled(grounding_dino, "train", said, data=DATA, automl="off").spec["train"]
    assert (train["num_gpus"], train["gpu_ids"]) == (2, [2, 5])
    for other in (4, 0):
        with pytest.raises(UsageError, match=r"GPUs were asked for and 2 are named \(2, 5\)"):
            compiled(grounding_dino, "train", said, data=DATA, automl="off", gpus=other)
    with pytest.raises(UsageError, match=r"3 GPUs were asked for and 2 are named \(2, 5\)"):
        compiled(grounding_dino, "train", said, "train.num_gpus=3", data=DATA, automl="off")


def test_no_gpus_that_are_named_are_not_the_count_that_was_asked_for(
    grounding_dino: Skill, compiled: Compile
) -> None:
    with pytest.raises(UsageError, match=r"2 GPUs were asked for and 0 are named"):
        compiled(grounding_dino, "train", "train.gpu_ids=[]", data=DATA, automl="off", gpus=2)


@pytest.mark.parametrize(
    ("said", "gpus", "slots"),
    [
        ((), 2, [(0, 1), (2, 3)]),
        (("train.num_gpus=2",), None, [(0, 1), (2, 3)]),
        (("train.gpu_ids=[0, 1]",), None, [()]),
        (("train={gpu_ids: [0, 1]}",), 2, [()]),
        ((), None, [(0,), (1,), (2,), (3,)]),
    ],
)
def test_jobs_side_by_side_keep_to_gpus_that_are_named_and_not_to_a_count(
    grounding_dino: Skill, compiled: Compile, said: tuple[str, ...], gpus: int | None, slots: list[object]
) -> None:
    plan = compiled(grounding_dino, "train", *said, data=DATA, automl="off", gpus=gpus)
    assert gpu_slots(plan, 4) == slots


def test_gpus_of_ones_own_choice_are_refused_where_a_job_counts_its_own(
    grounding_dino: Skill, compiled: Compile
) -> None:
    named = compiled(grounding_dino, "train", "train.gpu_ids=[2, 3]", data=DATA, automl="off")
    [problem] = other_gpus(named, "slurm")
    assert problem.startswith("the plan names the GPUs 2, 3, and a job on platform 'slurm' is given 2 and")
    first = compiled(grounding_dino, "train", "train.gpu_ids=[1, 0]", data=DATA, automl="off")
    assert not list(other_gpus(first, "slurm"))
    assert not list(other_gpus(compiled(grounding_dino, "train", data=DATA, automl="off", gpus=4), "slurm"))


def test_keys_follow_the_action(make_skill: MakeSkill, compiled: Compile) -> None:
    actions = {n: {"command": f"toy {n}"} for n in ("train", "evaluate")}
    template = {"evaluate": {"num_gpus": 1, "num_nodes": 1}, "train": {"num_gpus": 1}}
    skill = make_skill(
        info={"actions": actions, "gpu_spec_key": "train.num_gpus"},
        templates={"evaluate": template, "train": template},
    )
    plan = compiled(skill, "evaluate", gpus=2, nodes=3)
    assert plan.spec == {"evaluate": {"num_gpus": 2, "num_nodes": 3}, "train": {"num_gpus": 1}}


ODD: list[Any] = [
    {"min_gpus": "two"},
    {"gpu_memory_gb": "a lot"},
    [],
    {"gpu_memory_gb": 24, "batch_size": 3},
    {"gpu_memory_gb": 24, "batch_size": {"key": "..", "by_memory_gb": {"x": 1}}},
]


@pytest.mark.parametrize("facts", ODD)
def test_odd_facts_are_no_error(make_skill: MakeSkill, compiled: Compile, facts: Any) -> None:
    sections = ("hardware", "multi_node", "unsupported")
    skill = make_skill(info={name: copy.deepcopy(facts) for name in sections})
    assert compiled(skill, "train", gpu_memory_gb=8, nodes=2).action == "train"
