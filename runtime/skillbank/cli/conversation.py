"""A conversation on a terminal: what the model says on stdout, everything else, and questions, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from skillbank.agent.approval import Approval, plain
from skillbank.agent.chat import Audience, Verdict
from skillbank.agent.reply import ToolCall
from skillbank.redact import StreamRedactor, redact
from skillbank.visible import visible as shown

__all__ = ["Terminal"]


class Terminal(Audience):
    """Shows a conversation and asks the person in front of it.

    Parameters
    ----------
    quiet
        Show nothing and ask nothing: stdout is for one document.
    yes
        The person has approved every launch beforehand.
    """

    def __init__(self, *, quiet: bool = False, yes: bool = False) -> None:
        self._quiet, self._yes = quiet, yes
        # A stream that was closed before the start is None.
        ends = (sys.stdin, sys.stderr)
        self.interactive = not quiet and all(end is not None and end.isatty() for end in ends)
        self._redactor = StreamRedactor()
        self._open_line = False

    def text(self, piece: str) -> None:
        """Show a piece of the model's answer as it comes."""
        self._show(self._redactor.feed(piece))

    def end(self) -> None:
        """End the line that the model was writing."""
        self._show(self._redactor.close())
        if self._open_line:
            print(flush=True)
            self._open_line = False

    def say(self, sentence: str) -> None:
        """Say something that is not the model's."""
        self.end()
        if not self._quiet:
            print(f"skillbank: {visible(sentence)}", file=sys.stderr, flush=True)

    def calls(self, calls: Sequence[ToolCall]) -> None:
        """Show what the model asks for."""
        self.end()
        if not self._quiet:
            for call in calls:
                print(f"-> {plain(call.name, 40)} {plain(redact(call.arguments), 200)}", file=sys.stderr)

    def answer(self, call: ToolCall, document: Mapping[str, Any]) -> None:
        """Show in one line what a tool answered."""
        if self._quiet:
            return
        error = document.get("error")
        if isinstance(error, Mapping):
            said = f"{error.get('code')}: {error.get('message')}"
        else:
            facts = (f"{k} {v}" for k, v in _facts(document))
            said = ", ".join(facts) or "done"
        print(f"<- {plain(call.name, 40)} {plain(redact(said), 200)}", file=sys.stderr, flush=True)

    def decide(self, approval: Approval) -> Verdict | None:
        """Ask; ``--yes`` answers for launches, and nobody does where there is no terminal."""
        if self._yes and approval.subject.startswith("plan:"):
            return Verdict(True, "--yes")
        if not self.interactive:
            return None
        self.end()
        _forget_typed()
        print(f"{shown(approval.question)}\n[y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        return Verdict(answer.strip().lower() in ("y", "yes"), "terminal")

    def ask(self) -> str | None:
        """Return what the person says next; None when there is no more."""
        print("> ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip() or None

    def _show(self, text: str) -> None:
        if text and not self._quiet:
            sys.stdout.write(visible(text))
            sys.stdout.flush()
            self._open_line = not text.endswith("\n")


def visible(text: str) -> str:
    """Return text without what moves a terminal's cursor or turns the reading order around."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " if c.isspace() else "" for c in text)


def _facts(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the few short values that say most."""
    plans = document.get("plans")
    found = [("plan", str(p.get("plan_id", ""))[:12]) for p in plans] if isinstance(plans, list) else []
    return found + [(k, str(document[k])) for k in ("job", "state", "count", "lines") if k in document]


def _forget_typed() -> None:
    """Forget what was typed before a question was shown: it is no answer to it."""
    import termios

    try:
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (OSError, ValueError, termios.error):
        return
