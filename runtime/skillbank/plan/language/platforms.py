"""Where a request wants to run."""

from __future__ import annotations

from skillbank.errors import ConflictError
from skillbank.plan.language.tokens import Text
from skillbank.plan.language.words import rx

_VIA = (
    r"(?:(?:on|in|inside|via|with|through|using|use|to|under|within|as|by|submit|over|for|run "
    r"it on|at|into|of|the|a|an|our|my|your|platform|=|:|queue it on|local) )*"
)
_PLATFORMS = {
    "slurm": rx(rf"{_VIA}slurm(?: (?:cluster|jobs?|queue|partition|platform|scheduler|nodes?(?! with)))*"),
    "kubernetes": rx(rf"{_VIA}kubernetes(?: (?:cluster|jobs?|pods?|platform|namespace))*"),
    "docker": rx(
        rf"{_VIA}(?:docker|dockerized|dockerised)(?: (?:containers?|platform|image|engine|daemon"
        r"|host))*|(?:in|inside|within) (?:a|the) container"
    ),
    "local": rx(
        r"locally|(?:on|at|using|with|right on|only on|here on) (?:this|my|our|the local|local"
        r"|your)(?: own| very)? (?:machine|laptop|computer|box|workstation|pc|host|desktop"
        r"|notebook|system|server|mac)|on localhost|on <det?>(?:machine itself)"
        rf"|{_VIA}local(?: (?:platform|machine|host|mode|computer|box))?|(?:platform )?localhost"
        r"|right here|on (?:the |a |my )?cpu|on (?:the )?premises"
    ),
}
_ELSEWHERE = rx(
    rf"{_VIA}(?P<which>pbs|lsf|sge|htcondor|sagemaker|azureml|nomad|openshift)"
    r"(?: (?:cluster|jobs?|queue|platform|scheduler|pro))*"
)
"""Places that others run jobs on: who names one is told that it is none of ours."""
_NEGATED = rx(
    r"(?:<not>|rather than|instead of) (?:use |using |run |running |it |to )*(?:on |in |with "
    r"|via |at |a |the |any |inside )*(?P<which>slurm|kubernetes|docker|local|locally)(?: "
    r"(?:container|containers|cluster|machine|platform))?"
)


def take_platform(text: Text) -> str | None:
    """Take where to run out of a text; None when it does not say.

    The name of a place that there is not comes back as it was said, to be refused like that of an option.

    Raises
    ------
    ConflictError
        When it names two places.
    """
    text.take(_NEGATED)
    begun = {
        name: found.tokens()[0].start for name, pattern in _PLATFORMS.items() for found in text.find(pattern)
    }
    said = [name for name, pattern in _PLATFORMS.items() if text.take(pattern)]
    others = [found.match["which"] for found in text.find(_ELSEWHERE)]
    if others:
        text.take(_ELSEWHERE)
        begun |= dict.fromkeys(others, -1)
        said += others
    corrected = max((t.start for t in text.tokens if t.text == "oops"), default=-1)
    if len(said) > 1 and any(begun[name] > corrected for name in said):
        said = [name for name in said if begun[name] > corrected]  # "on slurm, no wait, in docker"
    if len(said) > 1:
        raise ConflictError(f"The request names {' and '.join(said)} as the place to run; keep one of them.")
    return said[0] if said else None
