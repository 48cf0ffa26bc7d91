"""The tools, called as a model and as Python calls them: over the toy bank, real processes, a real store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from skillbank.agent.catalogue import TOOLS
from skillbank.agent.failures import ToolCallError
from skillbank.agent.shortening import shorten
from skillbank.agent.toolbox import Toolbox
from skillbank.errors import SkillNotFoundError
from skillbank.jobs.attendance import on_duty
from tests.agent.conftest import until
from tests.cli.conftest import Command

GROUNDING_DINO = "tao-train-grounding-dino"
RESULTS = {tool.name: Draft202012Validator(tool.result.model_json_schema()) for tool in TOOLS}


def ask(toolbox: Toolbox, tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool as a model does, check the document against the tool's own schema, and return it."""
    answer = toolbox.call(tool, json.dumps(arguments))
    document = json.loads(json.dumps(answer.document()))
    assert answer.error is None, answer.error
    RESULTS[tool].validate(document)
    return dict(document)


def trained(trusted: Toolbox, data: Path, words: str = "") -> str:
    """Train the toy with the tools and return the job's id."""
    [plan] = trusted.plan(text=f"train the toy detector on {data} {words}").plans
    job = trusted.launch(plan_id=plan.plan_id).job
    assert trusted.job_status(job=job, wait_seconds=30).state == "COMPLETE"
    return job


# Looking


def test_search_finds_the_skill_in_a_few_words(toolbox: Toolbox) -> None:
    found = ask(toolbox, "search_skills", query="label images by descripton")
    skill, *others = found["skills"]
    assert skill["name"] == GROUNDING_DINO and "weak" not in skill
    assert all(other["weak"] for other in others)
    assert {"train", "evaluate:deploy"} <= set(skill["actions"])
    assert len(json.dumps(found)) < 700 * len(found["skills"])


def test_a_hit_that_only_shares_words_is_weak(toolbox: Toolbox) -> None:
    found = ask(toolbox, "search_skills", query="weather model")
    assert found["skills"] and all(skill["weak"] for skill in found["skills"])
    assert found["next"][0].startswith("weak hits only share words")
    strong = ask(toolbox, "search_skills", query="hyperparameter serch")
    assert "weak" not in strong["skills"][0] and strong["skills"][1]["weak"]
    assert strong["note"] == "'serch' was read as 'search'" and strong["next"][0] == "plan"


def test_a_search_that_finds_nothing_says_so(toolbox: Toolbox) -> None:
    answer = toolbox.search_skills(query="bake bread")
    assert answer.skills == ()
    assert "fits" in answer.next[0]


def test_an_action_is_described_without_its_parameters(toolbox: Toolbox) -> None:
    document = ask(toolbox, "describe_action", skill="grounding dino", action="train")
    assert document["total"] > 100
    assert "parameters" not in document
    assert [need["role"] for need in document["data"]] == ["train", "eval"]
    assert len(json.dumps(document)) < 1000


def test_parameters_are_searched_by_key_and_by_description(toolbox: Toolbox) -> None:
    by_key = toolbox.describe_action(skill=GROUNDING_DINO, action="train", find="optim lr")
    assert all("optim" in p.key and "lr" in p.key for p in by_key.parameters)
    by_words = toolbox.describe_action(skill=GROUNDING_DINO, action="train", find="learning rate")
    first = by_words.parameters[0]
    assert (first.key, first.default, first.allowed) == ("train.optim.lr", 0.0002, "> 0 and <= 1")
    everything = toolbox.describe_action(skill=GROUNDING_DINO, action="train", find="a")
    assert everything.matching > len(everything.parameters) == 15
    assert "more match" in everything.next[0]
    assert toolbox.describe_action(skill=GROUNDING_DINO, action="train", find="qqq").parameters == ()


