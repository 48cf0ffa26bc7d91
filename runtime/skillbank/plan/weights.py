"""Which weights a training starts from: what may be said, and the question where nothing is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from skillbank.plan.hardware import section
from skillbank.plan.model import RESUME_MODEL, Override, Question, Source
from skillbank.plan.spec import unset
from skillbank.ways import Sentence, marked, option

if TYPE_CHECKING:
    from skillbank.bank.skill import Skill
    from skillbank.plan.draft import Draft

__all__ = [
    "CLEARED",
    "FROM_PARENT",
    "SCRATCH",
    "WEIGHTS",
    "from_scratch",
    "pretrained_fields",
    "released_models",
    "weights_named",
    "weights_question",
]

WEIGHTS = "pretrained"
"""Key of the question about them."""
SCRATCH = "none"
"""What ``--pretrained`` says for a training that starts from random weights on purpose."""
CLEARED = "from scratch, as the user said"
"""Why a field of a pretrained model is empty where that was said."""
FROM_PARENT = "parent"
"""What ``--pretrained`` says for weights of the step before in a chain."""


def released_models(skill: Skill) -> tuple[str, ...]:
    """Return the models on the hub that a skill says it starts from."""
    return tuple(section(skill.info, "weights").get("suggested", ()))


def pretrained_fields(functions: Mapping[str, object]) -> tuple[str, ...]:
    """Return the fields that take a pretrained model, whole or of a backbone alone."""
    return tuple(k for k, function in functions.items() if isinstance(function, str) and "ptm" in function)


def from_scratch(draft: Draft) -> Iterator[Override]:
    """Clear every field of a pretrained model: the user said that training starts from nothing."""
    for key in pretrained_fields(draft.functions):
        if draft.user_covers(key) or not draft.owns(key):
            continue
        value = None if draft.builder.get(key) is None else ""
        yield Override(key=key, value=value, source=Source.USER, detail=CLEARED)


def weights_named(draft: Draft) -> bool:
    """Say whether anything says which weights the action starts from, random ones included."""
    fields = pretrained_fields(draft.functions)
    starts = [*fields, *(k for k, f in draft.functions.items() if f == "resume_model")]
    return draft.request.pretrained is not None or any(_says(draft.builder.get(key)) for key in starts)


def weights_question(draft: Draft, platform: str) -> tuple[Question | None, bool]:
    """Return what is to be asked where a full-size model would start from random weights.

    The skill says so in the section ``weights``: ``suggested`` names, and as ``small_profile`` the key with
    which the program is told to train a small model that learns from nothing (``always``), or to do so where
    there is no GPU (``without_gpu``).

    Parameters
    ----------
    platform
        Only ``local`` may lack a GPU that nobody ruled out; elsewhere the size of the spec is what is meant.

    Returns
    -------
    question
        None where nothing is to be asked.
    with_gpu
        Whether it is to be asked only where the machine has a GPU.
    """
    facts = section(draft.info, "weights") or section(draft.skill.info, "weights")
    fields = pretrained_fields(draft.functions)
    if not facts or not fields or weights_named(draft):
        return None, False
    small: Mapping[str, object] = facts.get("small_profile", {})
    profile = _profile(draft, small)
    without_gpu = bool(small) and profile == small.get("without_gpu")
    if (small and profile == small.get("always")) or (without_gpu and draft.request.gpus == 0):
        return None, False
    return _which_weights(draft, facts.get("suggested", []), small), without_gpu and platform == "local"


def _profile(draft: Draft, small: Mapping[str, object]) -> object:
    """Return how large a model the spec says is trained; unsaid, a small one where there is no GPU."""
    chosen = draft.builder.get(str(small["key"])) if small else None
    return small.get("without_gpu") if unset(chosen) else chosen


def _which_weights(draft: Draft, names: Sequence[str], small: Mapping[str, object]) -> Question:
    """Ask which weights a training starts from: those suggested, a job's, none, or a small model's."""
    key, always = small.get("key"), small.get("always")
    little = Sentence(f"{option('set', f'{key}={always}')}") if small else ""
    suggested = names[0] if names else "FILE"
    return Question(
        key=WEIGHTS,
        why=f"nothing says which weights {draft.action.name} starts from, and the full-size model learns "
        f"little from random ones; give {option('pretrained', suggested)}, another file or "
        f"{option('parent', 'JOB')}, {option('pretrained', SCRATCH)} for a start from scratch"
        + (f", or {marked(little)} for a small model that learns from nothing" if little else ""),
        choices=(
            *(f"{option('pretrained', name)}" for name in names),
            f"{option('parent', 'JOB')}",
            *filter(None, (marked(little),)),
            f"{option('pretrained', SCRATCH)}",
        ),
    )


def _says(value: object) -> bool:
    """Whether a field names weights: the checkpoint that a first start does not have is none."""
    return not unset(value) and value != RESUME_MODEL
