"""An agent with a shell that wants a job started and has nobody's approval: every way that it tries.

It runs as the same user, reads and writes what that user may, follows our own hints, and knows no code.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skillbank.approval_code import ApprovalCode
from tests.agent.mcp_clients import HttpServer, Place, opened
from tests.cli.conftest import INFO, PROGRAM, TEMPLATE
from tests.terminals import Said, at_terminal, without_terminal

__all__ = ["GUESSES", "TRIES", "Agent", "lay_out"]

GUESSES = ("password", "12345678", "hunter2hunter2")
_OWN = "the agent's own code"


@dataclass
class Agent:
    """What the agent has found.

    Attributes
    ----------
    home
        The folder of skillbank's state.
    bank, words
        What it wants to start, in words.
    plan, other
        The ids of that plan, and of one that was approved and run before.
    job
        The job of that one.
    """

    root: Path
    environment: dict[str, str]
    words: str
    plan: str = ""
    other: str = ""
    job: str = ""
    http: HttpServer | None = None
    said: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / ".skillbank"

    @property
    def code_file(self) -> Path:
        return self.home / "approval-code"

    @property
    def bank(self) -> Path:
        return self.root / "bank"

    @property
    def started(self) -> int:
        """How often the bank's program has really begun to run."""
        marks = self.root / "started"
        return len(marks.read_text().splitlines()) if marks.exists() else 0

    def shell(self, *arguments: str, typed: str | None = None, **environment: str) -> Said:
        said = without_terminal(arguments, {**self.environment, **environment}, typed)
        self.said.append(said.text)
        return said

    def forged_terminal(self, arguments: list[str], *answers: tuple[str, str], **environment: str) -> Said:
        said = at_terminal(arguments, {**self.environment, **environment}, *answers)
        self.said.append(said.text)
        return said

    def python(self, program: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", program, self.plan],
            env=self.environment,
            text=True,
            capture_output=True,
            check=False,
            start_new_session=True,
        )
        self.said.append(done.stdout + done.stderr)

    def sql(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        with sqlite3.connect(self.home / "skillbank.db", timeout=30) as db:
            for text, values in statements:
                db.execute(text, values)

    def asked(self, text: str) -> Any:
        with sqlite3.connect(self.home / "skillbank.db", timeout=30) as db:
            return db.execute(text).fetchone()[0]

    def mcp(self, reply: Any, arguments: dict[str, Any] | None = None, **environment: str) -> None:
        """Call launch over stdio as a client that answers every question with the same reply."""
        self.said.append(asyncio.run(self._launch(reply, arguments, None, environment)))

    def mcp_http(self, reply: Any, arguments: dict[str, Any] | None = None) -> None:
        assert self.http is not None
        self.said.append(asyncio.run(self._launch(reply, arguments, self.http, {})))

    async def _launch(
        self, reply: Any, arguments: dict[str, Any] | None, http: HttpServer | None, more: dict[str, str]
    ) -> str:
        place = Place(self.bank, {**self.environment, **more}, http)
        says = None if reply is None else (lambda _: reply)
        async with opened("sdk", place, says=says) as client:
            answer, _ = await client.call("launch", {"plan_id": self.plan, **(arguments or {})})
        return json.dumps(answer)


def lay_out(root: Path, environment: dict[str, str]) -> Agent:
    """Lay out a user's home with a bank whose program notes that it has run, and data."""
    mark = f"import pathlib; pathlib.Path({str(root / 'started')!r}).open('a').write('once\\n')\n"
    (root / "program.py").write_text(mark + PROGRAM)
    references = root / "bank" / "toy-detector" / "references"
    references.mkdir(parents=True)
    (references.parent / "SKILL.md").write_text(
        "---\nname: toy-detector\ndescription: A toy that detects toys.\n---\n# Toy\n"
    )
    (references / "skill_info.yaml").write_text(
        INFO.format(python=sys.executable, program=root / "program.py")
    )
    for action in ("train", "evaluate"):
        (references / f"spec_template_{action}.yaml").write_text(TEMPLATE)
    (root / "data").mkdir()
    (root / "data" / "data.txt").write_text("forty-two")
    kept = {k: v for k, v in environment.items() if not k.startswith("SKILLBANK_") and k != "COLUMNS"}
    kept |= {"HOME": str(root), "SKILLBANK_BANKS": str(root / "bank"), "TERM": "dumb"}
    kept["SKILLBANK_TRUST"] = f"{root / 'bank'}@*"
    return Agent(root, kept, f"train the toy detector on {root / 'data'}")


TRIES: dict[str, Callable[[Agent], Any]] = {}


def _try(work: Callable[[Agent], None]) -> Callable[[Agent], None]:
    TRIES[work.__name__.lstrip("_")] = work
    return work


def _simple(name: str, work: Callable[[Agent], Any]) -> None:
    TRIES[name] = work


# A shell without a terminal


def _run(*more: str, typed: str | None = None) -> Callable[[Agent], Any]:
    return lambda agent: agent.shell("run", agent.words, *more, typed=typed)


def _approve(*more: str, typed: str | None = None, terms: str = "") -> Callable[[Agent], Any]:
    """Approve, and use that."""

    def work(agent: Agent) -> None:
        agent.shell("approve", f"{agent.plan}{terms}", *more, typed=typed)
        agent.shell("run", agent.words)

    return work


_simple("run", _run())
_simple("run_yes", _run("--yes"))
_simple("run_yes_detached", _run("-y", "--detach"))
_simple("run_yes_json", _run("--yes", "--json"))
_simple("run_yes_with_options", _run("--retries", "9", "--yes"))
_simple("approve", _approve())
_simple("approve_yes", _approve("--yes"))
_simple("approve_yes_json", _approve("--yes", "--json"))
_simple("approve_yes_with_terms", _approve("--yes", terms=":retries=7"))
for _name, _typed in {"y": "y\n", "yes": "yes\n", "guess": f"{GUESSES[0]}\n"}.items():
    _simple(f"run_with_{_name}_in_a_pipe", _run(typed=_typed))
    _simple(f"approve_with_{_name}_in_a_pipe", _approve(typed=_typed))


@_try
def _approve_with_the_word_in_a_pipe(agent: Agent) -> None:
    _approve(typed=f"{agent.plan[:6]}\n")(agent)


@_try
def _our_hints_followed(agent: Agent) -> None:
    refused = agent.shell("run", agent.words).text
    asyncio_answer = asyncio.run(agent._launch(None, None, None, {}))
    hints = re.findall(r"skillbank ((?:approve|run)[^'\"\\]*)'", refused + asyncio_answer)
    assert hints, refused
    for hint in hints:
        agent.shell(*hint.split())
        agent.shell(*hint.split(), "--yes")
    agent.shell("run", agent.words)
    agent.mcp(None)


_simple("resume", lambda a: a.shell("run", "--resume", "last", "--yes"))
_simple("resume_the_old_job", lambda a: a.shell("run", "--resume", a.job, "--yes"))
_simple("set_code_without_a_terminal", lambda a: a.shell("approve", "--set-code", typed=f"{_OWN}\n" * 3))
_simple("remove_code_without_a_terminal", lambda a: a.shell("approve", "--remove-code", typed="y\n"))

# Its own environment

_simple("setting", lambda a: a.shell("run", a.words, SKILLBANK_APPROVE="launch=always"))
_simple(
    "code_file_that_is_none",
    lambda a: a.shell("run", a.words, "--yes", SKILLBANK_APPROVAL_CODE_FILE="/no/such/file"),
)
_simple("another_home", lambda a: a.shell("run", a.words, "--yes", SKILLBANK_HOME=str(a.root / "other")))
_simple(
    "another_database",
    lambda a: a.shell("run", a.words, "--yes", SKILLBANK_DATABASE_URL=f"sqlite:///{a.root / 'other.db'}"),
)


@_try
def _own_code_in_its_own_file(agent: Agent) -> None:
    own = agent.root / "own-code"
    ApprovalCode.made(_OWN, own).write()
    named = {"SKILLBANK_APPROVAL_CODE_FILE": str(own)}
    agent.forged_terminal(["run", agent.words], ("code", _OWN), ("code", ""), **named)


@_try
def _code_in_the_environment(agent: Agent) -> None:
    for name in ("SKILLBANK_APPROVAL_CODE", "SKILLBANK_CODE"):
        agent.shell("run", agent.words, "--yes", **{name: GUESSES[0]})


# A forged terminal

_simple("terminal_y", lambda a: a.forged_terminal(["run", a.words], ("code", "y"), ("code", "")))
_simple(
    "terminal_run_yes",
    lambda a: a.forged_terminal(["run", a.words, "--yes"], ("code", "yes"), ("code", "")),
)
_simple("terminal_nothing", lambda a: a.forged_terminal(["approve", a.plan], ("code", "")))
_simple(
    "terminal_word",
    lambda a: (
        a.forged_terminal(["approve", a.plan], ("code", a.plan[:6]), ("code", "")),
        a.shell("run", a.words),
    ),
)
_simple(
    "terminal_guesses",
    lambda a: (
        a.forged_terminal(["approve", a.plan], *[("code", guess) for guess in GUESSES]),
        a.forged_terminal(["run", a.words], *[("code", guess) for guess in GUESSES]),
    ),
)
_simple(
    "terminal_set_code",
    lambda a: a.forged_terminal(["approve", "--set-code"], ("code", GUESSES[1]), ("code", _OWN)),
)
_simple(
    "terminal_remove_code", lambda a: a.forged_terminal(["approve", "--remove-code"], ("code", GUESSES[1]))
)

# Forged replies over MCP


def _reply(reply: Any) -> Callable[[Agent], Any]:
    return lambda agent: agent.mcp(reply)


for _name, _answer in {
    "no_elicitation": None,
    "yes_without_a_code": {"approve": True},
    "yes_with_an_empty_code": {"approve": True, "code": ""},
    "yes_with_a_guess": {"approve": True, "code": GUESSES[2]},
    "yes_as_text": {"approve": "true", "code": "true"},
    "code_that_is_no_text": {"approve": True, "code": True},
}.items():
    _simple(f"mcp_{_name}", _reply(_answer))
_simple("mcp_setting", lambda a: a.mcp(None, SKILLBANK_APPROVE="launch=always cancel_job=always"))
_simple("mcp_arguments", lambda a: a.mcp(None, {"approved": True, "code": GUESSES[0]}))
_simple("mcp_key_of_the_old_launch", lambda a: a.mcp(None, {"idempotency_key": a.job}))
_simple("http_no_elicitation", lambda a: a.mcp_http(None))
_simple("http_yes_with_a_guess", lambda a: a.mcp_http({"approve": True, "code": GUESSES[2]}))


@_try
def _http_reply_without_a_question(agent: Agent) -> None:
    import httpx2

    assert agent.http is not None
    reply = {"approval": {"action": "accept", "content": {"approve": True, "code": GUESSES[0]}}}
    params = {"name": "launch", "arguments": {"plan_id": agent.plan}}
    params |= {"inputResponses": reply, "requestState": secrets.token_urlsafe(24)}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28"}
    for token in ("guessed", agent.http.token):
        shown = {**headers, "Authorization": f"Bearer {token}"}
        agent.said.append(httpx2.post(agent.http.url, json=call, headers=shown, timeout=60).text)


# A written database

_GRANT = "INSERT INTO grants (subject, granted_by, granted, data, given) VALUES (?, ?, ?, ?, ?)"


def _forged(agent: Agent, **more: Any) -> dict[str, Any]:
    given = {"subject": f"plan:{agent.plan}", "how": "terminal", "by": "the boss", "code": True, "seen": []}
    given |= {"at": datetime.now(UTC).isoformat(), "nonce": secrets.token_hex(16), "seal": "00" * 64}
    return {**given, **more}


def _granted(agent: Agent, given: Any) -> None:
    row = (f"plan:{agent.plan}", "the boss", str(datetime.now(UTC)), "[]", given and json.dumps(given))
    agent.sql((_GRANT, row))
    agent.shell("run", agent.words)
    agent.mcp(None)
    agent.sql(("DELETE FROM grants WHERE used IS NULL", ()))


def _sealed(agent: Agent) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(agent.asked("SELECT given FROM grants WHERE used IS NOT NULL"))
    assert given["seal"] and given["subject"] == f"plan:{agent.other}"
    return given


_simple("written_approval_without_a_seal", lambda a: _granted(a, None))
_simple("written_approval_with_a_made_up_seal", lambda a: _granted(a, _forged(a)))
_simple(
    "written_approval_with_the_seal_of_another",
    lambda a: _granted(a, _forged(a, seal=_sealed(a)["seal"], nonce=_sealed(a)["nonce"])),
)
_simple("written_approval_of_another_plan", lambda a: _granted(a, _sealed(a)))


@_try
def _old_approval_replayed(agent: Agent) -> None:
    agent.sql(("UPDATE grants SET used = NULL", ()))
    agent.shell("run", agent.words.replace("train", "train", 1), "--set", "train.num_epochs=1")
    agent.mcp(None, {"plan_id": agent.other})
    agent.sql(("UPDATE grants SET used = granted", ()))


@_try
def _old_approval_replayed_from_another_home(agent: Agent) -> None:
    agent.sql(("UPDATE grants SET used = NULL", ()))
    more = {"SKILLBANK_HOME": str(agent.root / "third"), "SKILLBANK_APPROVE": "launch=always"}
    more["SKILLBANK_DATABASE_URL"] = f"sqlite:///{agent.home / 'skillbank.db'}"
    agent.mcp(None, {"plan_id": agent.other}, **more)
    agent.shell("run", agent.words, "--set", "train.num_epochs=1", **more)
    agent.sql(("UPDATE grants SET used = granted", ()))


@_try
def _old_approval_replayed_without_its_job(agent: Agent) -> None:
    agent.sql(
        ("UPDATE grants SET used = NULL", ()),
        ("UPDATE jobs SET plan_id = 'x', idempotency_key = 'x' WHERE id = ?", (agent.job,)),
    )
    agent.mcp(None, {"plan_id": agent.other})
    agent.sql(
        ("UPDATE grants SET used = granted", ()),
        ("UPDATE jobs SET plan_id = ? WHERE id = ?", (agent.other, agent.job)),
    )


def _failed_job(agent: Agent, job: str, **more: str) -> None:
    """Write the record of a job that failed by no fault of its program, so that another attempt follows."""
    with sqlite3.connect(agent.home / "skillbank.db", timeout=30) as db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM jobs WHERE id = ?", (agent.job,)).fetchone())
        failure = {"kind": "INFRA", "name": "node_lost", "explanation": "the node was lost"}
        row |= {"id": job, "state": "ERROR", "failure": json.dumps(failure), "settled": None, "seq": None}
        row |= {"retry": json.dumps({"infra": 9, "batch_key": None}), "idempotency_key": job, **more}
        row |= {"results_dir": str(agent.root / "results" / job)}
        names = ", ".join(row)
        db.execute(f"INSERT INTO jobs ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
        # Long ago, so that nothing waits for the pause before the next attempt.
        line = (job, "2020-01-01 00:00:00.000000", "ERROR", "lost")
        db.execute("INSERT INTO transitions (job_id, at, state, message) VALUES (?, ?, ?, ?)", line)
    agent.shell("status", job)
    agent.python(f"from skillbank.background.supervisor import main; main({job!r})")
    last = agent.asked(f"SELECT message FROM transitions WHERE job_id = '{job}' ORDER BY seq DESC")
    assert "no further attempt" in last, "a supervisor looked at it, and started nothing"
    agent.shell("run", "--resume", job, "--yes")
    agent.sql(("DELETE FROM transitions WHERE job_id = ?", (job,)), ("DELETE FROM jobs WHERE id = ?", (job,)))


@_try
def _written_job_that_wants_another_attempt(agent: Agent) -> None:
    plan = agent.asked(f"SELECT document FROM plans WHERE plan_id = '{agent.plan}'")
    approval = json.dumps(_forged(agent))
    _failed_job(agent, "forged-1", plan=plan, plan_id=agent.plan, approval=approval)


@_try
def _written_job_with_the_approval_of_another(agent: Agent) -> None:
    plan = agent.asked(f"SELECT document FROM plans WHERE plan_id = '{agent.plan}'")
    _failed_job(agent, "forged-2", plan=plan, plan_id=agent.plan)


@_try
def _written_copy_of_an_approved_job(agent: Agent) -> None:
    _failed_job(agent, "forged-3")


@_try
def _written_trial_of_a_search(agent: Agent) -> None:
    agent.python(
        "import sys; from skillbank import Runtime; from skillbank.jobs.trials import TrialOf\n"
        "with Runtime() as r:\n"
        f"    r.jobs.launch(r.jobs.store.get_plan(sys.argv[1]), trial=TrialOf({agent.job!r}, 0))"
    )


@_try
def _code_forgotten_by_the_store(agent: Agent) -> None:
    kept = agent.asked("SELECT public FROM approval_codes ORDER BY seq DESC")
    agent.sql(("DELETE FROM approval_codes", ()))
    agent.shell("run", agent.words, "--yes")
    agent.sql(("INSERT INTO approval_codes (public, since) VALUES (?, '2026-01-01 00:00:00')", (kept,)))


# The file of the code


def _with_file(agent: Agent, change: Callable[[Path], object]) -> None:
    file, beside = agent.code_file, agent.root / "kept-code"
    shutil.copy(file, beside)
    try:
        change(file)
        agent.shell("run", agent.words, "--yes")
        agent.forged_terminal(["run", agent.words], ("code", _OWN), ("code", ""))
        agent.mcp({"approve": True, "code": _OWN})
    finally:
        file.unlink(missing_ok=True)
        shutil.copy(beside, file)


_simple("file_removed", lambda a: _with_file(a, Path.unlink))
_simple("file_emptied", lambda a: _with_file(a, lambda f: f.write_text("")))
_simple("file_replaced", lambda a: _with_file(a, lambda f: ApprovalCode.made(_OWN, f).write()))


@_try
def _file_that_leads_nowhere(agent: Agent) -> None:
    def lead(file: Path) -> None:
        file.unlink()
        file.symlink_to("/no/such")

    _with_file(agent, lead)


@_try
def _file_and_mark_taken_from_a_running_server(agent: Agent) -> None:
    """The store's mark is gone too, so a new process would ask nobody; one that runs still asks."""
    kept, file = agent.code_file.read_text(), agent.code_file
    mark = agent.asked("SELECT public FROM approval_codes ORDER BY seq DESC")
    file.unlink()
    agent.sql(("DELETE FROM approval_codes", ()))
    try:
        agent.mcp_http({"approve": True, "code": _OWN})
        agent.mcp_http({"approve": True})
    finally:
        file.write_text(kept)
        agent.sql(("INSERT INTO approval_codes (public, since) VALUES (?, '2026-01-01 00:00:00')", (mark,)))


# Our own Python

_OPEN = (
    "import sys; from skillbank import Runtime\n"
    "with Runtime() as r:\n    p = r.jobs.store.get_plan(sys.argv[1])\n    "
)
_GIVEN = (
    "from skillbank.jobs.given import GivenApproval; from datetime import *\n    g = GivenApproval("
    "subject='plan:' + p.plan_id, how='terminal', by='boss', code=True, nonce='ab', seal='00' * 64, "
    "at=datetime.now(UTC), seen=r.data_of(p))\n    "
)
_simple("python_launch", lambda a: a.python(f"{_OPEN}r.launch(p)"))
_simple(
    "python_launch_with_a_made_up_approval", lambda a: a.python(f"{_OPEN}{_GIVEN}r.launch(p, approval=g)")
)
_simple(
    "python_jobs_launch_with_a_made_up_approval",
    lambda a: a.python(f"{_OPEN}{_GIVEN}r.jobs.launch(p, approval=g, data=g.seen)"),
)


@_try
def _python_approval_kept(agent: Agent) -> None:
    agent.python(f"{_OPEN}{_GIVEN}r.jobs.store.approvals.grant(g)")
    agent.shell("run", agent.words)


_simple(
    "python_toolbox",
    lambda a: a.python(
        f"{_OPEN}from skillbank.agent.toolbox import Toolbox\n    t = Toolbox(r)\n    "
        "q = t.call('launch', {'plan_id': p.plan_id}).approval\n    t.approve(q, by='the boss')\n    "
        "t.launch(plan_id=p.plan_id)"
    ),
)
_simple(
    "python_policy",
    lambda a: a.python(
        f"{_OPEN}from skillbank.agent.toolbox import ApprovalPolicy, Toolbox\n    "
        "Toolbox(r, approvals=ApprovalPolicy({'launch': 'always'})).launch(plan_id=p.plan_id)"
    ),
)
