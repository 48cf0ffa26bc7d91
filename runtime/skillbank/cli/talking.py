"""A conversation with a language model: begun or taken up, turn by turn, and what is said of it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import typer

from skillbank.agent.chat import SYSTEM, Chat, Limits, Turn
from skillbank.agent.toolbox import Toolbox
from skillbank.agent.transcript import Line, Transcript
from skillbank.bank.engines import example_model
from skillbank.cli import options
from skillbank.cli.conversation import Terminal
from skillbank.environment import MODEL, foreign
from skillbank.errors import UsageError
from skillbank.jobs.approval_subjects import approve_argument, read_plan_subject
from skillbank.language_model.endpoint import Endpoint
from skillbank.nearby import at_home

__all__ = ["converse"]


def converse(
    text: str | None,
    model: str | None,
    resume: str | None,
    limits: tuple[int, int, float | None, tuple[float, float]],
    *,
    yes: bool,
    banks: list[str] | None,
    as_json: bool,
) -> None:
    """Say something to a model, go on while the person has more to say, and report."""
    terminal = Terminal(quiet=as_json, yes=yes)
    if text is not None and not text.strip():
        raise UsageError("Say something: skillbank chat TEXT.")
    if text is None and resume is None and not terminal.interactive:
        raise UsageError(
            f'Say what you want: skillbank chat "train {example_model()} on DATA", or --resume CHAT.'
        )
    with ExitStack() as stack:
        earlier = stack.enter_context(Transcript.resume(resume)) if resume is not None else None
        head = earlier.head if earlier is not None else None
        endpoint = stack.enter_context(Endpoint(model or _model(head), say=terminal.say))
        banks = banks or (None if head is None else head.get("banks"))
        runtime = stack.enter_context(options.open_runtime(banks))
        toolbox = Toolbox(runtime)
        terminal.asks_code = runtime.jobs.store.guard.hard
        terminal.is_code = runtime.jobs.store.guard.is_code
        transcript = earlier or stack.enter_context(
            Transcript.start(SYSTEM, model=endpoint.model, banks=[*map(_absolute, banks or ())])
        )
        _talk(Chat(toolbox, endpoint, transcript, terminal, Limits(*limits)), terminal, text, as_json)


def _talk(chat: Chat, terminal: Terminal, text: str | None, as_json: bool) -> None:
    """Take turns until the person has no more to say."""
    chat_id = chat.transcript.id
    try:
        if text is None and chat.transcript.waits_for_person and terminal.interactive:
            text = terminal.ask()
            if text is None:
                return
        while True:
            turn = chat.turn(text)
            terminal.end()
            if as_json:
                options.print_json(_document(chat, turn))
            else:
                _report(chat, turn, terminal)
            if not terminal.interactive or (text := terminal.ask()) is None:
                break
    except KeyboardInterrupt:
        terminal.end()
        _, jobs = chat.ids()
        running = f"; {', '.join(jobs)} go on" if jobs else ""
        terminal.say(f"interrupted{running}; 'skillbank chat --resume {chat_id}' takes the conversation up")
        raise
    if turn.stopped != "answered" or turn.waiting:
        raise typer.Exit(4 if turn.waiting else 1)


def _report(chat: Chat, turn: Turn, terminal: Terminal) -> None:
    for approval in turn.waiting.values():
        terminal.say(f"needs approval: {approval.question}\n  {_how(approval.subject)}")
    if turn.why:
        terminal.say(turn.why)
    usage = chat.transcript.usage
    tokens = f"{'about ' if usage.estimated else ''}{usage.total} tokens"
    cost = f", cost {chat.cost:.4f}" if chat.cost else ""
    # A model may say that it has trained what it has not.
    _, jobs = chat.ids()
    started = f"started {', '.join(jobs)}" if jobs else "no job was started"
    terminal.say(f"{chat.transcript.id} · {turn.steps} steps, {tokens}{cost}; {started}")


def _document(chat: Chat, turn: Turn) -> dict[str, object]:
    usage = chat.transcript.usage
    plans, jobs = chat.ids()
    failed = {"error": {"code": "endpoint", "message": turn.why}} if turn.stopped == "failed" else {}
    return {
        "chat": chat.transcript.id,
        "text": turn.text,
        "stopped": turn.stopped,
        "why": turn.why,
        "plans": plans,
        "jobs": jobs,
        "needs_approval": [
            {"subject": a.subject, "question": a.question, "how": _how(a.subject)}
            for a in turn.waiting.values()
        ],
        "steps": turn.steps,
        "usage": {"prompt": usage.prompt, "completion": usage.completion, "cached": usage.cached,
                  "total": usage.total, "estimated": usage.estimated, "cost": chat.cost},
        **failed,
    }  # fmt: skip


def _how(subject: str) -> str:
    """Say what a person runs to approve something."""
    kind, _, name = subject.partition(":")
    if kind == "plan":
        argument = approve_argument(*read_plan_subject(name))
        return f"A person runs 'skillbank approve {argument}' in a terminal; then go on with --resume."
    if kind == "cancel":
        return f"'skillbank cancel {name}' stops it."
    return "Go on with --resume on a terminal to be asked."


def _model(head: Line | None) -> str | None:
    """Return the model that a conversation began with, unless the environment names one."""
    named = MODEL.value or foreign("OPENAI_MODEL")
    return None if named or head is None else head.get("model")


def _absolute(folder: str) -> str:
    return str(at_home(Path(folder)).absolute())
