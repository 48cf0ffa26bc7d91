"""``skillbank trust BANK``: whether anything of a bank from outside may run is for a person to say."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.bank.discovery import Bank
from skillbank.cli import options, terminal
from skillbank.cli.anchors import trust_group
from skillbank.cli.trust_view import decision_line, difference_lines, look_lines
from skillbank.errors import SkillNotFoundError, TrustError, UsageError, did_you_mean
from skillbank.nearby import at_home
from skillbank.sources.kept import banks_dir
from skillbank.trust.beforehand import entries
from skillbank.trust.decisions import all_decisions, forget, keep
from skillbank.trust.look import difference, earlier, look
from skillbank.trust.standing import standing
from skillbank.visible import one_line, visible

if TYPE_CHECKING:
    from skillbank.runtime import Runtime
    from skillbank.trust.decisions import Decision
    from skillbank.trust.look import Look

__all__ = ["app", "ask_for", "trust"]


def trust(
    bank: Annotated[
        str | None,
        typer.Argument(metavar="BANK", help="A bank's name or folder; BANK@DIGEST is that and nothing else."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Trust it as it is shown, without a question.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", "--revoke", help="Trust it no more.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List what was decided.")] = False,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Show what a bank from outside can start, ask whether anything of it may run, and keep the answer.

    'skillbank trust anchor --help' is about the certificates through which signers are known.
    """
    if listed:
        if bank is not None or yes or remove:
            raise UsageError("trust --list lists every decision; leave out the rest.")
        _list(banks, as_json)
        return
    if bank is None:
        raise UsageError("Give a bank's name or folder: skillbank trust BANK; --list shows what was decided.")
    name, digest = _argument(bank)
    if remove:
        _remove(name, banks, as_json)
        return
    with options.open_runtime(banks) as runtime:
        found = _find(runtime, name)
    _decide(found, digest, yes, as_json)


def ask_for(runtime: Runtime, banks: Iterable[Bank], as_json: bool) -> None:
    """Let nothing go on with banks that nobody trusts: at a terminal show them and ask, elsewhere refuse."""
    for bank in {bank.root: bank for bank in banks}.values():
        found = standing(bank)
        if found.may_run:
            continue
        if as_json or not _asks():
            raise TrustError(found.sentence)
        _decide(bank, None, yes=False, as_json=False)


def _argument(text: str) -> tuple[str, str | None]:
    """Return the bank and the digest of ``BANK@DIGEST``; any other ``@`` is a part of the name."""
    name, at, digest = text.rpartition("@")
    known = bool(at and name) and len(digest) == 64 and not set(digest) - set("0123456789abcdef")
    return (name, digest) if known else (text, None)


def _find(runtime: Runtime, name: str) -> Bank:
    """Return the bank of this name among those in use, else the one in this folder.

    Raises
    ------
    SkillNotFoundError
        When there is none.
    UsageError
        When the name is a bank's and a folder's here, of different banks.
    """
    folder, known = at_home(Path(name)), runtime.library.banks
    named = next((b for b in known if b.name == name), None)
    there = folder.resolve() if folder.is_dir() else None
    if named is not None:
        _refuse_unclear(named, there, name)
        return named
    if there is not None:
        return next((b for b in known if b.root == there), None) or Bank(folder)
    near = one_line(did_you_mean(name, [b.name for b in known]))
    raise SkillNotFoundError(
        f"There is no bank '{one_line(name)}'{near}; give its folder, or name it as 'skillbank skills' does."
    )


def _refuse_unclear(named: Bank, there: Path | None, name: str) -> None:
    """Raise `UsageError` where a name is a bank's and that of another folder here.

    An installed bank's name is one that a person gave; any other bank can call itself like a folder here.
    """
    installed = os.sep not in name and named.root == (banks_dir() / name).resolve()
    if there is not None and there != named.root and not installed:
        raise UsageError(
            f"'{one_line(name)}' is a bank and a folder here; write ./{one_line(name)} for the folder, or "
            f"{one_line(named.root, 300)} for the bank."
        )


def _decide(bank: Bank, digest: str | None, yes: bool, as_json: bool) -> None:
    """Show a bank, ask, and keep the answer."""
    before = earlier(bank)  # read before the look, so that what others decide meanwhile is seen in the look
    seen, asks = look(bank), not as_json and _asks()
    decided = before is not None and before.digest == seen.digest and seen.standing.may_run
    document, lines = seen.document(), look_lines(seen)
    if before is not None and not decided:
        changed = difference(seen, before)
        document["changed"] = changed.document()
        lines = difference_lines(changed, seen, before)
    told = _say_nothing if as_json else _say
    told(lines)
    refused, name = "", one_line(seen.bank)
    if digest is not None and digest != seen.digest:
        refused = f"Bank {name} has digest {seen.digest}, not {digest}; nothing was decided."
    elif known := _known(seen, decided=decided, yes=yes):
        decision = f"Bank {name} {known}."
        document["decided"] = decision
        told(["", decision])
    elif yes or (asks and _confirmed(seen)):
        keep(seen.decision())
        document |= {"state": "trusted", "decided": "now"}
        told([f"Bank {name} is trusted as it lies there now, digest {seen.digest[:12]}."])
    elif asks:
        refused = f"Bank {name} was not trusted; nothing of it runs."
    else:
        refused = (
            f"Nobody was asked whether bank {name} is to be trusted, for this is no terminal; "
            f"a person gives --yes, or {_ahead(seen)} decides beforehand."
        )
    _answer(document, refused, as_json)