def test_an_action_is_taken_by_the_name_that_the_search_gives_it(toolbox: Toolbox) -> None:
    [found, *_] = toolbox.search_skills(query="grounding dino").skills
    named = [action for action in found.actions if ":" in action]
    assert "evaluate:deploy" in named
    for action in named:
        described = toolbox.describe_action(skill=found.name, action=action)
        assert f"{described.action}:{described.variant}" == action
    [by_name] = toolbox.plan(skill=found.name, actions=["evaluate:deploy"]).plans
    [beside] = toolbox.plan(skill=found.name, actions=["evaluate"], variant="deploy").plans
    assert by_name.plan_id == beside.plan_id and by_name.variant == "deploy"
    [worded] = toolbox.plan(text="evaluate Grounding DINO", actions=["evaluate:deploy"]).plans
    assert (worded.action, worded.variant) == ("evaluate", "deploy")
    wrong = toolbox.call("plan", {"skill": found.name, "actions": ["evaluate:deploy"], "variant": "other"})
    assert wrong.error is not None
    assert "action evaluate:deploy names a variant, and variant says other" in wrong.error.message
    unknown = toolbox.call("describe_action", {"skill": found.name, "action": "evaluate:nope"})
    assert unknown.error is not None and "there is: the main one, deploy" in unknown.error.message


def test_what_is_not_there_has_the_way_out_of_its_own_kind(toolbox: Toolbox) -> None:
    document = toolbox.call("list_jobs", {"trials_of": "last"}).document()
    assert "no experiment yet" in document["error"]["message"] and "hint" not in document["error"]


# Planning


def test_words_plan_and_what_is_missing_becomes_a_question(toolbox: Toolbox) -> None:
    document = ask(toolbox, "plan", text="train Grounding DINO, no HPO")
    [plan] = document["plans"]
    assert (plan["route"], plan["action"]) == ("direct", "train")
    assert (plan["route_skill"], Path(plan["skill_dir"]).name) == (GROUNDING_DINO, GROUNDING_DINO)
    [question] = plan["questions"]
    assert question["key"] == "data.train"
    assert question["why"].endswith("give data with role 'train'")
    assert "ask the user" in document["next"][0]
    refused = toolbox.call("launch", {"plan_id": plan["plan_id"]})
    assert refused.error is not None
    assert refused.error.code == "questions"


def test_slots_are_typed_arguments(toolbox: Toolbox) -> None:
    request = {
        "skill": "tao-train-grounding-dino",
        "actions": ["train"],
        "data": [{"role": "train", "uri": "s3://b/t"}],
    }
    [plan] = toolbox.plan(**request, automl="off", seed=3, learning_rate=2e-4, gpu_ids=[0, 1]).plans
    said = {"train.seed": 3, "train.optim.lr": 2e-4, "train.gpu_ids": [0, 1], "train.num_gpus": 2}
    assert {s.key: s.value for s in plan.settings} == said
    refused = toolbox.call("plan", {**request, "actions": ["evaluate"], "epochs": 5})
    assert refused.error is not None and "epochs has no meaning for evaluate" in refused.error.message
    refused = toolbox.call(
        "plan", {**request, "epochs": 5, "settings": [{"key": "num_epochs", "value_json": "6"}]}
    )
    assert refused.error is not None and "both set train.num_epochs; keep one" in refused.error.message
    corrected = toolbox.plan(text="train Grounding DINO on s3://b/t for 4 epochs, no HPO", epochs=5)
    assert "epochs 5 counts, not the 4 of the words" in corrected.notes


def test_what_is_cut_short_keeps_its_way_out() -> None:
    told = f"{'one picture is broken; ' * 40}way out: mend it, or leave it out"
    assert (
        shorten(told, 400).endswith("…; way out: mend it, or leave it out") and len(shorten(told, 400)) == 400
    )
    assert shorten(f"a; way out: {'b ' * 400}", 100).endswith("b…")


def test_a_slot_among_the_settings_is_its_argument(toolbox: Toolbox) -> None:
    request = {"text": "train Grounding DINO on s3://b/t", "skill": None}
    said = {"automl": "off", "seed": 3, "gpu_ids": [0, 1], "learning_rate": 2e-4, "nodes": 1}
    settings = [{"key": key, "value_json": json.dumps(value)} for key, value in said.items()]
    [listed] = toolbox.plan(**request, settings=settings).plans
    [typed] = toolbox.plan(**request, **said).plans
    assert listed.plan_id == typed.plan_id
    [same] = toolbox.plan(**request, settings=settings, seed=3).plans
    assert same.plan_id == typed.plan_id
    twice = toolbox.call("plan", {**request, "settings": settings, "seed": 4})
    assert twice.error is not None and "seed is said twice, as 4 and as 3" in twice.error.message
    wrong = toolbox.call("plan", {**request, "settings": [{"key": "nodes", "value_json": "many"}]})
    assert wrong.error is not None and "nodes is many" in wrong.error.message


