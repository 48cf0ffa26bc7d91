"""A conversation on a terminal: what the model says on stdout, everything else, and questions, on stderr."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from skillbank.agent.approval import Approval
from skillbank.agent.chat import Audience, Verdict
from skillbank.cli import terminal
from skillbank.cli.person import person
from skillbank.language_model.reply import ToolCall
from skillbank.redact import StreamRedactor
from skillbank.visible import one_line

__all__ = ["Terminal"]


class Terminal(Audience):
    """Shows a conversation and asks the person in front of it.

    Parameters
    ----------
    quiet
        Show nothing and ask nothing: stdout is for one document.
    yes
        The person has approved every launch of what they said beforehand.
    """

    def __init__(self, *, quiet: bool = False, yes: bool = False) -> None:
        self._quiet, self._yes = quiet, yes
        self.interactive = not quiet and terminal.answering() and terminal.interactive(err=True)
        self._redactor = StreamRedactor()
        self._open_line = False
        self.asks_code = False
        self.is_code: Callable[[str], bool] = lambda _: False

    def text(self, answer: str) -> None:
        """Show what the model answered."""
        self.end()
        self._show(self._redactor.feed(answer))

    def end(self) -> None:
        """End the line that the model was writing."""
        self._show(self._redactor.close())
        if self._open_line:
            terminal.say()
            self._open_line = False

    def say(self, sentence: str) -> None:
        """Say something that is not the model's."""
        self.end()
        if not self._quiet:
            terminal.warn(sentence)

    def calls(self, calls: Sequence[ToolCall]) -> None:
        """Show what the model asks for."""
        self.end()
        if not self._quiet:
            for call in calls:
                terminal.say(f"-> {one_line(call.name, 40)} {one_line(call.arguments, 200)}", err=True)

    def answer(self, call: ToolCall, document: Mapping[str, object]) -> None:
        """Show in one line what a tool answered."""
        if self._quiet:
            return
        error = document.get("error")
        if isinstance(error, Mapping):
            said = f"{error.get('code')}: {error.get('message')}"
        else:
            facts = (f"{k} {v}" for k, v in _facts(document))
            said = ", ".join(facts) or "done"
        terminal.say(f"<- {one_line(call.name, 40)} {one_line(said, 200)}", err=True)
        for sentence in _sentences(document):
            terminal.say(f"   {sentence}", err=True)

    def decide(self, approval: Approval) -> Verdict | None:
        """Ask; ``--yes`` answers for launches of what was said, and nobody where there is no terminal."""
        if self.asks_code:
            self.end()
            code = terminal.secret(approval.question, "Approval code (none: no): ")
            return None if code is None else Verdict(bool(code), person(), "terminal", code)
        if self._yes and approval.subject.startswith("plan:") and not approval.unlike:
            return Verdict(True, person(), "flag")
        if not self.interactive:
            return None
        self.end()
        return Verdict(terminal.ask(approval.question, err=True), person(), "terminal")

    def ask(self) -> str | None:
        """Return what the person says next; None when there is no more.

        A model can write a question that looks like ours, so that an approval code typed here goes nowhere.
        """
        while (said := terminal.hear("> ")) is not None and self.is_code(said):
            self.say(
                "That is the approval code: it was not sent. skillbank asks for it by itself, and not here."
            )
        return said

    def _show(self, text: str) -> None:
        if text and not self._quiet:
            terminal.say(text, end="")
            self._open_line = not text.endswith("\n")


def _facts(document: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the few short values that say most."""
    plans = document.get("plans")
    found = [("plan", str(p.get("plan_id", ""))[:12]) for p in plans] if isinstance(plans, list) else []
    return found + [(k, str(document[k])) for k in ("job", "state", "count", "lines") if k in document]


def _sentences(document: Mapping[str, object]) -> list[str]:
    """Return the plans that a tool made, read back."""
    plans = document.get("plans")
    return [str(p["sentence"]) for p in plans if "sentence" in p] if isinstance(plans, list) else []
