"""``skillbank chat``: on a pipe, on a terminal, killed, interrupted, and up to a trained detector."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import until
from tests.agent.openai_server import KEY, MODEL, Call, Fails, OpenAIServer, Request, Says, Step
from tests.agent.sensible_model import sensible
from tests.cli.conftest import Command

pytestmark = pytest.mark.slow

Serve = Callable[..., OpenAIServer]


@pytest.fixture
def serve(inline: Command, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a model, and name it in the environment of this process and of those it starts."""
    started = []

    def start(*script: Step, model: Callable[[Request], Step] | None = None) -> OpenAIServer:
        server = OpenAIServer(model or script).__enter__()
        started.append(server)
        named = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY, "SKILLBANK_MODEL": MODEL}
        environment.update(named)
        for name, value in named.items():
            monkeypatch.setenv(name, value)
        return server

    for name in ("SKILLBANK_DATABASE_URL", "SKILLBANK_APPROVE", "SKILLBANK_BANKS", "SKILLBANK_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    yield start
    for server in started:
        server.__exit__()
        assert not server.refused, server.refused


@pytest.fixture
def chat(inline: Command, bank: Path) -> Command:
    return lambda *arguments: inline("chat", *arguments, "--bank", str(bank))


def jobs(inline: Command) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = inline("jobs", "--json").document["jobs"]
    return found


@pytest.mark.slow
def test_one_document_with_everything(serve: Serve, chat: Command, inline: Command, data: Path) -> None:
    serve(model=sensible)
    words = f"train the toy detector on {data} for 3 epochs"
    answer = chat(words, "--yes", "--json", "--price", "2/10")
    assert (answer.code, answer.err) == (0, "")
    document = answer.document
    [job] = jobs(inline)
    assert document["jobs"] == [job["id"]] and job["state"] == "COMPLETE"
    assert document["plans"] == [inline("plan", words, "--json").document["plan_id"]] == [job["plan_id"]]
    assert document["text"] == f"{job['id']} is COMPLETE: val_mAP50 0.700."
    assert (document["stopped"], document["why"], document["needs_approval"]) == ("answered", "", [])
    usage = document["usage"]
    assert usage["total"] == usage["prompt"] + usage["completion"] > 1000
    assert usage["cost"] == pytest.approx((usage["prompt"] * 2 + usage["completion"] * 10) / 1e6)


@pytest.mark.slow
def test_without_a_terminal_a_person_approves_elsewhere(
    serve: Serve, chat: Command, inline: Command, data: Path
) -> None:
    words = f"train the toy detector on {data}"
    planned = inline("plan", words, "--json").document
    plan, sentence = planned["plan_id"], planned["sentence"]
    launch = Says(calls=[Call("launch", {"plan_id": plan})])
    serve(Says(calls=[Call("plan", {"text": words})]), launch, Says("It needs your approval."),
          launch, Says("Started."))  # fmt: skip
    asked = chat(words)
    assert asked.code == 4 and asked.out == "It needs your approval.\n"
    assert "needs approval: Start train of toy-detector on local" in asked.err
    assert f"   {sentence}\n" in asked.err and f"  sentence   {sentence}\n" in asked.err
    assert f"'skillbank approve {plan[:12]}'" in asked.err and jobs(inline) == []
    assert inline("approve", "--yes", plan[:12]).code == 0
    done = chat("--resume", "last", "I have approved it", "--json")
    assert (done.code, done.document["text"]) == (0, "Started.")
    assert [job["plan_id"] for job in jobs(inline)] == [plan]
    assert done.document["plans"] == [plan] and len(done.document["jobs"]) == 1


@pytest.mark.slow
def test_yes_is_for_launches(serve: Serve, chat: Command, inline: Command, data: Path) -> None:
    inline("run", f"train the toy detector on {data}", "--set", "train.seconds=30", "--yes", "--detach")
    serve(Says(calls=[Call("cancel_job", {"job": "last"})]), Says("I may not."))
    answer = chat("stop it", "--yes", "--json")
    assert answer.code == 4
    [job] = jobs(inline)
    assert job["state"] in ("PENDING", "RUNNING")
    assert answer.document["needs_approval"][0]["how"] == f"'skillbank cancel {job['id']}' stops it."
    inline("cancel", "last")


@pytest.mark.parametrize(
    ("said", "terms", "told"),
    [
        (
            "train the toy detector on {data} for 3 epochs",
            {},
            "give another plan: train toy-detector on {data}; 3",
        ),
        ("train the toy detector on {other}, frobbed", {}, "leave a question: words: I did not understand"),
        ("what is there?", {}, "give no plan: "),
        ("train the toy detector on {other}", {"retries": 5}, "are not looked through for terms of a launch"),
        ("Please train the toy detector on {other}.", {}, None),
        ("launch plan {plan}", {}, None),
    ],
)
def test_yes_starts_what_was_said_and_nothing_else(
    serve: Serve, chat: Command, inline: Command, data: Path,
    said: str, terms: dict[str, Any], told: str | None,
) -> None:  # fmt: skip
    other = data.with_name("other")
    other.mkdir()
    (other / "data.txt").write_text("seven")
    plan = inline("plan", f"train the toy detector on {other}", "--json").document["plan_id"]
    serve(
        Says(calls=[Call("plan", {"text": f"train the toy detector on {other}"})]),
        Says(calls=[Call("launch", {"plan_id": plan, **terms})]),
        Says("I did what you said."),
    )
    named = {"data": data, "other": other, "plan": plan[:12]}
    answer = chat(said.format(**named), "--yes")
    if told is None:
        [job] = jobs(inline)
        assert (answer.code, job["plan_id"]) == (0, plan) and answer.err.endswith(f"; started {job['id']}\n")
        return
    assert (answer.code, jobs(inline)) == (4, [])
    assert answer.out == "I did what you said.\n" and answer.err.endswith("; no job was started\n")
    assert f"    your words {told.format(**named)}" in answer.err
    assert f"'skillbank approve {plan[:12]}" in answer.err


@pytest.mark.slow
def test_no_secret_anywhere(
    serve: Serve, chat: Command, inline: Command, data: Path, environment: dict[str, str]
) -> None:
    (data / "data.txt").write_text(f"the key is {KEY}")
    plan = inline("plan", f"train the toy detector on {data}", "--json").document["plan_id"]
    server = serve(
        Says(
            f"I know {KEY}!",
            [Call("search_skills", {"query": KEY}), Call("plan", f'{{"text": "{KEY}')],
            delta=3,
        ),
        Says(calls=[Call("plan", {"text": f"train the toy detector on {data}"})]),
        Says(calls=[Call("launch", {"plan_id": plan})]),
        Says(calls=[Call("job_status", {"job": "last", "wait_seconds": 30})]),
        Says(calls=[Call("job_logs", {"job": "last"})]),
        Says(f"It printed {KEY}", delta=1),
    )
    answer = chat(f"my key is {KEY}, launch {plan}", "--yes")
    assert (
        answer.code == 0
        and "I know [redacted]!" in answer.out
        and answer.out.endswith("It printed [redacted]\n")
    )
    assert "the key is [redacted]" in server.requests[-1].answers()[0]
    assert KEY not in answer.out + answer.err
    assert all(KEY not in json.dumps(request.body) for request in server.requests)
    home = Path(environment["SKILLBANK_HOME"])
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".jsonl" for path in files) and any(path.suffix == ".db" for path in files)
    kept = [p for p in files if KEY.encode() in p.read_bytes()]
    # What the program itself wrote, and its data, are its own.
    assert all(p.parts[len(home.parts)] in ("results", "cache") for p in kept), kept


