"""What a person is asked before a plan starts: every line, made of plans that say each thing."""

from __future__ import annotations

from typing import Any

import pytest

from skillbank.facade.launch_question import launch_question, trials
from skillbank.jobs.data_digest import SeenData
from skillbank.plan.model import InputBinding, Plan, Policy, Resources, Route, SearchNeeds, SkillRef
from skillbank.platforms.fake import FakePlatform
from skillbank.trust.standing import Standing
from tests.gate import OWN

FOREIGN = Standing(
    bank="theirs", state="trusted", digest="0123456789abcdef", source="https://x.org/theirs", commit="c0ffee"
)


def plan(**fields: Any) -> Plan:
    made: dict[str, Any] = {
        "skill": SkillRef(name="toy", version="1.2", digest="fedcba9876543210", bank="theirs", signer="ann"),
        "action": "train",
        "route": Route(name="direct", reason="made by a test"),
        "automl_policy": Policy(value="off", source="user"),
        "platform": "fake",
        "image": "registry/image:1",
        "command": ("toy", "train", "-e", "{config_path}"),
        "spec": {},
        "results_root": "/results",
    }
    return Plan(**{**made, **fields})


def lines(of: Plan, standing: Standing = FOREIGN, **more: Any) -> dict[str, str]:
    """Return the lines of a question by their first words, the first one as ""."""
    asked: dict[str, Any] = {"terms": {}, "data": (), **more}
    first, *others = launch_question(of, "Do it.", standing, platform=FakePlatform(), **asked).split("\n")
    assert all(line.startswith("  ") for line in others)
    return {"": first, **{line[2:12].strip(): line[13:] for line in others}}


def test_each_line_says_one_thing() -> None:
    of = plan()
    assert lines(of) == {
        "": f"Start train of toy on fake with 0 GPUs (plan {of.plan_id[:12]})?",
        "sentence": "Do it.",
        "command": "toy train -e {config_path}",
        "bank": "theirs from https://x.org/theirs: trusted, digest 0123456789ab, signed by ann, commit "
        "c0ffee; skill 1.2 of digest fedcba987654",
        "image": "registry/image:1",
        "variables": "none",
        "reads": "nothing",
        "writes to": "/results",
    }


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (OWN, "b: comes with skillbank; skill 1.2"),
        (
            Standing("b", "changed", "d" * 64),
            "b: changed since it was trusted, digest dddddddddddd, signed by ann; skill",
        ),
        (Standing("b", "untrusted", signer="bob"), "b: not trusted, signed by bob; skill"),
    ],
)
def test_what_holds_for_a_bank(standing: Standing, said: str) -> None:
    assert lines(plan(), standing)["bank"].startswith(said)


def test_nobody_signed_and_no_commit_is_said_of_a_bank_from_outside() -> None:
    of = plan(skill=SkillRef(name="toy", version="1", digest="d", bank="b"))
    assert lines(of, Standing("b", "trusted"))["bank"] == "b: trusted, no signer; skill 1 of digest d"


def test_where_it_runs() -> None:
    here = lines(plan(platform="local"))
    assert here[""].startswith("Start train of toy on local (plan") and "image" not in here
    assert here["variables"] == "none, beside what every program gets"
    many = plan(resources=Resources(gpus=4, nodes=3))
    assert "on fake with 4 GPUs on 3 nodes (plan" in lines(many)[""]


@pytest.mark.parametrize(
    ("root", "written", "uploaded"),
    [
        ("/results", "/results", None),
        ("file:///results", "file:///results", None),
        ("s3://bucket/x", "home", "s3://bucket/x"),
        (None, "home", None),
    ],
)
def test_what_it_writes(
    root: str | None, written: str, uploaded: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skillbank.facade.launch_question.results_root", lambda: "home")
    said = lines(plan(results_root=root))
    assert (said["writes to"], said.get("uploads to")) == (written, uploaded)


def test_what_it_reads_is_folders_and_addresses_show_no_login() -> None:
    inputs = (
        InputBinding(key="a", uri="s3://b/train/images.tar.gz"),
        InputBinding(key="b", uri="s3://b/train/labels.json"),
        InputBinding(key="c", uri="s3://b/val", runtime="folder"),
        InputBinding(key="d", uri="word", runtime="value"),
        InputBinding(key="e", uri="/file"),
        InputBinding(key="f", uri="name"),
        InputBinding(key="g", uri="org/model", hub=True),
    )
    spec = {
        "x": "https://user:word@host/a",
        "y": ["s3://b/val", "http://other", 3],
        "z": "no address",
    }
    said = lines(plan(inputs=inputs, spec=spec))
    assert said["reads"] == "s3://b/train, s3://b/val, /, name, org/model"
    assert said["addresses"] == "https://...@host/a, http://other"


def test_of_a_search_all_of_its_commands_stand_there_and_what_they_read() -> None:
    evaluation = plan(
        action="evaluate", command=("toy", "evaluate"), inputs=(InputBinding(key="v", uri="/v/x"),)
    )
    search = SearchNeeds(schema_sha256="x", settle={"train": "toy settle"}, evaluation=evaluation)
    of = plan(route=Route(name="automl", reason="r"), search=search, automl={"max_recommendations": 7})
    said = lines(of)
    assert said[""].startswith("Start an AutoML search of up to 7 trials over train of toy on fake")
    assert (said["evaluates"], said["reads"]) == ("toy evaluate", "/v") and "settle" not in said
    assert lines(of.model_copy(update={"platform": "local"}))["settle"] == "train: toy settle"
    assert (trials(of), trials(plan())) == (7, None)


def test_what_else_was_said() -> None:
    seen = SeenData(key="data", uri="/d", digest="ab" * 32)
    said = lines(
        plan(),
        terms={"retries": "5", "checkpoint": "best"},
        data=[seen],
        made=["a set of COCO"],
        parents=["job-1", "plan:x"],
    )
    assert said["terms"] == "with up to 5 further attempts, from the parent's checkpoint best"
    assert said["data"] == f"data {seen.shown}" and said["data set"] == "a set of COCO"
    assert said["parent"] == "job-1"