def _answer(document: dict[str, object], refused: str, as_json: bool) -> None:
    """End with what was decided, and, where nobody trusts the bank, with why."""
    if not as_json:
        if refused:
            raise TrustError(refused)
        return
    if refused:
        error = TrustError(refused)
        options.print_json({**document, "error": {"code": error.code, "message": refused}})
        raise typer.Exit(error.exit_code)
    options.print_json(document)


def _known(seen: Look, *, decided: bool, yes: bool) -> str:
    """Say why there is nothing to decide about a bank; empty where there is.

    ``yes`` also keeps what is only trusted beforehand.
    """
    if seen.standing.state == "own":
        return "comes with skillbank, so there is nothing to decide"
    if decided:
        return "is trusted already"
    return "is trusted beforehand by SKILLBANK_TRUST" if seen.standing.may_run and not yes else ""


def _ahead(seen: Look) -> str:
    return f'SKILLBANK_TRUST="{shlex.quote(one_line(seen.root, 400))}@{seen.digest}"'


def _asks() -> bool:
    """Whether a person sits in front of this command."""
    return terminal.answering() and terminal.interactive()


def _confirmed(seen: Look) -> bool:
    """Ask, and take nothing but the whole word for a yes."""
    return terminal.ask(
        f"\nMay commands of bank {one_line(seen.bank)} be started, each once you have approved its plan, as "
        "long as its files stay as they are?",
        whole=True,
    )


def _remove(name: str, banks: list[str] | None, as_json: bool) -> None:
    """Take back what was decided about a bank, also when its folder is gone."""
    place = Path(os.path.realpath(Path(name).expanduser()))
    if forget(place):
        roots = [str(place)]
    else:
        roots = [d.root for d in all_decisions()[0] if d.bank == name]
        if len(roots) > 1:
            where = ", ".join(one_line(root, 300) for root in roots)
            raise UsageError(f"Several banks are called '{one_line(name)}'; give the folder: {where}.")
        if not roots:
            raise SkillNotFoundError(
                f"Nothing was decided about a bank '{one_line(name)}'; 'skillbank trust --list' shows what "
                "was."
            )
        forget(Path(roots[0]))
    if as_json:
        options.print_json({"removed": roots})
    else:
        terminal.say(f"The bank at {one_line(roots[0], 400)} is no longer trusted.")


def _list(banks: list[str] | None, as_json: bool) -> None:
    """List every decision, what SKILLBANK_TRUST says, and what of it cannot be read or means no bank here."""
    decisions, broken = all_decisions()
    said = entries()
    with options.open_runtime(banks) as runtime:
        here = list(runtime.library.banks)
    meant = [any(e.means(b.name, b.root) for b in here) for e in said]
    states = [standing(bank) for bank in here]
    if as_json:
        document = {
            "decisions": [_decision_document(d) for d in decisions],
            "beforehand": [
                {"bank": visible(entry.bank), "digest": entry.digest, "here": known}
                for entry, known in zip(said, meant, strict=True)
            ],
            "banks": [{"bank": visible(s.bank), "state": s.state, "digest": s.digest} for s in states],
            "broken": broken,
        }
        options.print_json(document)
        return
    _say(decision_line(d) for d in decisions)
    for entry, known in zip(said, meant, strict=True):
        unknown = "" if known else " (no bank in use here is meant by it)"
        terminal.say(f"SKILLBANK_TRUST: {one_line(entry.bank, 400)} with digest {entry.digest[:12]}{unknown}")
    if not decisions and not said:
        terminal.say("Nothing was decided: no bank from outside is trusted.")
    for found in states:
        if found.state == "changed":
            terminal.say(found.sentence)
    _say(broken)


def _decision_document(decision: Decision) -> dict[str, object]:
    return {
        "bank": visible(decision.bank),
        "folder": visible(decision.root),
        "digest": decision.digest,
        "source": visible(decision.source),
        "commit": decision.commit,
        "signers": [visible(s) for s in decision.signers],
        "when": decision.when.isoformat(),
    }


def _say_nothing(_: Iterable[str]) -> None:
    """Leave the output to the one document of ``--json``."""


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        terminal.say(terminal.folded(line))


app = trust_group(trust)
