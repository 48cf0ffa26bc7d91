"""The one gate: every command of a bank passes it, or does not start.

A `Pass` is what a launch and a `settle` are made of, and only this module makes one: `admit` for what a
person has approved, `admit_within` for what belongs to something that was admitted (the trials and
evaluations of a search), `rehearse` for showing what would be handed over, with which nothing starts. What
was admitted is an `Admission`, which is kept with the job.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from skillbank.errors import QuestionsError, StateError, TrustError
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Plan
from skillbank.plan.open_points import open_points
from skillbank.plan.variables import name_problems
from skillbank.trust.environment import UNCHANGED, named_values, usual_values
from skillbank.visible import one_line
from skillbank.ways import command

with lazy_imports():
    from skillbank.trust import decisions

if TYPE_CHECKING:
    from skillbank.trust.standing import Standing

__all__ = [
    "CONFIG_PATH",
    "LONGEST_COMMAND",
    "Admission",
    "Pass",
    "admit",
    "admit_within",
    "check_command",
    "rehearse",
]

CONFIG_PATH = "{config_path}"
"""Token in commands for the path of the written spec: all of a command that a launch changes."""
LONGEST_COMMAND = 8000
"""Characters of a command, as words of a shell: nobody reads more before a yes."""
_SEAL = object()


class Admission(BaseModel):
    """What was admitted, as it is kept with the job.

    ``trust`` is the bank's state when it was, ``decided`` whether that is a person's own decision about
    ``root``; ``commands`` are the plan's own and those of its evaluations, ``settle`` the commands that say
    what the program makes of a spec, by action. ``env_names`` are the variables that the plan names,
    ``handed`` all that reach the command on this machine. ``signer`` signed
    the skill, ``commit`` is the bank's.
    """

    model_config = ConfigDict(frozen=True)

    plan_id: str
    skill: str
    bank: str
    digest: str
    trust: str
    bank_digest: str = ""
    source: str = ""
    root: str = ""
    decided: bool = False
    commit: str | None = None
    signer: str | None = None
    commands: tuple[tuple[str, ...], ...] = ()
    settle: dict[str, str] = {}
    env_names: tuple[str, ...] = ()
    handed: tuple[str, ...] = ()
    at: datetime


@dataclass(frozen=True)
class Pass:
    """The right to start one plan's command, and the environment that it starts in.

    ``named`` holds the variables that the plan names, with their values: all that leaves this machine.
    ``env`` is the whole environment of a program on this machine. With a pass that is not ``real`` nothing
    starts.
    """

    admission: Admission
    command: tuple[str, ...]
    env_names: tuple[str, ...]
    named: Mapping[str, str] = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    real: bool
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TrustError("only skillbank.trust.gate lets a command pass")

    def covers(self, argv: Sequence[str], config_path: str | None) -> bool:
        """Whether these words are the admitted command, with nothing put in but the path of the spec."""
        path = CONFIG_PATH if config_path is None else config_path
        return tuple(argv) == tuple(word.replace(CONFIG_PATH, path) for word in self.command)

    def refuse_rehearsal(self) -> None:
        """Raise `TrustError` when nothing may start with this pass."""
        if not self.real:
            raise TrustError(f"plan {self.admission.plan_id[:12]} was only shown; it starts through the gate")


def admit(
    plan: Plan,
    digest: str,
    standing: Standing,
    root: Path | None = None,
    *,
    signer: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Pass:
    """Let a plan's commands pass.

    Parameters
    ----------
    digest
        Of the skill as it lies on the disk now.
    standing
        Of the bank that the skill lies in.
    root
        That bank's folder.
    signer
        Who signed the skill as it lies there now, empty for nobody; None where nobody looked.
    environment
        Ours; that of this process when not given.

    Raises
    ------
    QuestionsError
        When the plan has open questions.
    StateError
        When the skill, or the bank that it lies in, is not what the plan was made of.
    TrustError
        When nothing of the bank may run, a variable's name may not be handed over, or a command is too long
        to be read by whoever approves it.
    """
    if plan.questions:
        raise QuestionsError(
            f"plan {plan.plan_id[:12]} has open questions: {open_points(plan.questions).marked}"
        )
    if any(digest != part.skill.digest for part in plan.parts()):
        raise StateError(
            f"the skill {one_line(plan.skill.name, 60)} has changed since plan {plan.plan_id[:12]} was made; "
            f"plan again with {command('plan')}"
        )
    if not standing.may_run:
        raise TrustError(standing.sentence)
    if moved := list(_moved(plan, standing, signer)):
        raise StateError(
            f"bank {one_line(standing.bank, 60)} is not as it was when plan {plan.plan_id[:12]} was made: "
            f"{'; '.join(moved)}; plan again with {command('plan')}"
        )
    made = _admission(plan, standing, root)
    return _made(plan, made, environment)


def admit_within(plan: Plan, outer: Admission, environment: Mapping[str, str] | None = None) -> Pass:
    """Let a plan pass that belongs to one that was admitted: a trial or an evaluation of a search.

    It was approved with the search, and the skill is not read again while that runs; so it may have nothing
    that the search did not have.

    Raises
    ------
    QuestionsError
        When the plan has open questions.
    TrustError
        When its skill, its command or a variable is not one of those that were admitted, or a person has
        taken back meanwhile what was decided about the bank.
    """
    if plan.questions:
        raise QuestionsError(f"plan {plan.plan_id[:12]} has open questions")
    strange = [
        what
        for what, same in (
            ("its skill", plan.skill.digest == outer.digest),
            ("its command", plan.command in outer.commands),
            ("a variable", set(plan.env_names) <= set(outer.env_names)),
        )
        if not same
    ]
    if outer.decided and not _decided(Path(outer.root)):
        raise TrustError(
            f"plan {plan.plan_id[:12]} belongs to plan {outer.plan_id[:12]}, and bank {one_line(outer.bank)} "
            "is trusted no more, so nothing more of it starts: "
            f"'{command('trust', one_line(outer.root, 400))}'"
        )
    if strange:
        raise TrustError(
            f"plan {plan.plan_id[:12]} is no part of plan {outer.plan_id[:12]}, which was admitted: "
            f"{' and '.join(strange)} differs; plan again with {command('plan')}"
        )
    made = outer.model_copy(update={"plan_id": plan.plan_id, "commands": (plan.command,), "settle": {}})
    return _made(plan, made, environment)


def rehearse(plan: Plan, environment: Mapping[str, str] | None = None) -> Pass:
    """Return a pass for showing what a platform would be handed; nothing starts with it."""
    made = Admission(
        plan_id=plan.plan_id,
        skill=plan.skill.name,
        bank=plan.skill.bank,
        digest=plan.skill.digest,
        trust="rehearsed",
        commands=(plan.command,),
        at=datetime.now(UTC),
    )
    return _made(plan, made, environment, real=False)


def _moved(plan: Plan, standing: Standing, signer: str | None) -> Iterator[str]:
    """Say what was approved of the plan's bank and is otherwise now: all files of it count, and who signed.

    A plan of our own bank, or of one that was too large to be looked at, says nothing to compare.
    """
    ref = plan.skill
    if not ref.bank_digest or standing.state == "own":
        return
    if ref.bank_digest != standing.digest:
        yield f"files of it have changed, digest {ref.bank_digest[:12]} -> {standing.digest[:12] or 'none'}"
    signed = ref.signer if signer is None else signer
    for what, was, found in (
        ("commit", ref.commit, standing.commit or ""),
        ("the skill's signer", ref.signer, signed),
    ):
        if was != found:
            yield f"{what} was {one_line(was, 80) or 'none'} and is {one_line(found, 80) or 'none'}"


def _admission(plan: Plan, standing: Standing, root: Path | None) -> Admission:
    settle = dict(plan.search.settle) if plan.search is not None else {}
    parts = list(plan.parts())
    return Admission(
        plan_id=plan.plan_id,
        skill=plan.skill.name,
        bank=plan.skill.bank,
        digest=plan.skill.digest,
        trust=standing.state,
        bank_digest=standing.digest,
        source=standing.source,
        root="" if root is None else str(root),
        decided=standing.state == "trusted" and root is not None and _decided(root),
        commit=standing.commit,
        signer=plan.skill.signer or None,
        commands=tuple(dict.fromkeys(part.command for part in parts)),
        settle=settle,
        env_names=tuple(dict.fromkeys(name for part in parts for name in part.env_names)),
        at=datetime.now(UTC),
    )


def _decided(root: Path) -> bool:
    """Whether a person's decision about a bank is there; one that cannot be read counts as nothing."""
    try:
        return decisions.decision_of(root) is not None
    except StateError:
        return False


