"""With an approval code an agent with a shell starts nothing; without one the record says how it did."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.hostile_agent import TRIES, Agent, lay_out
from tests.agent.mcp_clients import http_server

pytestmark = pytest.mark.slow

CODE = "tulips in march"


def jobs(agent: Agent) -> list[dict[str, object]]:
    listed = json.loads(agent.shell("jobs", "--json").text)["jobs"]
    return [json.loads(agent.shell("status", job["id"], "--json").text) for job in listed]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """A home with an approval code, a plan that nobody approved, and a job that somebody approved."""
    found = lay_out(tmp_path_factory.mktemp("hostile"), dict(os.environ))
    words = [found.words, "--set", "train.num_epochs=1", "--json"]
    made = found.forged_terminal(["approve", "--set-code"], ("New", CODE), ("again", CODE))
    assert made.code == 0 and "is set" in made.text and CODE not in made.text
    found.other = json.loads(found.shell("plan", *words).text)["plan_id"]
    found.plan = json.loads(found.shell("plan", found.words, "--json").text)["plan_id"]
    assert found.shell("approve", found.plan).code == 4  # it is in the database now
    # The person's way: one step, at a terminal of theirs.
    person = found.forged_terminal(["approve", found.other[:12]], ("code", CODE))
    assert person.code == 0 and "approved, once" in person.text and CODE not in person.text
    done = found.shell("run", *words)
    assert done.code == 0, done.text
    found.job = json.loads(done.text[: done.text.rindex("}") + 1])["id"]
    with http_server(found.bank, found.environment) as server:
        found.http = server
        yield found


def test_what_a_person_approved_with_the_code_says_so(agent: Agent) -> None:
    approval = json.loads(agent.shell("status", agent.job, "--json").text)["approval"]
    assert (approval["how"], approval["code"]) == ("terminal", True)
    assert "approved" in agent.shell("status", agent.job).text and agent.started == 1


def test_there_are_enough_tries() -> None:
    assert len(TRIES) >= 50


@pytest.mark.parametrize("name", TRIES)
def test_nothing_starts(agent: Agent, name: str) -> None:
    # Guesses are slowed over all processes of the home; the agent may remove that count, and does.
    (agent.home / "approval-code.wrong").unlink(missing_ok=True)
    agent.said.clear()
    TRIES[name](agent)
    assert agent.started == 1, agent.said
    assert agent.said and not any("started toy" in each for each in agent.said)


def test_nothing_has_started_afterwards_either(agent: Agent) -> None:
    time.sleep(2)
    assert agent.started == 1 and [job["id"] for job in jobs(agent)] == [agent.job]


def test_guesses_are_slowed(agent: Agent) -> None:
    file = agent.home / "approval-code.wrong"
    file.unlink(missing_ok=True)
    for _ in range(2):
        said = agent.forged_terminal(["approve", agent.plan], ("code", "a"), ("code", "b"), ("code", "c"))
    assert said.code == 4 and "Too many wrong approval codes" in said.text
    waits = agent.forged_terminal(["approve", agent.plan], ("code", CODE), ("code", ""))
    assert "Too many" in waits.text, "the right code waits as well"
    file.unlink()


def test_a_person_starts_it_in_one_step_at_every_door(agent: Agent) -> None:
    before = agent.started
    run = agent.forged_terminal(["run", agent.words], ("Approval code", CODE))
    assert run.code == 0 and agent.started == before + 1
    agent.mcp({"approve": True, "code": CODE}, {"wait": True})
    assert agent.started == before + 2
    agent.mcp_http({"approve": True, "code": CODE}, {"wait": True})
    assert agent.started == before + 3
    found = [(job["approval"]["how"], job["approval"]["code"]) for job in jobs(agent)]  # type: ignore[index]
    assert found == [("elicitation", True)] * 2 + [("terminal", True)] * 2


def test_the_code_is_taken_away_by_who_knows_it(agent: Agent) -> None:
    gone = agent.forged_terminal(["approve", "--remove-code"], ("code", CODE))
    assert gone.code == 0, gone.text
    assert agent.shell("run", agent.words, "--yes").code == 0
    again = agent.forged_terminal(["approve", "--set-code"], ("New", CODE), ("again", CODE))
    assert again.code == 0


# Without a code


def test_without_a_code_the_record_tells_how(tmp_path: Path) -> None:
    agent = lay_out(tmp_path, dict(os.environ))
    agent.plan = json.loads(agent.shell("plan", agent.words, "--json").text)["plan_id"]
    silent = agent.shell("approve", agent.plan)
    assert silent.code == 4 and "nobody could be asked" in silent.text and silent.text.count("\n") == 1
    assert agent.shell("approve", agent.plan, typed="y\n").code == 4
    assert agent.shell("run", agent.words).code == 4 and agent.started == 0
    agent.shell("run", agent.words, "--yes")
    agent.shell("approve", agent.plan, "--yes")
    agent.shell("run", agent.words)
    agent.mcp(None, {"wait": True}, SKILLBANK_APPROVE="launch=always")
    agent.mcp("yes", {"wait": True})
    wrong = agent.forged_terminal(["approve", agent.plan], ("Type", "yes"))
    assert wrong.code == 4 and agent.shell("run", agent.words).code == 4
    agent.forged_terminal(["approve", agent.plan], ("Type", agent.plan[:6]))
    agent.shell("run", agent.words)
    agent.forged_terminal(["run", agent.words], ("[y/N]", "y"))
    agent.python("import sys; from skillbank import Runtime\nwith Runtime() as r:\n"
                 "    j = r.launch(r.jobs.store.get_plan(sys.argv[1])); r.jobs.wait(j.id)")  # fmt: skip
    told = [(job["approval"]["how"], job["approval"]["code"]) for job in jobs(agent)]  # type: ignore[index]
    ways = ["program", "terminal", "terminal", "elicitation", "setting", "flag", "flag"]
    assert told == [(way, False) for way in ways]
    assert agent.started == len(ways)
    shown = agent.shell("status", "last").text + agent.shell("results", "last").text
    assert shown.count("program, no code asked") == 2