def test_every_way_to_ask_gives_the_same_plan(toolbox: Toolbox, inline: Command) -> None:
    words = "train Grounding DINO on s3://b/t, no HPO, 20 epochs"
    options = ["--data", "eval=s3://b/e", "--set", "train.optim.lr=1e-3", "--gpus", "2"]
    on_the_terminal = inline("plan", words, *options, "--json").document["plan_id"]
    arguments = {
        "text": words,
        "data": [{"role": "eval", "uri": "s3://b/e"}],
        "settings": [{"key": "train.optim.lr", "value_json": "1e-3"}],
        "gpus": 2,
    }
    in_python = toolbox.plan(**arguments).plans[0].plan_id
    parameters = TOOLS[2].arguments.model_fields
    as_a_model_says_it = json.dumps({**dict.fromkeys(parameters), **arguments})
    by_a_model = toolbox.call("plan", as_a_model_says_it).document()["plans"][0]["plan_id"]
    assert on_the_terminal == in_python == by_a_model
    assert toolbox.runtime.jobs.store.get_plan(in_python).plan_id == in_python


def test_settings_are_json_and_nothing_is_guessed_about_them(toolbox: Toolbox) -> None:
    settings = [{"key": "train.optim.lr_steps", "value_json": "[3, 5]"}, {"key": "lr", "value_json": "1"}]
    wrong = toolbox.call("plan", {"text": "train Grounding DINO on s3://b/t, no HPO", "settings": settings})
    assert wrong.error is not None
    assert wrong.error.code == "spec"
    assert "describe_action" in wrong.error.hint
    settings.pop()
    [plan] = toolbox.plan(text="train Grounding DINO on s3://b/t, no HPO", settings=settings).plans
    assert [(s.key, s.value) for s in plan.settings] == [("train.optim.lr_steps", [3, 5])]