def _made(
    plan: Plan, admission: Admission, environment: Mapping[str, str] | None, *, real: bool = True
) -> Pass:
    who = f"the skill {one_line(plan.skill.name, 60)}"
    if problems := name_problems((*plan.env_names, *admission.env_names)):
        raise TrustError(f"{who} asks for a variable that {'; and for one that '.join(problems)}")
    for words in (*admission.commands, *map(_words, admission.settle.values())):
        _check_length(words, who)
    named = named_values(plan.env_names, environment)
    env = {**usual_values(environment), **named}
    return Pass(
        admission.model_copy(update={"handed": tuple(sorted(env))}),
        plan.command,
        plan.env_names,
        named,
        env if admission.trust == "own" else {**env, **UNCHANGED},
        real,
        seal=_SEAL,
    )


def check_command(text: str, who: str) -> None:
    """Refuse a command that stands alone in a skill, as ``schema_source`` does, when none could be approved.

    Raises
    ------
    TrustError
        When it is too long to be read, or its program another one in each folder that skillbank is called in.
    """
    words = _words(text)
    _check_length(words, who)
    if words and "/" in words[0] and not words[0].startswith("/"):
        raise TrustError(
            f"a command of {one_line(who)} begins with the path {one_line(words[0])}, which is not whole and "
            "so names no program here"
        )


def _check_length(words: Sequence[str], who: str) -> None:
    if (length := len(shlex.join(words))) > LONGEST_COMMAND:
        raise TrustError(
            f"a command of {who} is {length} characters long, and more than {LONGEST_COMMAND} nobody "
            "reads before a yes; the skill can hold a script in a file and name that"
        )


def _words(command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return (command,)
