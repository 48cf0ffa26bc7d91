"""Nothing of a bank starts but through the gate: real banks, real processes, at every door and platform."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from skillbank import Runtime
from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.chat import Verdict
from skillbank.agent.toolbox import Toolbox
from skillbank.automl.charter import make_charter
from skillbank.automl.settling import settle
from skillbank.cli.conversation import Terminal
from skillbank.cli.person import person
from skillbank.errors import QuestionsError, SkillFormatError, StateError, TrustError
from skillbank.jobs.record import JobState, RetryPolicy
from skillbank.jobs.skill_facts import search_schema
from skillbank.jobs.trials import TrialOf
from skillbank.plan.model import Plan, Question
from skillbank.platforms.base import Launch, job_dir
from skillbank.platforms.registry import get_platform, known_platforms
from skillbank.trust.gate import LONGEST_COMMAND, Pass, admit, admit_within, rehearse
from tests.cli.conftest import Command, bank, data, environment, inline
from tests.gate import OWN, admitted

__all__ = ["bank", "data", "environment", "inline"]
PACKAGE = Path(__file__).parents[2] / "runtime" / "skillbank"
CANARIES = {
    name: f"canary-{number:02d}-value"
    for number, name in enumerate(
        ("COMPANY_CANARY", "MY_DATA", "DATABASE", "BUILD_NOTE", "CUDA_NOTE", "NVIDIA_NOTE", "LC_NOTE",
         "HF_NOTE",
         "OMP_NOTE", "PYTHONNOTE", "AWS_PROFILE_NOTE", "EDITOR", "SKILLBANK_NOTE", "SSH_NOTE")
    )
}  # fmt: skip
PROXY = "http://me:canary-proxy@127.0.0.1:9"
TELL = "import json, os, sys; json.dump(dict(os.environ), open({place!r}, 'w')); print('{{}}')"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusting: None) -> Path:
    """A home of the test's own; its banks are trusted beforehand, unless it says otherwise."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> dict[str, str]:
    """Put secrets under innocent names into our environment, and into that of commands that are started."""
    for name, value in {**CANARIES, "https_proxy": PROXY}.items():
        monkeypatch.setenv(name, value)
        environment[name] = value
    return CANARIES


@pytest.fixture
def told(
    bank: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
) -> Path:
    """Make the toy tell its environment, ask for one variable, and be searched over; its settle tells too."""
    environment["MY_DATA"] = CANARIES["MY_DATA"]
    monkeypatch.setenv("MY_DATA", CANARIES["MY_DATA"])
    skill = bank / "toy-detector"
    (skill / "schemas").mkdir()
    lr = {"type": "number", "default": 1e-3, "minimum": 1e-5, "maximum": 1e-1}
    epochs = {"type": "integer", "default": 1, "minimum": 1}
    train = {"type": "object", "properties": {"lr": lr, "num_epochs": epochs}}
    schema = {"type": "object", "automl_default_parameters": ["train.lr"], "properties": {"train": train}}
    (skill / "schemas" / "train.schema.json").write_text(json.dumps(schema))
    for which in ("command", "settle"):
        (tmp_path / f"{which}.py").write_text(TELL.format(place=str(tmp_path / f"{which}.env")))
    with (tmp_path / "command.py").open("a") as file:
        file.write(
            f"\nimport runpy; len(sys.argv) > 1 and runpy.run_path({str(tmp_path / 'program.py')!r})\n"
        )
    info = skill / "references" / "skill_info.yaml"
    text = info.read_text().replace("automl_enabled: false", "automl_enabled: true")
    text = text.replace(f"{tmp_path / 'program.py'} train", f"{tmp_path / 'command.py'} train")
    text += (
        f"required_credentials: [MY_DATA]\nsettle: {{train: '{sys.executable} {tmp_path / 'settle.py'} x'}}\n"
    )
    info.write_text(text)
    template = skill / "references" / "spec_template_train.yaml"
    template.write_text(template.read_text().replace("seconds: 0}", "seconds: 0, lr: 0.001}"))
    return bank


