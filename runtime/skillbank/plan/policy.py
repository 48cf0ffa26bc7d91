"""automl_policy and route: whether a train action is searched over or run once."""

from __future__ import annotations

import re

from skillbank.bank.skill import Skill
from skillbank.plan.model import Policy, Route
from skillbank.plan.request import Request

NOT_RUNNABLE = "AutoML is enabled but not runnable for this skill until schemas are generated"

_SUBJECT = (
    r"(?:auto\s*-?ml|hpo|hyper\s*-?param(?:eter)?s?(?:\s+(?:search|optimi[sz]ation|tuning))?"
    r"|(?:param(?:eter)?\s+)?(?:sweep|tuning))"
)
_OFF = re.compile(
    rf"\b(?:turn(?:ed|ing)?\s+off|switch(?:ed|ing)?\s+off|disabl\w+|skip\w*|without(?:\s+any)?|no|not?\s+us\w+|avoid)"
    rf"\s+(?:the\s+|any\s+|using\s+)?{_SUBJECT}|\b{_SUBJECT}\s*(?:is\s+|=\s*|:\s*)?(?:off|disabled)\b"
    rf"|\bturn\s+{_SUBJECT}\s+off\b|\bplain\s+train\w*|\bautoml_policy\s*[:=]\s*(?:off|false)\b",
    re.IGNORECASE,
)
_ON = re.compile(
    rf"\b(?:turn\s+on|enable|use|with|run|do)\s+(?:the\s+|an?\s+)?{_SUBJECT}\b|\b{_SUBJECT}\s*(?:=\s*|:\s*)?(?:on|enabled)\b"
    rf"|\bautoml_policy\s*[:=]\s*(?:on|true)\b|\btune\s+(?:the\s+)?hyper\s*-?param\w*",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:do\s*n[o']?t|don't|dont|do\s+not|never|not\s+to|isn't|is\s+not|without)\s+(?:\w+\s+){0,1}$",
    re.IGNORECASE,
)


def policy_from_text(text: str) -> tuple[str, str] | None:
    """Return (``on`` or ``off``, the words that said so), or None when the text says nothing.

    Negations are understood: "don't turn off AutoML" says nothing against AutoML, so it is ``on``.
    When several phrases disagree the last one counts, as in speech.
    """
    said: list[tuple[int, str, str]] = []
    for pattern, plain, negated in ((_OFF, "off", "on"), (_ON, "on", "off")):
        for match in pattern.finditer(text):
            value = negated if _NEGATION.search(text[: match.start()]) else plain
            said.append((match.end(), value, match[0].strip()))
    if not said:
        return None
    _, value, words = max(said)
    return value, words


def policy_spans(text: str) -> list[tuple[int, int]]:
    """Return where the text speaks of the policy, negations included, so that nothing reads it twice."""
    spans = []
    for pattern in (_OFF, _ON):
        for match in pattern.finditer(text):
            negation = _NEGATION.search(text[: match.start()])
            spans.append((negation.start() if negation else match.start(), match.end()))
    return spans


def resolve_policy(request: Request) -> Policy:
    """Explicit value, else plain words, else auto."""
    if request.automl is not None:
        return Policy(value=request.automl, source=request.automl_source)
    return Policy(value="auto", source="default")


def resolve_route(skill: Skill, action: str, policy: Policy) -> Route:
    """Decide between AutoML and a direct run, and say why."""
    if action != "train":
        return Route(name="direct", reason=f"only the train action is searched over, '{action}' runs once")
    if policy.value == "off":
        return Route(name="direct", reason=f"automl_policy is off ({policy.source})")
    if not skill.info.automl_enabled:
        reason = "the skill is not AutoML-enabled"
        return Route(name="direct", reason=reason)
    problem = skill.automl_problem
    if problem is not None:
        reason = f"{NOT_RUNNABLE}: {problem}"
        return Route(name="direct", reason=reason)
    reason = f"automl_policy is {policy.value}, the skill is AutoML-enabled and its train schema is packaged"
    return Route(name="automl", reason=reason)
