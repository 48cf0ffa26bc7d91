"""An experiment from the command line: real trials, their best as a parent, Ctrl-C, and kills."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from skillbank.agent.toolbox import Toolbox
from skillbank.runtime import Runtime
from tests.cli.conftest import Command
from tests.command_lines import processes_of
from tests.terminals import at_terminal, without_terminal

SCHEMA = {
    "type": "object",
    "automl_default_parameters": ["train.lr", "model.depth"],
    "properties": {
        "results_dir": {"type": "string", "default": ""},
        "fail": {"type": "string", "default": ""},
        "dataset": {"type": "object", "properties": {"file": {"type": "string", "default": ""}}},
        "model": {
            "type": "object",
            "properties": {"depth": {"type": "integer", "default": 2, "minimum": 1, "maximum": 8}},
        },
        "train": {
            "type": "object",
            "properties": {
                "lr": {"type": "number", "default": 1e-3, "minimum": 1e-5, "maximum": 1e-1},
                "num_epochs": {"type": "integer", "default": 2, "minimum": 1},
                "seconds": {"type": "number", "default": 0},
            },
        },
        "evaluate": {"type": "object", "properties": {"checkpoint": {"type": "string", "default": ""}}},
    },
}
CODE = "tulips in march"
RUN = ("run", "--skill", "toy-detector", "--action", "train", "--yes")


@pytest.fixture
def searchable(bank: Path, data: Path) -> list[str]:
    """Make the toy skill one that is searched over; return what a run needs to be told."""
    skill = bank / "toy-detector"
    (skill / "schemas").mkdir()
    (skill / "schemas" / "train.schema.json").write_text(json.dumps(SCHEMA))
    info = skill / "references" / "skill_info.yaml"
    text = info.read_text().replace("automl_enabled: false", "automl_enabled: true")
    row = "{source: train_datasets, path: data.txt}"
    validation = "dataset.val: {source: eval_dataset, path: data.txt}"
    info.write_text(text.replace(f"{{dataset.file: {row}}}", f"{{dataset.file: {row}, {validation}}}"))
    # The deepest model is the best, so that the best is rarely the default.
    program = bank.parent / "program.py"
    measured = 'kpi={"val_mAP50": spec["model"]["depth"] / 10 + epoch / 100}'
    program.write_text(program.read_text().replace('kpi={"val_mAP50": 0.5 + epoch / 10}', measured))
    for action in ("train", "evaluate"):
        template = skill / "references" / f"spec_template_{action}.yaml"
        body = template.read_text().replace("seconds: 0}", "seconds: 0, lr: 0.001}")
        template.write_text(f"{body}\nmodel: {{depth: 2}}\n")
        template.write_text(
            template.read_text().replace("dataset: {file: ''}", "dataset: {file: '', val: ''}")
        )
    return [f"--data=train={data}", f"--data=eval={data}", "--set", "automl.algorithm=random"]


@pytest.mark.slow
def test_what_belongs_to_a_search_was_approved_with_it(
    bank: Path, environment: dict[str, str], searchable: list[str]
) -> None:
    assert at_terminal(["approve", "--set-code"], environment, ("New", CODE), ("again", CODE)).code == 0
    more = ["--set", "automl.max_recommendations=3", "--bank", str(bank)]
    ran = at_terminal([*RUN, *searchable, *more], environment, ("Approval code", CODE))
    assert ran.code == 0, ran.text
    listed = json.loads(without_terminal(["jobs", "--trials", "--json"], environment).text)["jobs"]
    shown = [json.loads(without_terminal(["status", j["id"], "--json"], environment).text) for j in listed]
    assert len(shown) >= 5 and {job["state"] for job in shown} == {"COMPLETE"}
    assert {(job["approval"]["how"], job["approval"]["code"]) for job in shown} == {("terminal", True)}


@pytest.mark.slow
def test_from_a_request_to_the_evaluation_of_the_best(
    inline: Command, searchable: list[str], tmp_path: Path
) -> None:
    ran = inline(*RUN, *searchable, "--set", "automl.max_recommendations=3", "--set", "automl.parallel=3")
    assert ran.code == 0, ran.err
    assert "search" in ran.out and "3 trials" in ran.out, "no review before the launch"
    assert "recommendation 2 complete" in ran.out
    [found] = inline("experiments", "--json").document["experiments"]
    name = found["experiment"]
    assert (found["state"], found["ended"]) == ("COMPLETE", 3)
    assert [job["id"] for job in inline("jobs", "--json").document["jobs"]] == [name]
    assert len(inline("jobs", "--trials", "--json").document["jobs"]) == 6, "three trials, two evaluations"
    with Runtime() as runtime:
        tools = Toolbox(runtime)
        assert [row.job for row in tools.list_jobs().jobs] == [name], "an agent's list drowns in trials"
        assert sorted(row.trial or 0 for row in tools.list_jobs(trials_of=name, action="train").jobs) == [
            0,
            1,
            2,
        ]
    status = inline("status", name)
    assert status.code == 0 and "evaluation of the best model: test_mAP50 0.75" in " ".join(
        status.out.split()
    )
    report = inline("report", name, "--json").document
    assert report["evaluations"]["default"]["metrics"] == {"test_mAP50": 0.75}
    best = report["trials"][report["best"]]
    assert best["values"]["model.depth"] == max(t["values"]["model.depth"] for t in report["trials"]) > 2
    page = tmp_path / "page.html"
    assert inline("report", name, "--out", str(page)).code == 0 and "Parallel coordinates" in page.read_text()
    assert inline("report", name, "--csv").out.count("\n") == 4
    (own := tmp_path / "own.html").write_text("mine")
    for words, said in [
        (("--out", str(own)), "no page of this command"),
        (("--csv", "--json"), "--csv and --json are different answers"),
        (("--log-to", "mlflow", "--out", str(page)), "writes no file"),
    ]:
        refused = inline("report", name, *words)
        assert (refused.code, said in refused.err + refused.out) == (2, True), refused
    assert own.read_text() == "mine"
    for words, said in [
        (("experiments", name, "--pause", "--resume"), "contradict each other"),
        (("experiments", name, "--limit", "3"), "--limit is of the list"),
        (("experiments", "--limit", "0"), "--limit"),
    ]:
        refused = inline(*words)
        assert (refused.code, said in refused.err + refused.out) == (2, True), refused

    again = ("experiments", name, "--extend", "4")
    assert inline(*again).code == 4 and "approve" in inline(*again).err, "nobody approved the further trial"
    ran = inline(*again, "--yes")
    assert ran.code == 0 and f"{name} has ended" in ran.out
    [later, _] = inline("experiments", "--json").document["experiments"]
    assert (later["recommendations"], later["experiment"] != name) == (4, True)
    wait_for(lambda: inline("status", later["experiment"], "--json").document["state"] == "COMPLETE")

    evaluated = inline(*EVALUATE, "--parent", name, searchable[1])
    assert evaluated.code == 0, evaluated.err
    record = evaluated.document
    assert record["parents"] == [name]
    spec = (Path(record["results_dir"]) / "job" / "spec.yaml").read_text()
    assert best["job"] in spec, "not the best trial's model"
    assert f"depth: {best['values']['model.depth']}" in spec, "not the best trial's structure"


@pytest.mark.slow
def test_a_chain_goes_on_from_the_best(inline: Command, searchable: list[str]) -> None:
    settings = ("max_recommendations=3", "final_evaluation=false", "baseline=false")
    asked = [word for setting in settings for word in ("--set", f"automl.{setting}")]
    ran = inline(*RUN, "--action", "evaluate", *searchable, *asked, "--json")
    assert ran.code == 0, ran.err
    first, second = ran.document["jobs"]
    assert (first["platform"], second["state"]) == ("automl", "COMPLETE")
    spec = (Path(second["results_dir"]) / "job" / "spec.yaml").read_text()
    report = inline("report", first["id"], "--json").document
    depth = report["trials"][report["best"]]["values"]["model.depth"]
    assert depth > 2 and f"depth: {depth}" in spec


def test_what_cannot_be_searched_is_refused_before_anything_is_recorded(
    inline: Command,
    searchable: list[str],
) -> None:
    wrong = inline(*RUN, *searchable, "--set", "automl.max_recomendations=3")
    assert wrong.code == 2 and "did you mean 'max_recommendations'" in wrong.err
    unknown = inline(*RUN, *searchable, "--set", "automl.metric=loss_of_hair")
    assert unknown.code == 3 and "automl.direction" in unknown.err
    assert "automl.directions" not in unknown.out + unknown.err, "nobody said any"
    nothing = inline(*RUN, *searchable, "--set", "automl.parameters=[train.speed]")
    assert nothing.code == 2 and "train.speed" in nothing.err
    assert inline("jobs", "--trials", "--json").document == {"jobs": []}


EVALUATE = ("run", "--skill", "toy-detector", "--action", "evaluate", "--yes", "--json")


def start(bank: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    # A shell that started the tests in the background has told its children to ignore Ctrl-C.
    heard = ["env", "--default-signal=INT"]
    command = [*heard, sys.executable, "-m", "skillbank", *arguments, "--bank", str(bank)]
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def controllers(name: str) -> list[int]:
    """Return the processes that look after an experiment on their own."""
    return processes_of("skillbank.background.controller", name)


def wait_for(what: Any, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.1)
    return found


@pytest.mark.slow
def test_ctrl_c_deletes_nothing_and_the_experiment_goes_on(
    inline: Command,
    searchable: list[str],
    bank: Path,
    environment: dict[str, str],
) -> None:
    run = start(bank, environment, *RUN, *searchable, "--set", "automl.max_recommendations=4",
                "--set", "train.seconds=0.5", "--set", "automl.keep=all")  # fmt: skip
    assert run.stdout is not None
    name = next(line for line in run.stdout if ": RUNNING" in line).partition(":")[0]
    wait_for(lambda: inline("experiments", name, "--json").document["trials"])
    before = inline("jobs", "--trials", "--json").document["jobs"]
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=120)
    assert run.returncode == 130 and f"{name} goes on" in out
    wait_for(lambda: inline("status", name, "--json").document["state"] == "COMPLETE")
    report = inline("report", name, "--json").document
    assert [t["state"] for t in report["trials"]] == ["COMPLETE"] * 4
    assert all(t["attempts"] == 1 for t in report["trials"]), "a trial was started again"
    states = {job["id"]: job["state"] for job in inline("jobs", "--trials", "--json").document["jobs"]}
    assert all(states[job["id"]] == "COMPLETE" for job in before)


@pytest.mark.slow
def test_real_trials_survive_kills_of_the_controller(
    inline: Command,
    searchable: list[str],
    bank: Path,
    environment: dict[str, str],
) -> None:
    """Every look starts a controller again; each is killed, until six were or the search has ended."""
    chance = random.Random(2)
    ran = inline(*RUN, *searchable, "--set", "automl.max_recommendations=8", "--set", "train.seconds=0.3",
                 "--set", "automl.parallel=2", "--detach", "--json")  # fmt: skip
    name = ran.document["id"]
    kills = 0
    while kills < 6:
        found = controllers(name)
        if not found:
            if inline("status", name, "--json").document["state"] != "RUNNING":
                break  # trials go on while their controller is dead: on a busy machine they are done sooner
            continue
        time.sleep(chance.uniform(0.2, 2.0))
        for pid in controllers(name):
            os.kill(pid, signal.SIGKILL)
            kills += 1
    assert kills >= 3, "it ended before it was disturbed"
    wait_for(lambda: inline("status", name, "--json").document["state"] == "COMPLETE", 120)
    report = inline("report", name, "--json").document
    assert [t["state"] for t in report["trials"]] == ["COMPLETE"] * 8
    jobs = inline("jobs", "--trials", "-n", "100", "--json").document["jobs"]
    trials = [job for job in jobs if job["idempotency_key"] and job["recommendation"] is not None]
    assert all(job["state"] in ("COMPLETE", "ERROR") for job in trials), "a running job was cancelled"
    again = [job for job in trials if job["state"] == "ERROR"]
    assert all(job["failure"]["name"] == "launcher_died" and job["native_id"] is None for job in again)
