"""Label sets through the tools: made by a job that a person approves; their state, exports, plans on them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from skillbank import Runtime
from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.toolbox import Answer, Toolbox
from skillbank.errors import DataError
from skillbank.sets.model import ClassSpec, Review
from tests.agent.mcp_clients import Place, opened
from tests.agent.test_toolbox import ask
from tests.cli.conftest import Command
from tests.labelling.models import write_picture, write_tiny

CLASSES = ["round = red circle | blue circle", "square = red square | not green square"]
WAIT = 300


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("model") / "tiny.pth")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(6):
        write_picture(tmp_path / "photos" / f"{number}.png", (100 + number, 80))
    return tmp_path / "photos"


@pytest.fixture
def asked(photos: Path, tiny: Path) -> dict[str, Any]:
    """Arguments of a call that makes a set."""
    return {
        "image": str(photos), "descriptions": CLASSES, "checkpoint": str(tiny), "threshold": 0.1,
        "into": "signs",
    }  # fmt: skip


def review(runtime: Runtime, name: str) -> None:
    """Accept what is shown on every picture, as a person."""
    there = runtime.sets.open(name)
    for row in there.pictures(limit=100):
        there.edit(row.number, [Review()], who="ann", version=row.version)


def refusal(answer: Answer) -> str:
    assert answer.error is not None
    return answer.error.code


@pytest.mark.slow
def test_a_folder_becomes_a_reviewed_data_set(
    toolbox: Toolbox, asked: dict[str, Any], inline: Command
) -> None:
    first = toolbox.call("label_image", asked)
    assert refusal(first) == "needs_approval" and first.approval is not None
    assert toolbox.runtime.jobs.store.list() == [], "nothing has started"
    again = toolbox.call("label_image", asked)
    assert again.approval is not None and again.approval.subject == first.approval.subject, "the same plan"
    kind, plan_id, *_ = first.approval.subject.split(":")
    assert kind == "plan" and toolbox.runtime.jobs.store.get_plan(plan_id).skill.name == "skillbank-label-set"
    with toolbox.approving(first.approval, by="test"):
        made = ask(toolbox, "label_image", **asked)
    assert (made["label_set"], made["plan_id"], made.get("new", 0)) == ("signs", plan_id, 0)
    job = made["job"]
    assert toolbox.job_status(job=job, wait_seconds=WAIT).state == "COMPLETE"
    [state] = ask(toolbox, "label_set", name="signs")["sets"]
    assert (state["pictures"], state["todo"]) == (6, 6) and "jobs" not in state
    assert sum(each.get("proposed", 0) for each in state["classes"]) > 0
    assert refusal(toolbox.call("label_set", {"name": "signs", "export": "coco"})) == "data"
    draft = ask(toolbox, "label_set", name="signs", export="coco", unreviewed=True)["exported"]
    assert draft["pictures"] == 6 and Path(draft["folder"]).is_dir()

    review(toolbox.runtime, "signs")
    done = ask(toolbox, "label_set", name="signs", export="yolo")
    assert done["sets"][0]["reviewed"] == 6 and done["next"] == [
        "plan with data set:signs, which takes what is reviewed"
    ]
    folder = Path(done["exported"]["folder"])
    assert (folder / "data.yaml").is_file() and folder != Path(draft["folder"])
    assert ask(toolbox, "label_set", name="signs", export="yolo")["exported"] == done["exported"]

    words = "train Grounding DINO on set signs, no HPO, from scratch"
    [worded] = toolbox.plan(text=words).plans
    [typed] = toolbox.plan(
        skill="grounding-dino",
        actions=["train"],
        data=[{"role": "train", "uri": "set:signs"}],
        settings=[{"key": "automl", "value_json": "off"}, {"key": "pretrained", "value_json": "none"}],
    ).plans
    assert not worded.questions and worded.plan_id == typed.plan_id
    assert worded.plan_id == inline("plan", words, "--json").document["plan_id"]
    assert {place.uri.split("@")[0].split("/")[2] for place in worded.data} == {"signs"}, worded.data


@pytest.mark.slow
def test_one_job_at_a_time_and_only_what_is_missing(
    runtime: Runtime, asked: dict[str, Any], photos: Path
) -> None:
    trusted = Toolbox(runtime, approvals=ApprovalPolicy({"launch": "always"}))
    first = trusted.label_image(**asked)
    try:
        second = trusted.label_image(**asked)
    except DataError as error:  # the job was quicker
        assert "looked at all" in str(error)
        started = [first.job]
    else:
        assert second.job != first.job or any("already" in note for note in second.notes)
        started = [first.job, second.job]
    for job in started:
        assert trusted.job_status(job=job, wait_seconds=WAIT).state == "COMPLETE"
    over = trusted.call("label_image", asked)
    assert refusal(over) == "data" and "no job was started" in str(over.error)
    write_picture(photos / "later.png", (150, 90))
    more = trusted.label_image(**{**asked, "descriptions": []})
    assert more.new == 1 and more.job != first.job
    assert trusted.job_status(job=more.job, wait_seconds=WAIT).state == "COMPLETE"
    log = runtime.sets.open("signs").log(limit=1000)
    assert sum(event.kind == "propose" for event in log) == 7, "each picture once"
    assert {event.who for event in log if event.kind in ("create", "pictures")} == {"agent"}


@pytest.mark.slow
def test_what_is_switched_off_or_refused_starts_nothing(runtime: Runtime, asked: dict[str, Any]) -> None:
    off = Toolbox(runtime, approvals=ApprovalPolicy({"launch": "never"}))
    assert refusal(off.call("label_image", asked)) == "not_approved"
    box = Toolbox(runtime)
    waiting = box.call("label_image", asked)
    assert waiting.approval is not None
    other = box.call("label_image", {**asked, "threshold": 0.2})
    assert other.approval is not None and runtime.jobs.store.list() == []
    box.approve(waiting.approval, by="test")
    fewer = box.call("label_image", {**asked, "descriptions": ["star = red star"]})
    assert refusal(fewer) == "needs_approval", "an approval is for one plan"
    assert runtime.jobs.store.list() == []


@pytest.mark.slow
def test_over_mcp_the_person_is_asked(
    asked: dict[str, Any], bank: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[str] = []

    async def work() -> None:
        def says(question: str) -> Any:
            questions.append(question)
            return "yes" if len(questions) > 1 else "no"

        async with opened("sdk", Place(bank, environment), says=says) as client:
            declined, failed = await client.call("label_image", asked)
            assert failed and declined["error"]["code"] == "not_approved"
            made, failed = await client.call("label_image", asked)
            assert not failed, made
            status, _ = await client.call("job_status", {"job": made["job"], "wait_seconds": WAIT})
            assert status["state"] == "COMPLETE"
            found, failed = await client.call("label_set", {"name": "signs"})
            assert not failed and found["sets"][0]["pictures"] == 6

    asyncio.run(work())
    assert len(questions) == 2 and "skillbank-label-set" in questions[0]


def test_mistakes_are_told(toolbox: Toolbox, photos: Path) -> None:
    tried: list[tuple[str, dict[str, Any], str, str]] = [
        ("label_image", {"image": None, "descriptions": ["a"]}, "usage", "image is missing"),
        (
            "label_image",
            {"image": str(photos), "descriptions": ["a"], "into": "../x", "checkpoint": str(photos)},
            "usage",
            "label set",
        ),
        ("label_image", {"descriptions": [], "into": "none"}, "job_not_found", "no train job"),
        ("label_image", {"image": "x", "descriptions": ["a = "], "into": "s"}, "usage", "a"),
        ("label_set", {"name": "none"}, "set_not_found", "label_set lists those"),
        ("label_set", {"export": "coco"}, "usage", "give its name"),
        ("label_set", {"name": "none", "unreviewed": True}, "usage", "give export too"),
        ("list_jobs", {"limit": 0}, "usage", "give 1 to 50"),
        ("list_jobs", {"limit": 1000}, "usage", "give 1 to 50"),
        ("label_image", {"image": str(photos), "descriptions": ["a = b"]}, "usage", "give one as into"),
        ("label_image", {"descriptions": [], "into": "none", "tiles": "1x1"}, "usage", "640x640"),
        (
            "label_image",
            {"descriptions": [], "into": "none", "precision": "int8"},
            "usage",
            "one of fp32, fp16, bf16",
        ),
    ]
    for tool, arguments, code, said in tried:
        answer = toolbox.call(tool, json.dumps(arguments))
        assert answer.error is not None, (tool, arguments)
        assert (answer.error.code, said in answer.error.message) == (code, True), answer.error
    assert toolbox.label_set().sets == () and toolbox.label_set().next == ("label_image with into makes one",)


def test_sets_are_listed_and_an_unknown_format_is_told(toolbox: Toolbox) -> None:
    toolbox.runtime.sets.create("signs", who="ann")
    listed = ask(toolbox, "label_set")
    assert listed["sets"] == [{"name": "signs", "pictures": 0}] and listed["count"] == 1
    unknown = toolbox.call("label_set", {"name": "signs", "export": "cocoo", "learn": True})
    assert "learns" not in ask(toolbox, "label_set", name="signs")["sets"][0], "a refusal changes nothing"
    assert unknown.error is not None and "the formats are odvg, coco" in unknown.error.message
    near = toolbox.call("label_set", {"name": "sign"})
    assert near.error is not None and "did you mean 'signs'" in near.error.message


def test_an_agent_lets_a_set_learn(toolbox: Toolbox) -> None:
    signs = toolbox.runtime.sets.create("signs", [ClassSpec("exit")], who="ann")
    found = ask(toolbox, "label_set", name="signs", learn=True)
    assert found["sets"][0]["learns"] is True and signs.summary().learns
    assert [(event.kind, event.who) for event in signs.log()][-1] == ("learning", "agent")
    assert "learns" not in ask(toolbox, "label_set", name="signs", learn=False)["sets"][0]
    refused = toolbox.call("label_set", {"learn": True})
    assert refused.error is not None and "of one label set" in refused.error.message
