"""A variable that a skill needs and that is not set is said by the plan, and nothing starts without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Command, bank, data, environment, inline

from skillbank import Runtime
from skillbank.agent.toolbox import Toolbox
from skillbank.jobs.checks import check
from skillbank.jobs.credentials import shown_variables
from skillbank.plan.model import Plan, Resources
from skillbank.platforms.registry import get_platform

__all__ = ["bank", "data", "environment", "inline"]
ASKED = ("--skill", "toy-detector", "--action", "train", "--automl", "off")
UNSET = "toy-detector needs the variables TOY_KEY and TOY_PLACE, which are not set here; export them where"
NODES = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "NUM_GPU_PER_NODE", "WORLD_SIZE")


@pytest.fixture(autouse=True)
def needs(bank: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the toy need variables, none of which is set; returns what changes them."""
    info = bank / "toy-detector" / "references" / "skill_info.yaml"
    plain = info.read_text()
    for name in ("TOY_KEY", "TOY_PLACE", "TOY_PROXY", "SKILLBANK_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def write(credentials: str) -> None:
        info.write_text(f"{plain}required_credentials: {credentials}\n")

    write("[TOY_KEY, {name: TOY_PLACE}, {name: TOY_PROXY, only_when: behind a proxy}]")
    return write


@pytest.fixture
def runtime(bank: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    return Runtime([bank])


def test_the_plan_says_it_and_nothing_starts(
    inline: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = (*ASKED, "--data", f"train={data}")
    planned = inline("plan", *asked, "--json")
    [problem] = planned.document["checks"]["problems"]
    assert planned.code == 1 and problem.startswith(UNSET)
    assert planned.document["env_required"] == ["TOY_KEY", "TOY_PLACE"]
    assert planned.document["env_names"] == ["TOY_KEY", "TOY_PLACE", "TOY_PROXY"]
    assert UNSET in " ".join(inline("plan", *asked).out.split())
    refused = inline("run", *asked, "--yes", "--json")
    assert refused.code == 1 and refused.document["error"]["code"] == "platform"
    assert refused.document["error"]["message"].startswith(UNSET)
    assert inline("jobs", "--json").document == {"jobs": []}

    monkeypatch.setenv("TOY_KEY", "value-of-the-key")
    monkeypatch.setenv("TOY_PLACE", " ")
    [problem] = inline("plan", *asked, "--json").document["checks"]["problems"]
    assert "needs the variable TOY_PLACE, which is empty here; export it" in problem
    assert inline("run", *asked, "--yes").code == 1

    monkeypatch.setenv("TOY_PLACE", "there")
    passed = inline("plan", *asked, "--json")
    assert passed.code == 0 and passed.document["plan_id"] == planned.document["plan_id"]
    done = inline("run", *asked, "--yes", "--json")
    assert done.code == 0 and done.document["state"] == "COMPLETE"
    assert "value-of-the-key" not in done.out


def test_whoever_is_asked_reads_which_are_not_set(
    inline: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_KEY", "value-of-the-key")
    planned = inline("plan", *ASKED, "--data", f"train={data}", "--json").document["plan_id"]
    question = inline("approve", "--yes", planned, "--json").document["question"]
    assert "TOY_KEY, TOY_PLACE (needed, and not set here), TOY_PROXY (not set here), beside" in question


def test_tools_say_it_before_anybody_is_asked(
    runtime: Runtime, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = Toolbox(runtime)
    words: dict[str, Any] = {"skill": "toy-detector", "actions": ["train"], "automl": "off"}
    words |= {"data": [{"role": "train", "uri": str(data)}]}
    [plan] = tools.call("plan", words).document()["plans"]
    assert [p.startswith(UNSET) for p in plan["problems"]] == [True]
    refused = tools.call("launch", {"plan_id": plan["plan_id"]})
    assert refused.error is not None and refused.error.code == "platform" and refused.approval is None
    for name in ("TOY_KEY", "TOY_PLACE"):
        monkeypatch.setenv(name, "set")
    asking = tools.call("launch", {"plan_id": plan["plan_id"]})
    assert asking.approval is not None and "TOY_KEY, TOY_PLACE, TOY_PROXY (not" in asking.approval.question


def test_a_chain_is_refused_for_what_its_second_step_needs(
    inline: Command, data: Path, needs: Callable[[str], None]
) -> None:
    needs("[{name: TOY_KEY, optional: true}, TOY_KEY]")
    chain = ("--skill", "toy-detector", "--action", "train", "--action", "evaluate", "--automl", "off")
    places = ("--data", f"train={data}", "--data", f"eval={data}")
    assert "TOY_KEY, which is not set here" in inline("run", *chain, *places, "--yes").err
    assert inline("jobs", "--json").document == {"jobs": []}


def test_what_a_launcher_sets_and_what_may_be_lacking_is_no_fault(
    runtime: Runtime, data: Path, needs: Callable[[str], None]
) -> None:
    from skillbank.plan.request import Request, parse_data

    needs("[{name: A, optional: true}, {name: B, required: false}, NODE_RANK]")
    request = Request(
        skill="toy-detector", action="train", data=parse_data([f"train={data}"]), automl="off", nodes=2,
        platform="slurm", image="toy:1",
    )  # fmt: skip
    [plan] = runtime.plan(request)
    assert plan.env_required == () and {*NODES, "A", "B"} == {*plan.env_names}
    assert runtime.check(plan).problems == ()
    assert shown_variables(plan, get_platform("slurm")) == [
        "A (not set here)", "B (not set here)", *(f"{name} (set by slurm)" for name in NODES),
    ]  # fmt: skip


@pytest.fixture
def made(runtime: Runtime, data: Path) -> Plan:
    from skillbank.plan.request import Request, parse_data

    given = parse_data([f"train={data}"])
    [plan] = runtime.plan(Request(skill="toy-detector", action="train", data=given, automl="off"))
    return plan.model_copy(update={"image": "toy:1", "resources": Resources()})


def seen(plan: Plan, platform: str) -> tuple[list[str], list[str]]:
    """Return what the plan's checks say of variables on a platform: problems and notes."""
    moved = plan.model_copy(update={"platform": platform})
    found = check(moved, platform=get_platform(platform))
    return [p for p in found.problems if "TOY_" in p], [n for n in found.notes if "TOY_" in n]


def test_on_kubernetes_a_secret_comes_from_a_secret_alone(
    made: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "kubernetes.yaml"
    monkeypatch.setenv("SKILLBANK_KUBERNETES", str(profile))
    monkeypatch.setenv("TOY_KEY", "value-of-the-key")
    profile.write_text("volumes: []\n")
    problems, _ = seen(made, "kubernetes")
    assert [p.partition(";")[0] for p in problems] == [
        "toy-detector needs the variable TOY_KEY, for which no Secret is named",
        "toy-detector needs the variable TOY_PLACE, which is not set here",
    ]
    assert "kubectl create secret" in problems[0] and f"secret_env in {profile}" in problems[0]
    profile.write_text("secret_env: {TOY_KEY: {secret: a, key: b}}\nenv: {TOY_PLACE: there}\n")
    assert seen(made, "kubernetes") == ([], [])
    profile.write_text("secrets: [all]\n")
    problems, notes = seen(made, "kubernetes")
    assert problems == []
    assert notes == [
        "toy-detector needs TOY_KEY and TOY_PLACE, which nothing here sets: the Secrets that the profile of "
        "kubernetes names must hold them"
    ]
    profile.write_text("no_such_key: 1\n")
    found = check(made.model_copy(update={"platform": "kubernetes"}), platform=get_platform("kubernetes"))
    assert len(found.problems) == 1 and "no_such_key" in found.problems[0]


def test_on_slurm_the_profile_may_set_it(made: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = tmp_path / "slurm.yaml"
    monkeypatch.setenv("SKILLBANK_SLURM", str(profile))
    profile.write_text("setup: |\n  # TOY_KEY is yours to set\n  module load cuda\n")
    assert UNSET in seen(made, "slurm")[0][0]
    profile.write_text("env: {TOY_PLACE: there}\nsetup: |\n  export TOY_KEY=$(cat /etc/key)\n")
    assert seen(made, "slurm") == ([], [])


def test_a_plan_that_needs_none_keeps_the_id_that_it_had(runtime: Runtime, made: Plan) -> None:
    document = made.model_copy(update={"env_required": ()}).model_dump(mode="json")
    assert "env_required" not in document and Plan.from_document(document).env_required == ()


def test_tools_say_how_many_problems_they_do_not_show(made: Plan) -> None:
    from skillbank.agent.planning import _summary
    from skillbank.jobs.checks import Checks

    said = _summary(made, Checks(problems=tuple(f"problem {n}" for n in range(9))), "a toy").problems
    assert list(said) == [
        *(f"problem {n}" for n in range(6)), "and 3 more, which 'skillbank plan' shows in a terminal",
    ]  # fmt: skip
    assert len(_summary(made, Checks(problems=tuple("abcdef")), "a toy").problems) == 6


# What else a plan asks for and its platform cannot do


def test_a_plan_says_what_its_platform_cannot_do(inline: Command, data: Path, bank: Path) -> None:
    (bank / "toy-detector" / "references" / "skill_info.yaml").write_text(
        (bank / "toy-detector" / "references" / "skill_info.yaml").read_text().partition("required")[0]
    )
    asked = (*ASKED, "--data", f"train={data}", "--nodes", "2")
    for more, name in (((), "local"), (("--platform", "docker", "--image", "toy:1"), "docker")):
        planned = inline("plan", *asked, *more, "--json")
        wanted = f"the plan asks for 2 nodes and platform '{name}' is one machine; use --nodes 1"
        assert (planned.code, planned.document["checks"]["problems"]) == (1, [wanted])
    assert "use --nodes 1" in inline("run", *asked, "--yes").err


def test_a_program_that_is_not_here_is_a_note_of_the_plan(inline: Command, data: Path, bank: Path) -> None:
    info = bank / "toy-detector" / "references" / "skill_info.yaml"
    text = info.read_text().partition("required")[0]
    command = next(line for line in text.splitlines() if line.strip().startswith("command:"))
    info.write_text(text.replace(command, "    command: no-such-toy train -e {config_path}", 1))
    asked = (*ASKED, "--data", f"train={data}")
    planned = inline("plan", *asked, "--json")
    wanted = "the program 'no-such-toy' of toy-detector is not installed on this machine"
    assert planned.code == 0 and [wanted in note for note in planned.document["checks"]["notes"]] == [True]
    assert wanted in inline("run", *asked, "--yes").err
