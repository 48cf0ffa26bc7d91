"""Whether what a model wants to start is what the person said: their own words are compiled too.

A model plans with words of its own. It may leave out what a person said, add to it, or take over what a skill
or a log told it, and a plan made of that says "nothing left out". So the person's words are compiled as a
command line would compile them, by the same reader, and a launch of another plan says what they give.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from skillbank.agent.approval import Approval
from skillbank.errors import SkillbankError
from skillbank.facade.composition import compose
from skillbank.jobs.approval_subjects import read_plan_subject
from skillbank.language_model.evidence import in_text
from skillbank.plan.open_points import open_points
from skillbank.visible import one_line

if TYPE_CHECKING:
    from skillbank.language_model.reply import ToolCall
    from skillbank.plan.model import Plan
    from skillbank.runtime import Runtime

__all__ = ["beside_own_words", "plan_of"]

_MOST_READ = 6
"""How many of the last things that were said are read together: one request is rarely said in more."""
_SHORTEST_ID = 8
_LONGEST = 800


def beside_own_words(
    runtime: Runtime, approval: Approval, call: ToolCall, said: Sequence[str], begun: Set[str]
) -> Approval:
    """Return what a person is asked, with how it differs from what they said as one more line of it.

    Parameters
    ----------
    call
        What needs the approval.
    said
        What the person said, in its order.
    begun
        The plans that were launched in this conversation.
    """
    if call.name == "launch":
        unlike = _other_plan(runtime, approval.subject, said)
        if not unlike and plan_of(approval) in begun:
            unlike = "started it before, and a model asks again"
    elif call.name == "label_image":
        unlike = _unsaid(call.arguments, " ".join(said))
    else:
        return approval
    if not unlike:
        return approval
    shown = unlike if len(unlike) <= _LONGEST else f"{unlike[: _LONGEST - 1]}…"
    return replace(approval, question=f"{approval.question}\n  your words {shown}", unlike=shown)


def plan_of(approval: Approval) -> str:
    """Return the id of the plan that an approval is for; of anything else, its subject."""
    kind, _, name = approval.subject.partition(":")
    return read_plan_subject(name)[0] if kind == "plan" else approval.subject


def _other_plan(runtime: Runtime, subject: str, said: Sequence[str]) -> str:
    """Say what the words of a person give, where that is not this plan on its usual terms."""
    plan_id, terms = read_plan_subject(subject.partition(":")[2])
    named = re.findall(rf"\b[0-9a-f]{{{_SHORTEST_ID},64}}\b", " ".join(said[-1:]))
    if terms:
        return "are not looked through for terms of a launch; those above are the model's"
    if any(plan_id.startswith(each) for each in named):
        return ""
    others, why_none = list[str](), list[str]()
    for text in _together(said):
        try:
            plans = _plans(runtime, text)
        except SkillbankError as error:
            why_none.append(f"give no plan: {one_line(error.sentence, _LONGEST)}")
            continue
        if any(plan.plan_id == plan_id for plan in plans):
            return ""
        others.append(_given(runtime, plans))
    return next(iter([*others, *why_none]), "are none")


def _together(said: Sequence[str]) -> Iterator[str]:
    """Yield what was said last, and it with what was said before: a request may be said in parts."""
    for first in range(len(said) - 1, max(-1, len(said) - 1 - _MOST_READ), -1):
        yield "\n".join(said[first:])


def _given(runtime: Runtime, plans: Sequence[Plan]) -> str:
    questions = [question for plan in plans for question in plan.questions]
    if questions:
        return f"leave a question: {one_line(open_points(questions), _LONGEST)}"
    return f"give another plan: {one_line(runtime.sentence(plans), _LONGEST)}"


def _plans(runtime: Runtime, text: str) -> list[Plan]:
    requests, _ = compose(runtime, text, None, None)
    return runtime.plan(requests)


def _unsaid(arguments: str, said: str) -> str:
    """Name the values of a call that the person has not said."""
    given = json.loads(arguments)
    values = [v for v in _leaves(given) if not isinstance(v, bool)] if isinstance(given, Mapping) else []
    unsaid = [text for text in map(str, values) if text.strip() and not in_text(text, said)]
    return f"do not hold {', '.join(repr(one_line(each, 80)) for each in unsaid)}" if unsaid else ""


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield value