@pytest.fixture
def runtime(told: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    for name in ("SKILLBANK_DATABASE_URL", "SKILLBANK_APPROVE", "SKILLBANK_BANKS"):
        monkeypatch.delenv(name, raising=False)
    with Runtime([told]) as opened:
        yield opened


def plan_of(runtime: Runtime, data: Path, *more: str, automl: str = "off", **fields: Any) -> Plan:
    from skillbank.plan.request import Request, parse_data, parse_settings

    request = Request(
        skill="toy-detector",
        action="train",
        data=parse_data([f"train={data}"]),
        settings=parse_settings(["train.num_epochs=1", *more]),
        automl=automl,
        **fields,
    )
    [plan] = runtime.plan([request])
    runtime.keep(plan)
    return plan


def heard(tmp_path: Path, which: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((tmp_path / f"{which}.env").read_text())
    return found


def clean(environment: dict[str, str], named: str) -> bool:
    text = json.dumps({name: value for name, value in environment.items() if name != named})
    return "canary" not in text and environment.get(named) == CANARIES[named]


# What reaches a command


def test_a_command_gets_what_the_plan_names_and_no_canary(
    runtime: Runtime, data: Path, canaries: dict[str, str], tmp_path: Path
) -> None:
    plan = plan_of(runtime, data)
    record = runtime.launch(plan)
    assert runtime.jobs.wait(record.id).state is JobState.COMPLETE
    assert clean(heard(tmp_path, "command"), "MY_DATA")
    kept = runtime.jobs.store.get(record.id).admitted
    assert kept is not None and (kept.plan_id, kept.digest, kept.trust) == (
        plan.plan_id, plan.skill.digest, "trusted",
    )  # fmt: skip
    assert kept.commands == (plan.command,) and kept.env_names == ("MY_DATA",)
    assert {"MY_DATA", "PATH"} <= set(kept.handed) and not {*CANARIES, "https_proxy"} & set(kept.handed) - {
        "MY_DATA"
    }
    assert "canary" not in kept.model_dump_json()


def test_settle_gets_the_same(runtime: Runtime, data: Path, canaries: dict[str, str], tmp_path: Path) -> None:
    plan = plan_of(runtime, data, automl="on")
    given = admit(plan, plan.skill.digest, runtime.standing_of(plan))
    assert settle(plan, given.admission.settle, given) == {}
    assert clean(heard(tmp_path, "settle"), "MY_DATA")


@pytest.mark.slow
def test_a_whole_search_keeps_to_what_was_admitted(
    runtime: Runtime, data: Path, canaries: dict[str, str], tmp_path: Path
) -> None:
    from skillbank.automl.controller import Controller

    plan = plan_of(runtime, data, "automl.algorithm=random", "automl.max_recommendations=2", automl="on")
    experiment = runtime.launch(plan)
    # Changed under the running search: its trials were approved with it, and the skill is not read again.
    (tmp_path / "bank" / "toy-detector" / "references" / "more.txt").write_text("changed")
    Controller(runtime.jobs, experiment.id).run()
    trials = runtime.jobs.store.list(experiment=experiment.id, trials=True)
    assert len(trials) == 2
    outer = runtime.jobs.store.get(experiment.id).admitted
    assert outer is not None and outer.settle.keys() == {"train"}
    for trial in trials:
        assert trial.admitted is not None and trial.admitted.digest == outer.digest
        assert trial.admitted.plan_id == trial.plan_id != outer.plan_id
    assert clean(heard(tmp_path, "command"), "MY_DATA") and clean(heard(tmp_path, "settle"), "MY_DATA")
    stranger = plan.model_copy(
        update={"command": ("touch", str(tmp_path / "strange")), "search": None, "automl": None}
    )
    with pytest.raises(TrustError, match="its command differs"):
        runtime.jobs.launch(stranger, trial=TrialOf(experiment.id, 9))
    assert not (tmp_path / "strange").exists()


# Before a yes


@pytest.mark.parametrize("automl", ["on", "off"])
def test_nothing_runs_before_a_yes(
    inline: Command, told: Path, data: Path, tmp_path: Path, automl: str
) -> None:
    asked = ("--skill", "toy-detector", "--action", "train", "--data", f"train={data}", "--automl", automl)
    assert inline("plan", *asked).code == 0
    assert inline("plan", *asked, "--submission", "--check").code == 0
    refused = inline("run", *asked)
    assert refused.code == 4 and "approve" in refused.err
    assert inline("run", *asked, "--json").code == 4
    assert not (tmp_path / "settle.env").exists() and not (tmp_path / "command.env").exists()


def test_without_a_variable_that_it_needs_no_search_begins(
    inline: Command, told: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_DATA")
    asked = ("--skill", "toy-detector", "--action", "train", "--data", f"train={data}", "--automl", "on")
    refused = inline("run", *asked, "--yes")
    assert refused.code == 1 and "needs the variable MY_DATA, which is not set here" in refused.err
    assert inline("jobs", "--json").document == {"jobs": []}
    assert not (tmp_path / "settle.env").exists() and not (tmp_path / "command.env").exists()


@pytest.mark.slow
@pytest.mark.parametrize("automl", ["on", "off"])
def test_a_no_on_the_terminal_runs_nothing_and_the_question_says_everything(
    told: Path, data: Path, tmp_path: Path, environment: dict[str, str], automl: str
) -> None:
    words = [
        "run",
        "--skill",
        "toy-detector",
        "--action",
        "train",
        "--data",
        f"train={data}",
        "--automl",
        automl,
    ]
    said, code = on_a_terminal([*words, "--bank", str(told)], environment, "n\n")
    assert code == 4
    flat = "".join(said.split())
    wanted = [
        f"command{sys.executable}{tmp_path / 'command.py'}train-e{{config_path}}",
        "trusted,digest",
        "MY_DATA",
    ]
    wanted += [f"reads{data}", f"writesto{tmp_path}/home/results", f"from{told}"]
    wanted += [f"settletrain:{sys.executable}{tmp_path / 'settle.py'}x"] if automl == "on" else []
    assert [part for part in wanted if "".join(part.split()) not in flat] == [], said
    assert not (tmp_path / "settle.env").exists() and not (tmp_path / "command.env").exists()


def on_a_terminal(arguments: list[str], environment: dict[str, str], typed: str) -> tuple[str, int]:
    """Run skillbank on a terminal of its own; type when a question ends in ``[y/N]``."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "skillbank", *arguments]
    env = {**environment, "COLUMNS": "400", "TERM": "dumb"}
    said, answered, deadline = "", False, time.monotonic() + 60
    with subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline and (piece := os.read(ours, 65536)):
                said += piece.decode(errors="replace")
                if "[y/N]" in said and not answered:
                    answered = True
                    os.write(ours, typed.encode())
        code = process.wait(30)
    os.close(ours)
    return said, code


# A bank that nobody trusts


@pytest.mark.parametrize("platform", known_platforms())
def test_nothing_of_a_bank_that_nobody_trusts_starts_on_any_platform(
    runtime: Runtime, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str
) -> None:
    plan = plan_of(runtime, data, platform=platform, image=None if platform == "local" else "toy:1")
    monkeypatch.setenv("SKILLBANK_TRUST", "")
    with pytest.raises(TrustError, match="skillbank trust"):
        runtime.launch(plan)
    open_handed = Toolbox(runtime, approvals=ApprovalPolicy({"launch": "always"}))
    refused = open_handed.call("launch", {"plan_id": plan.plan_id})
    assert refused.error is not None and (refused.error.code, refused.approval) == ("trust", None)
    asking = Toolbox(runtime).call("launch", {"plan_id": plan.plan_id})
    assert asking.error is not None and (asking.error.code, asking.approval) == ("trust", None)
    assert runtime.jobs.store.list() == [] and not (tmp_path / "command.env").exists()


def test_an_untrusted_bank_can_be_looked_at_and_planned_and_no_option_runs_it(
    inline: Command, told: Path, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SKILLBANK_TRUST", "")
    asked = ("--skill", "toy-detector", "--action", "train", "--data", f"train={data}")
    assert inline("skills", "toys").code == inline("show", "toy-detector", "train").code == 0
    planned = inline("plan", *asked, "--automl", "off", "--json")
    assert planned.code == 0
    for automl in ("on", "off"):
        for more in ((), ("--yes",), ("--yes", "--json"), ("--yes", "--detach")):
            refused = inline("run", *asked, "--automl", automl, *more)
            assert refused.code == 4 and "skillbank trust" in refused.err + refused.out
    assert inline("approve", "--yes", planned.document["plan_id"]).code == 4
    assert inline("jobs", "--json").document == {"jobs": []}
    assert not (tmp_path / "settle.env").exists() and not (tmp_path / "command.env").exists()


def test_what_makes_schemas_is_a_command_of_the_bank_too(
    inline: Command, told: Path, monkeypatch: pytest.MonkeyPatch, canaries: dict[str, str], tmp_path: Path
) -> None:
    info = told / "toy-detector" / "references" / "skill_info.yaml"
    info.write_text(info.read_text() + f"schema_source: {sys.executable} {tmp_path / 'command.py'}\n")
    monkeypatch.setenv("SKILLBANK_TRUST", "")
    assert inline("schemas", "generate", str(told / "toy-detector")).code == 4
    assert not (tmp_path / "command.env").exists()
    monkeypatch.setenv("SKILLBANK_TRUST", f"{told}@*")
    inline("schemas", "generate", str(told / "toy-detector"), "--check")
    assert "canary" not in json.dumps(heard(tmp_path, "command"))


# Between approval and launch


def test_a_skill_that_changed_after_its_approval_does_not_start(
    runtime: Runtime, data: Path, tmp_path: Path
) -> None:
    plan = plan_of(runtime, data)
    box = Toolbox(runtime)
    asked = box.call("launch", {"plan_id": plan.plan_id})
    assert asked.approval is not None
    box.approve(asked.approval, by="test")
    (tmp_path / "bank" / "toy-detector" / "SKILL.md").write_text(
        "---\nname: toy-detector\ndescription: B.\n---\n"
    )
    refused = box.call("launch", {"plan_id": plan.plan_id})
    assert refused.error is not None and refused.error.code == "state"
    with pytest.raises(StateError, match=r"SKILL.md changed"):
        runtime.launch(plan)
    assert not (tmp_path / "command.env").exists()


# The gate itself


def test_the_gate_says_why_not(runtime: Runtime, data: Path) -> None:
    plan = plan_of(runtime, data)
    digest, asks = plan.skill.digest, Question(key="k", why="w")
    with pytest.raises(QuestionsError, match="k: w"):
        admit(plan.model_copy(update={"questions": (asks,)}), digest, OWN)
    with pytest.raises(StateError, match="has changed"):
        admit(plan, "0" * 64, OWN)
    with pytest.raises(TrustError, match="Nobody"):
        admit(plan, digest, replace(OWN, state="untrusted", sentence="Nobody trusts it."))
    for name in ("LD_PRELOAD", "A=B", "SKILLBANK_DATABASE_URL", "PATH", "A\nB"):
        with pytest.raises(TrustError, match="asks for a variable that"):
            admit(plan.model_copy(update={"env_names": ("HF_TOKEN", name)}), digest, OWN)
    long = plan.model_copy(update={"command": ("sh", "-c", "x" * LONGEST_COMMAND)})
    with pytest.raises(TrustError, match="characters long"):
        admit(long, digest, OWN)


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "PATH", "A=B", "A B", '"A\\nB"', "SKILLBANK_DATABASE_URL", "BASH_ENV", "1A", "A-B"]
)
def test_a_skill_that_asks_for_such_a_variable_is_refused_where_it_is_planned(
    inline: Command, told: Path, data: Path, name: str
) -> None:
    info = told / "toy-detector" / "references" / "skill_info.yaml"
    info.write_text(info.read_text().replace("[MY_DATA]", f"[HF_TOKEN, {name}]"))
    refused = inline("plan", "--skill", "toy-detector", "--action", "train", "--data", f"train={data}")
    assert refused.code == SkillFormatError.exit_code
    assert "toy-detector asks for a variable that" in refused.err and "required_credentials" in refused.err


def test_nobody_else_makes_a_pass_and_a_rehearsal_starts_nothing(
    runtime: Runtime, data: Path, tmp_path: Path
) -> None:
    plan = plan_of(runtime, data)
    given = admit(plan, plan.skill.digest, OWN)
    with pytest.raises(ValueError, match="seal"):
        replace(given, env={"A": "B"})  # type: ignore[call-arg]
    fields = {name: getattr(given, name) for name in ("admission", "command", "env_names", "named", "env")}
    with pytest.raises(TrustError, match="only skillbank"):
        Pass(**fields, real=True, seal=object())
    shown = rehearse(plan)
    launch = Launch("j", plan.command, tmp_path, job_dir(tmp_path), shown)
    for name in known_platforms():
        with pytest.raises(TrustError, match="was only shown"):
            get_platform(name).submit(launch)
    with pytest.raises(TrustError, match="was only shown"):
        settle(plan, {"train": "true"}, shown)


def test_a_launch_runs_the_words_that_were_admitted_and_no_others(tmp_path: Path) -> None:
    given = admitted(("prog", "-e", "{config_path}"))
    path = tmp_path / "spec.yaml"
    Launch("j", ("prog", "-e", str(path)), tmp_path, job_dir(tmp_path), given, config_path=path)
    for argv in (("prog", "-e", "x"), ("prog", "-e", str(path), "more"), ("other", "-e", str(path)), ()):
        with pytest.raises(StateError, match="another command"):
            Launch("j", argv, tmp_path, job_dir(tmp_path), given, config_path=path)


def test_what_belongs_to_a_search_has_nothing_that_the_search_had_not(runtime: Runtime, data: Path) -> None:
    plan = plan_of(runtime, data, automl="on")
    outer = admit(plan, plan.skill.digest, OWN).admission
    charter = make_charter(plan, search_schema(plan, runtime.skill_of(plan)), RetryPolicy())
    trial = charter.plan(plan).model_copy(update={"search": None, "automl": None})
    assert admit_within(trial, outer).command == plan.command
    other = trial.skill.model_copy(update={"digest": "0" * 64})
    decided = outer.model_copy(update={"decided": True, "root": str(data)})
    with pytest.raises(TrustError, match="trusted no more"):
        admit_within(trial, decided)
    for fields, said in (
        ({"command": ("sh", "-c", "id")}, "its command"),
        ({"env_names": ("MY_DATA", "HF_TOKEN")}, "a variable"),
        ({"skill": other}, "its skill"),
    ):
        with pytest.raises(TrustError, match=said):
            admit_within(trial.model_copy(update=fields), outer)


# The question


def test_the_question_holds_everything_and_nothing_in_it_hides(runtime: Runtime, data: Path) -> None:
    plan = plan_of(runtime, data, automl="on")
    evil = ("sh", "-c", "true\n# \x1b[2K\r\u202e\u200b\U000e0041 \u0430;  id" + " " * 300 + "; curl evil")
    search = plan.search
    assert search is not None
    inner = plan.model_copy(update={"command": ("eval", "it")})
    plan = plan.model_copy(
        update={
            "command": evil,
            "platform": "docker",
            "image": "reg.example/toy:1\n  bank       skillbank",
            "results_root": "s3://user:pw@bucket/there",
            "search": search.model_copy(update={"evaluation": inner}),
            "spec": {**plan.spec, "weights": "https://weights.example/w.pth"},
        }
    )
    lines = runtime.question(plan, {"retries": "7"}).split("\n")
    said = {line.split()[0]: line for line in lines[1:]}
    assert list(said) == [
        "sentence", "command", "evaluates", "bank", "image", "variables", "reads", "data", "addresses",
        "writes", "uploads", "terms",
    ]  # fmt: skip
    assert all(line.isprintable() for line in lines)
    command = said["command"]
    assert command.isascii() and command.endswith("; curl evil'")
    for part in (r"\n# \x1b[2K\r\u202e\u200b\U000e0041 \u0430;  id", " " * 300):
        assert part in command
    assert "reg.example/toy:1 bank skillbank" in said["image"]
    assert "MY_DATA" in said["variables"] and str(data) in said["reads"]
    assert "https://weights.example/w.pth" in said["addresses"]
    assert "s3://...@bucket/there" in said["uploads"] and "7 further attempts" in said["terms"]
    assert f"digest {plan.skill.digest[:12]}" in said["bank"] and "trusted" in said["bank"]


def test_the_question_is_one_at_every_door(
    runtime: Runtime,
    data: Path,
    inline: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = plan_of(runtime, data)
    question = runtime.question(plan)
    asked = Toolbox(runtime).call("launch", {"plan_id": plan.plan_id})
    assert asked.approval is not None and asked.approval.question == question
    assert asked.document()["approval"]["question"] == question
    from skillbank.cli.approve import _approval

    assert _approval(runtime, plan.plan_id).question == question
    assert inline("approve", "--yes", plan.plan_id, "--json").document["question"] == question
    assert f"command    {sys.executable}" in question and "settle" not in question
    chat = Terminal()
    chat.interactive = True
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    capsys.readouterr()
    assert chat.decide(asked.approval) == Verdict(False, person(), "terminal")
    asked_lines = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert asked_lines == [*(line.strip() for line in question.splitlines()), "[y/N]"]


# Whoever writes code here later


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            known = isinstance(owner, ast.Name) and owner.id in ("subprocess", "os", "pty")
            if known and node.func.attr in STARTS:
                yield node


STARTS = (
    "run", "Popen", "call", "check_call", "check_output", "system", "popen", "posix_spawn", "posix_spawnp",
    "execv", "execve", "execvp", "execvpe", "spawnv", "spawnvpe", "spawn",
)  # fmt: skip
OURS = {
    "platforms/local/checkup.py": "nvidia-smi",
    "detached.py": "our supervisors and controllers",
    "platforms/keeper.py": "the program, in the environment that the keeper was given",
    "platforms/processes.py": "ps",
    "platforms/slots.py": "nvidia-smi",
    "sources/git.py": "git, which starts nothing that a repository brings",
}
"""What starts processes that no bank has a word in."""
GIVEN = {
    "automl/settling.py",
    "bank/schemas.py",
    "labelling/process.py",
    "platforms/local/platform.py",
    "platforms/slurm/commands.py",
}
"""What starts processes that a bank has a word in, or that hold an environment: each says which one."""


@cache
def trees() -> dict[str, ast.Module]:
    """Return every module of the package, read once."""
    return {f.relative_to(PACKAGE).as_posix(): ast.parse(f.read_text()) for f in PACKAGE.rglob("*.py")}


def test_every_start_of_a_process_is_known_and_says_its_environment() -> None:
    found: dict[str, list[ast.Call]] = {}
    for name, tree in trees().items():
        if not name.startswith("trust/") and (started := list(calls(tree))):
            found[name] = started
    assert set(found) == set(OURS) | GIVEN
    for name in GIVEN:
        for call in found[name]:
            [env] = [word.value for word in call.keywords if word.arg == "env"]
            assert "os.environ" not in ast.unparse(env), name


def test_only_the_gate_seals_and_only_jobs_and_searches_let_pass() -> None:
    imported: dict[str, set[str]] = {}
    for file, tree in trees().items():
        for node in ast.walk(tree):
            for alias in node.names if isinstance(node, ast.ImportFrom) else ():
                imported.setdefault(alias.name, set()).add(file)

    def named(name: str) -> set[str]:
        return imported[name]

    assert named("admit") == {"facade/holdings.py"}
    assert named("admit_within") == {"jobs/service.py", "automl/charter.py"}
    assert named("rehearse") - {"cli/plan.py"} == {"jobs/launching.py"}
    sealing = [file.name for file in PACKAGE.rglob("*.py") if "_SEAL" in file.read_text()]
    assert sealing == ["gate.py"]