def test_what_the_model_says_does_not_steer_the_terminal(serve: Serve, chat: Command) -> None:
    serve(
        Says("a\x1b[2J\x1b]0;title\x07b\u202egnp.exe\u2028c\r\nd\te", [Call("list_jobs\x1b[1m", {})]),
        Says("z"),
    )
    answer = chat("go")
    # What would steer it is written out.
    assert answer.out == "a\\x1b[2J\\x1b]0;title\\x07b\\u202egnp.exe\\u2028c\nd\te\nz\n"
    assert "\x1b" not in answer.err and "-> list_jobs\\x1b[1m" in answer.err


def test_with_stdin_closed_nobody_can_be_asked(
    serve: Serve, chat: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(Says("Hello."))
    monkeypatch.setattr("sys.stdin", None)
    assert chat("hi").out == "Hello.\n"


@pytest.mark.parametrize(("arguments", "code", "words"), [
    ([], 2, "Say what you want"),
    (["  "], 2, "Say something"),
    (["x", "--max-cost", "1"], 2, "--max-cost needs the prices"),
    (["x", "--price", "cheap"], 2, "--price 'cheap' must be two numbers"),
    (["x", "--price", "1/nan"], 2, "must be two numbers"),
    (["x", "--resume", "chat-1"], 5, "There is no conversation 'chat-1'"),
    (["x", "--model", "other"], 1, "does not know the model 'other'"),
])  # fmt: skip
def test_what_is_wrong_is_said(
    chat: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    with OpenAIServer([]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("SKILLBANK_MODEL", MODEL)
        answer = chat(*arguments)
    assert answer.code == code and words in answer.err and answer.out == ""


def test_a_failure_is_in_the_document(serve: Serve, chat: Command) -> None:
    serve(Says(calls=[Call("list_jobs", {})]), Fails(400, "too long", "context_length_exceeded"))
    answer = chat("go", "--json")
    assert (answer.code, answer.document["stopped"], answer.document["steps"]) == (1, "failed", 1)
    assert "too long; the conversation has become too long" in answer.document["error"]["message"]


def start(
    environment: dict[str, str], bank: Path, *arguments: str, **options: Any
) -> subprocess.Popen[bytes]:
    # A shell that started the tests in the background has told its children to ignore Ctrl-C.
    heard = ["env", "--default-signal=INT"]
    command = [*heard, sys.executable, "-m", "skillbank", "chat", *arguments, "--bank", str(bank)]
    return subprocess.Popen(command, env=environment, **options)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_between_a_launch_and_its_answer_gives_one_job(
    serve: Serve, inline: Command, bank: Path, data: Path, environment: dict[str, str], moment: str
) -> None:
    server = serve(model=sensible)
    words = f"train the toy detector on {data}"
    command = [sys.executable, "-m", "tests.agent.chat_crash_driver", str(bank), moment, words]
    done = subprocess.run(command, env=environment, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert len(jobs(inline)) == (moment == "after")
    # Nobody is asked again: the approval that was given is used, or the job is there.
    resumed = inline("chat", "--resume", "last", "--json")
    assert resumed.code == 0, resumed.out
    [job] = jobs(inline)
    assert resumed.document["jobs"] == [job["id"]] and job["state"] == "COMPLETE"
    asked = [
        call["function"]["name"] for m in server.requests[-1].messages for call in m.get("tool_calls", ())
    ]
    assert asked.count("launch") == asked.count("plan") == 1, "the model is not asked again either"


@pytest.mark.slow
def test_ctrl_c_ends_the_conversation_and_no_job(
    serve: Serve, inline: Command, bank: Path, data: Path, environment: dict[str, str]
) -> None:
    plan = inline("plan", f"train the toy detector on {data}", "--set", "train.seconds=12", "--json").document
    waiting = Says(calls=[Call("job_status", {"job": "last", "wait_seconds": 600})])
    serve(Says(calls=[Call("launch", {"plan_id": plan["plan_id"]})]), waiting, Says("Done."))
    inline("run", f"train the toy detector on {data}", "--set", "train.seconds=12")  # keeps the plan
    chat = start(
        environment,
        bank,
        f"launch {plan['plan_id'][:12]}",
        "--yes",
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert chat.stderr is not None
        for line in chat.stderr:
            if b"-> job_status" in line:
                break
        time.sleep(0.3)
        begun = time.monotonic()
        chat.send_signal(signal.SIGINT)
        _, err = chat.communicate(timeout=120)
        taken = time.monotonic() - begun
    finally:
        chat.kill()
    [job] = jobs(inline)
    assert chat.returncode == 130 and taken < 5
    assert job["state"] in ("PENDING", "RUNNING"), "it goes on"
    assert f"interrupted; {job['id']} go on; 'skillbank chat --resume chat-" in err.decode()
    until(lambda: jobs(inline)[0]["state"] == "COMPLETE")
    resumed = inline("chat", "--resume", "last", "--json")
    assert (resumed.code, resumed.document["text"]) == (0, "Done.")
    assert len(jobs(inline)) == 1


class Screen:
    """A terminal with a person in front of it."""

    def __init__(self, environment: dict[str, str], bank: Path, *arguments: str) -> None:
        self.side, other = pty.openpty()

        def take_terminal() -> None:
            os.setsid()
            fcntl.ioctl(other, termios.TIOCSCTTY, 0)

        self.process = start(
            environment, bank, *arguments, stdin=other, stdout=other, stderr=other, preexec_fn=take_terminal
        )
        os.close(other)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.side, text.encode())

    def see(self, words: str, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if not select.select([self.side], [], [], 0.2)[0]:
                continue
            try:
                self.seen += os.read(self.side, 4096).decode(errors="replace")
            except OSError:
                break
        assert words in self.seen, self.seen

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.side)


@pytest.mark.slow
def test_a_person_at_a_terminal(
    serve: Serve, inline: Command, bank: Path, data: Path, environment: dict[str, str]
) -> None:
    words = f"train the toy detector on {data}"
    plan = inline("plan", words, "--json").document["plan_id"]
    look, launch = (
        Says(calls=[Call("plan", {"text": words})]),
        Says(calls=[Call("launch", {"plan_id": plan})]),
    )
    serve(look, launch, Says("Then not."), launch, Says("Started it."))
    with Screen(environment, bank, "train") as screen:
        screen.type("y\ny\n")  # typed before anything was asked: no answer to it
        screen.see("[y/N]")
        assert f"(plan {plan[:12]})?" in screen.seen and screen.seen.endswith("\n[y/N] ")
        screen.type("n\n")
        screen.see("Then not.")
        assert jobs(inline) == []
        screen.see("\n> ")
        screen.seen = ""
        screen.type("yes, do it\n")
        screen.see("[y/N]")
        screen.type("y\n")
        screen.see("Started it.")
        screen.see("\n> ")
        screen.type("\n")
        assert screen.process.wait(120) == 0
    assert [job["plan_id"] for job in jobs(inline)] == [plan]