# Errors are data


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "said"),
    [
        ("lunch", {}, "unknown_tool", "did you mean 'launch'"),
        ("plan", "{", "malformed_json", "not JSON"),
        ("plan", "[1]", "invalid_arguments", "must be an object"),
        ("plan", "", "usage", "Say what you want"),
        ("plan", {"txt": "train"}, "invalid_arguments", "did you mean 'text'"),
        ("plan", {"skill": GROUNDING_DINO, "actions": "train"}, "invalid_arguments", "'actions' is"),
        ("plan", {"automl": "maybe"}, "invalid_arguments", "'auto', 'on' or 'off'"),
        ("plan", {"text": "train YOLOv9 on ./x"}, "skill_not_found", "search_skills"),
        ("plan", {"text": "x" * 200_000}, "invalid_arguments", "100000 characters"),
        ("plan", {"skill": GROUNDING_DINO, "actions": ["train"] * 9}, "usage", "at most 8 actions"),
        ("job_status", '{"job": "\\ud800"}', "invalid_arguments", "no text"),
        ("job_status", {"job": "a\0b"}, "invalid_arguments", "no text"),
        ("label_image", {"image": "~nobody-9/x.png", "descriptions": ["a"]}, "data_not_found", "~nobody-9"),
        ("describe_action", {"skill": GROUNDING_DINO}, "invalid_arguments", "'action' is missing"),
        ("describe_action", {"skill": "dyno", "action": "train"}, "skill_not_found", "no skill 'dyno'"),
        ("launch", {"plan_id": "f" * 64}, "not_found", "is not known here"),
        (
            "launch",
            {"plan_id": "0", "idempotency_key": " "},
            "invalid_arguments",
            "'idempotency_key' is empty",
        ),
        ("launch", {"plan_id": "0", "retries": True}, "invalid_arguments", "'retries' is true"),
        (
            "plan",
            {"settings": {"epochs": 5}},
            "invalid_arguments",
            '[{"key": "...", "value_json": "..."}]',
        ),
        ("plan", {"epochs": True}, "invalid_arguments", "'epochs' is true"),
        ("plan", {"gpu_ids": [0, True]}, "invalid_arguments", "'gpu_ids' is [0, true]"),
        ("plan", {"text": "x", "gpu_ids": []}, "usage", "gpu_ids is empty"),
        ("plan", {"settings": [{"key": "epochs", "value_json": "null"}]}, "usage", "epochs is null"),
        ("plan", {"settings": [{"key": "captions", "value_json": "[]"}]}, "usage", "captions is empty"),
        ("plan", {"text": "x", "skill": ""}, "invalid_arguments", "'skill' is empty"),
        ("plan", '{"text": "x", "text": "y"}', "malformed_json", "'text' is said twice"),
        (
            "plan",
            {"skill": GROUNDING_DINO, "actions": ["train"], "image": "reg/x y"},
            "usage",
            "no name of an image",
        ),
        ("plan", {"data": [{"role": "eval", "uri": "set:"}]}, "usage", "names no label set"),
        ("job_status", {"job": "last", "wait_seconds": 601}, "usage", "must be 0 to 600"),
        ("job_logs", {"job": "last", "cursor": -1}, "usage", "counted from 0"),
        ("search_skills", {"query": " "}, "usage", "query is empty"),
        ("label_image", {"image": "", "descriptions": ["a"]}, "invalid_arguments", "'image' is empty"),
        ("label_image", {"descriptions": ["a"], "tiles": " "}, "invalid_arguments", "'tiles' is empty"),
        ("job_status", {"job": "nope-1"}, "job_not_found", "list_jobs lists them"),
        ("job_logs", {"job": "last"}, "job_not_found", "no job yet"),
        ("cancel_job", {"job": "last"}, "job_not_found", "no job yet"),
        ("label_image", {"image": "x.png", "descriptions": []}, "usage", "nothing to look for"),
        ("label_image", {"image": "x", "descriptions": ["a"], "threshold": 2}, "usage", "no score"),
        ("label_image", {"image": "x", "descriptions": ["a", " "]}, "usage", "is empty"),
        ("label_image", {"image": "x", "descriptions": ["é" * 20_000]}, "usage", "10000 characters"),
        ("label_image", {"image": "x" * 5000, "descriptions": ["a"]}, "data_not_found", "no picture"),
        (
            "label_image",
            {"image": ".", "descriptions": ["a"], "checkpoint": "x" * 300},
            "job_not_found",
            "xxx",
        ),
        (
            "plan",
            {"skill": GROUNDING_DINO, "actions": ["train"], "gpus": 10**30},
            "usage",
            "no more than 4096",
        ),
        ("plan", {"text": f"train Grounding DINO on ./x on {10**8} GPUs"}, "usage", "no more than 4096"),
    ],
)
def test_every_mistake_is_a_code_a_sentence_and_a_hint(
    toolbox: Toolbox, tool: str, arguments: dict[str, object] | str, code: str, said: str
) -> None:
    answer = toolbox.call(tool, arguments)
    assert answer.result is None and answer.error is not None
    assert answer.error.code == code
    assert said in answer.error.message
    assert "--" not in answer.error.message and "'skillbank " not in answer.error.message
    assert len(json.dumps(answer.document())) < 900


def test_options_that_do_not_go_together_are_named_in_the_words_of_tools(toolbox: Toolbox) -> None:
    said = {"skill": GROUNDING_DINO, "actions": ["train"], "gpus": 4}
    block = {"key": "train", "value_json": '{"num_gpus": 2}'}
    refused = toolbox.call("plan", {**said, "settings": [block]}).error
    assert refused is not None and "--" not in refused.message
    assert refused.message.endswith("and gpus 4 both set train.num_gpus; keep one.")
    refused = toolbox.call("plan", {"skill": GROUNDING_DINO, "actions": ["export"], "pretrained": "m"}).error
    assert refused is not None
    assert refused.message.endswith("is named with parent or settings with key 'export.checkpoint'.")


def test_jobs_of_an_action_that_there_is_not_are_said_not_to_be(toolbox: Toolbox) -> None:
    assert toolbox.list_jobs(action="trian").next[0] == "no job is of action 'trian'; there are: none"


def test_in_python_the_same_mistakes_are_exceptions(toolbox: Toolbox) -> None:
    with pytest.raises(SkillNotFoundError):
        toolbox.plan(text="train YOLOv9 on ./x")
    with pytest.raises(ToolCallError, match="did you mean 'text'"):
        toolbox.plan(txt="train")


