"""``skillbank chat``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.cli import options
from skillbank.environment import MODEL, foreign
from skillbank.errors import UsageError
from skillbank.jobs.approval_subjects import approve_argument, read_plan_subject
from skillbank.nearby import at_home

if TYPE_CHECKING:
    from skillbank.agent.chat import Chat, Turn
    from skillbank.cli.conversation import Terminal


def chat(
    text: options.Text = None,
    model: Annotated[
        str | None, typer.Option("--model", help="The model; else SKILLBANK_MODEL or OPENAI_MODEL.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="CHAT", help="Go on with a conversation; 'last' works.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve every launch of this command.")] = False,
    max_steps: Annotated[int, typer.Option("--max-steps", min=1, help="Requests to the model.")] = 40,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=1, help="Tokens of the whole conversation.")
    ] = 500_000,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", min=0, help="Cost of the conversation; needs --price.")
    ] = None,
    price: Annotated[
        str | None, typer.Option("--price", metavar="IN/OUT", help="Price of a million tokens, e.g. 2.5/10.")
    ] = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Say what you want to a language model that has skillbank's tools; it asks before anything starts.

    The endpoint is OPENAI_BASE_URL, the key OPENAI_API_KEY. On a terminal you can go on talking until an
    empty line.
    """
    from skillbank.agent.chat import SYSTEM, Chat, Limits
    from skillbank.agent.toolbox import Toolbox
    from skillbank.agent.transcript import Transcript
    from skillbank.cli.conversation import Terminal
    from skillbank.language_model.endpoint import Endpoint

    terminal = Terminal(quiet=as_json, yes=yes)
    if text is not None and not text.strip():
        raise UsageError("Say something: skillbank chat TEXT.")
    if text is None and resume is None and not terminal.interactive:
        from skillbank.bank.engines import example_model

        raise UsageError(
            f'Say what you want: skillbank chat "train {example_model()} on DATA", or --resume CHAT.'
        )
    limits = Limits(max_steps, max_tokens, max_cost, _prices(price, max_cost))
    with ExitStack() as stack:
        earlier = stack.enter_context(Transcript.resume(resume)) if resume is not None else None
        head = earlier.head if earlier is not None else {}
        endpoint = stack.enter_context(Endpoint(model or _model(head), say=terminal.say))
        banks = banks or head.get("banks")
        runtime = stack.enter_context(options.open_runtime(banks))
        toolbox = Toolbox(runtime)
        terminal.asks_code = runtime.jobs.store.guard.hard
        terminal.is_code = runtime.jobs.store.guard.is_code
        transcript = earlier or stack.enter_context(
            Transcript.start(SYSTEM, model=endpoint.model, banks=[*map(_absolute, banks or ())])
        )
        _talk(Chat(toolbox, endpoint, transcript, terminal, limits), terminal, text, as_json)


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
    terminal.say(f"{chat.transcript.id} · {turn.steps} steps, {tokens}{cost}")


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


def _prices(price: str | None, max_cost: float | None) -> tuple[float, float]:
    if price is None:
        if max_cost is not None:
            raise UsageError("--max-cost needs the prices: --price IN/OUT for a million tokens, e.g. 2.5/10.")
        return 0.0, 0.0
    try:
        prompt, completion = (float(part) for part in price.split("/"))
    except ValueError:
        prompt = completion = -1.0
    if not (0 <= prompt < float("inf") and 0 <= completion < float("inf")):
        raise UsageError(f"--price '{price}' must be two numbers, IN/OUT for a million tokens, e.g. 2.5/10.")
    return prompt, completion


def _model(head: dict[str, Any]) -> str | None:
    """Return the model that a conversation began with, unless the environment names one."""
    named = MODEL.value or foreign("OPENAI_MODEL")
    return None if named else head.get("model")


def _absolute(folder: str) -> str:
    return str(at_home(Path(folder)).absolute())
