"""A conversation where an approval code is set: the person types it, the model never sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillbank import approval_code
from skillbank.approval_code import ApprovalCode
from skillbank.home import database_url
from skillbank.jobs.store import JobStore
from tests.agent.openai_server import Call, Says
from tests.agent.test_chat_cli import Screen, Serve, chat, jobs, serve
from tests.cli.conftest import Command

__all__ = ["chat", "serve"]

pytestmark = pytest.mark.slow

CODE = "tulips in march"


@pytest.fixture
def plan(inline: Command, data: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A plan, and a code that is set."""
    found: str = inline("plan", f"train the toy detector on {data}", "--json").document["plan_id"]
    home = Path(environment["SKILLBANK_HOME"])
    monkeypatch.setenv("SKILLBANK_HOME", str(home))
    monkeypatch.setattr(approval_code, "_COST", approval_code._LEAST)
    made = ApprovalCode.made(CODE, home / "approval-code")
    made.write()
    with JobStore(database_url()) as store:
        store.guard.mark(made)
    return found


def kept(environment: dict[str, str]) -> str:
    """Return all that the conversations of a home have left in it."""
    files = [file for file in Path(environment["SKILLBANK_HOME"]).rglob("*") if file.is_file()]
    return "".join(file.read_bytes().decode(errors="replace") for file in files)


def test_a_person_types_the_code_and_no_other_word_is_one(
    serve: Serve, inline: Command, bank: Path, plan: str, environment: dict[str, str]
) -> None:
    launch = Says(calls=[Call("launch", {"plan_id": plan})])
    served = serve(launch, Says("Wrong."), launch, Says("Then not."), launch, Says("Started it."))
    with Screen(environment, bank, "train") as screen:
        screen.type("y\n")  # typed before anything was asked: no answer to it
        for typed, then in (("yes", "Wrong."), ("", "Then not."), (CODE, "Started it.")):
            screen.see("Approval code (none: no): ")
            assert f"(plan {plan[:12]})?" in screen.seen
            screen.type(f"{typed}\n")
            screen.see(then)
            screen.see("\n> ")
            assert len(jobs(inline)) == (1 if typed == CODE else 0)
            assert CODE not in screen.seen
            screen.seen = ""
            screen.type("\n" if typed == CODE else "again\n")
        assert screen.process.wait(120) == 0
    [job] = jobs(inline)
    approval = inline("status", job["id"], "--json").document["approval"]
    assert (approval["how"], approval["code"]) == ("terminal", True)
    sent = json.dumps([request.body for request in served.requests])
    assert CODE not in sent and "wrong_code" in sent and CODE not in kept(environment)
    notes = [line for line in kept(environment).splitlines() if '"granted"' in line]
    assert [json.loads(line)["granted"] for line in notes if line.startswith("{")] == [False, False, True]


def test_a_code_that_a_model_asks_for_is_not_sent(
    serve: Serve, inline: Command, bank: Path, plan: str, environment: dict[str, str]
) -> None:
    served = serve(Says("Start it?\nApproval code (none: no): "), Says("Very well."))
    with Screen(environment, bank, "train") as screen:
        screen.see("\n> ")
        screen.type(f"{CODE}\n")
        screen.see("it was not sent")
        screen.type("what was that?\n")
        screen.see("Very well.")
        screen.type("\n")
        assert screen.process.wait(120) == 0
    assert CODE not in json.dumps([request.body for request in served.requests])
    assert CODE not in kept(environment) and jobs(inline) == []


@pytest.mark.parametrize("more", [["--yes"], []])
def test_without_a_terminal_nothing_starts_whatever_was_decided(
    serve: Serve, chat: Command, inline: Command, plan: str, more: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_APPROVE", "launch=always,cancel_job=always")
    monkeypatch.setattr("skillbank.cli.terminal._TERMINAL", "/no/such/terminal")
    serve(Says(calls=[Call("launch", {"plan_id": plan})]), Says("It waits."))
    answer = chat("train", *more, "--json")
    assert answer.code == 4 and jobs(inline) == []
    [waiting] = answer.document["needs_approval"]
    assert f"skillbank approve {plan[:12]}" in waiting["how"]
