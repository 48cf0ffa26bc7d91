"""What an earlier step of a chain leaves, where a later one is done with it: "run the exported model".

A step starts from the nearest earlier one that leaves a model. Which of several is meant is asked about where
the words name what another one leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

from skillbank.plan.products import product_of
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.step import Step

__all__ = ["form_before", "mark_forms_before"]

_FORMS = {
    "train": ("actions.train.past",),
    "export": ("actions.export.past", "actions.export.nouns", "actions.words.onnx"),
    "gen_trt_engine": ("actions.words.engine",),
    **{a: (f"actions.{a}.past",) for a in ("quantize", "prune", "distill")},
}
"""By action, the words for what it leaves."""
_LEADS = frozenset({"with", "using", "use", "via", "from", "of", "by", "take", "run", "through"})


def form_before(text: Text, steps: Sequence[Step], at: int) -> tuple[str, list[int]] | None:
    """Return the action whose product a step is said to be done with, and the words that say so."""
    step, bare = steps[at], text.unread()
    for action in dict.fromkeys(s.action for s in steps[:at] if s.skill is step.skill):
        forms = "|".join(_FORMS.get(action, ()))
        sources = (
            f"group.det free.adjective* {forms} group.model|free.noun|'one?",
            f"'what 'was|'is|'has|'been+ {forms}",
        )
        for i in _stretch(text, steps, step) if forms else ():
            matches = (bare.match(source, i) for source in sources)
            match = next((m for m in matches if m is not None), None)
            if match is not None and _is_led(text, i):
                return action, match.tokens()
    return None


def mark_forms_before(text: Text, steps: Sequence[Step]) -> None:
    """Account for such words; leave them unread where the step would start from what another one leaves."""
    for at, step in enumerate(steps):
        said = form_before(text, steps, at) if not step.of("job") else None
        if said is None:
            continue
        action, tokens = said
        left = [s.action for s in steps[:at] if s.skill is step.skill and product_of(s.action) != "other"]
        if left and left[-1] == action:
            text.ledger.claim("talk", text.unclaimed(tokens) or tokens[:1])
        else:
            text.ledger.mark("unread", tokens)


def _stretch(text: Text, steps: Sequence[Step], step: Step) -> range:
    """Return the tokens that are said of a step: from what opens its clause up to the next step."""
    sentence = text.sentence(step.at)
    first = step.at
    while (
        first > sentence.start
        and text.kind(first - 1) != "mark"
        and text.word(first - 1) not in ("and", "then")
    ):
        first -= 1
    later = min((s.at for s in steps if s.at > step.at), default=sentence.stop)
    return range(first, min(later, sentence.stop))


def _is_led(text: Text, i: int) -> bool:
    """Whether what begins at a token is what something is done with, unlike "put the onnx into X"."""
    return "action" in (text.owner(i), text.owner(i - 1)) or text.word(i - 1) in _LEADS