# From a sentence to a trained job


@pytest.mark.slow
def test_from_words_to_a_checkpoint_and_on_to_its_evaluation(trusted: Toolbox, data: Path) -> None:
    job = trained(trusted, data, "for 3 epochs")
    status = ask(trusted, "job_status", job=job)
    assert status["progress"]["epoch"] == status["progress"]["epochs"] == 3
    assert status["metrics"] == {"val_mAP50": 0.7}
    results = ask(trusted, "job_results", job=job, find="EPOCH")
    [best] = [c for c in results["checkpoints"] if c.get("best")]
    assert best["path"] == "train/model_epoch_002_step_00003.pth"
    assert len(results["files"]) == 3
    logs = ask(trusted, "job_logs", job=job)
    assert logs["lines"] == ["0: data: forty-two"]
    [plan] = trusted.plan(text=f"evaluate the toy detector on {data}", parent=job).plans
    assert plan.parent == job
    evaluation = trusted.launch(plan_id=plan.plan_id)
    done = trusted.job_status(job=evaluation.job, wait_seconds=30)
    assert (done.state, done.metrics["test_mAP50"]) == ("COMPLETE", 0.75)
    listed = ask(trusted, "list_jobs", state="COMPLETE", limit=1)
    assert [j["job"] for j in listed["jobs"]] == [evaluation.job]
    beside = ask(trusted, "job_results", job=evaluation.job, beside=[job])["compared"]
    assert [each["trained_by"] for each in beside["jobs"]] == [job, job]
    unlike = beside["not_comparable"]
    assert unlike[0] == f"Nothing says on what {job} measured." and "no metric in common" in unlike[1]


@pytest.mark.slow
def test_a_chain_is_launched_plan_by_plan_and_finds_its_parent(trusted: Toolbox, data: Path) -> None:
    first, second = trusted.plan(
        skill="toy-detector",
        actions=["train", "evaluate"],
        data=[{"role": "train", "uri": str(data)}, {"role": "eval", "uri": str(data)}],
    ).plans
    assert second.after == first.plan_id
    early = trusted.call("launch", {"plan_id": second.plan_id})
    assert early.error is not None and early.error.code == "parent"
    job = trusted.launch(plan_id=first.plan_id).job
    assert trusted.job_status(job=job, wait_seconds=30).state == "COMPLETE"
    evaluation = trusted.launch(plan_id=second.plan_id).job
    assert trusted.job_status(job=evaluation, wait_seconds=30).metrics["test_mAP50"] == 0.75
    assert trusted.runtime.jobs.store.get(evaluation).parents == (job,)


@pytest.mark.slow
def test_a_failure_is_explained(trusted: Toolbox, data: Path) -> None:
    settings = [{"key": "fail", "value_json": '"CUDA out of memory"'}]
    [plan] = trusted.plan(text=f"train the toy detector on {data}", settings=settings).plans
    job = trusted.launch(plan_id=plan.plan_id).job
    status = trusted.job_status(job=job, wait_seconds=30)
    assert status.state == "ERROR"
    assert status.failure is not None
    assert status.failure.name == "cuda_oom"
    assert status.failure.advice
    assert "--" not in status.failure.advice


@pytest.mark.slow
def test_waiting_ends_with_the_time_and_canceling_with_the_work(trusted: Toolbox, data: Path) -> None:
    slow = [{"key": "train.seconds", "value_json": "60"}]
    [plan] = trusted.plan(text=f"train the toy detector on {data}", settings=slow).plans
    job = trusted.launch(plan_id=plan.plan_id).job
    waited = trusted.job_status(job=job, wait_seconds=1)
    assert waited.state in ("PENDING", "RUNNING")
    assert "cancel_job" in waited.next
    record = trusted.runtime.jobs.store.get(job)
    with on_duty(record) as mine:
        assert not mine, "a supervisor of its own stays with the job"
    assert trusted.cancel_job(job=job).state == "CANCELED"
    assert trusted.cancel_job(job=job).state == "CANCELED", "twice is no error"
    native = trusted.runtime.jobs.store.get(job).native_id
    assert native is not None
    assert not Path(f"/proc/{native.partition(':')[2]}").exists()
    until(lambda: trusted.runtime.jobs.store.get(job).settled is not None)
