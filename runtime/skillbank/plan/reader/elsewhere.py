"""What a text may be after that asks for no run: the command that does it."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.ways import Sentence, command

__all__ = ["done_elsewhere"]

_DOES = {
    "cancel": "stops a job",
    "clean": "shows what old things take room, and removes them",
    "compare": "compares finished jobs",
    "logs": "prints what a job has printed",
    "results": "shows what a job has left",
    "status": "says how a job is",
    "jobs": "lists the jobs",
    "show": "says what a skill can do, and what each action needs",
    "skills": "lists the skills",
    "doctor": "says what this machine can do",
    "review": "opens the page on which a label set is reviewed",
    "label": "finds what is described in pictures",
}
"""What commands do, the most telling words first; their words are those of ``elsewhere`` in the lexicon."""
_OF_JOBS = ("cancel", "compare", "logs", "results", "status")
"""Those that take jobs, and are named only where a text is about one."""


def done_elsewhere(page: Text) -> Sentence:
    """Return the words that name the command which does what a text may be after, empty where none does."""
    found = (
        name
        for name in _DOES
        if page.has(f"told.elsewhere.{name}") and (name not in _OF_JOBS or _speaks_of_jobs(page))
    )
    name = next(found, "")
    return Sentence(f"{command(name, _jobs(page, name))} {_DOES[name]}") if name else Sentence("")


def _speaks_of_jobs(page: Text) -> bool:
    """Whether a text may be of jobs: "output is D", which names a place, is of none."""
    kinds = {token.kind for token in page.tokens}
    return "job" in kinds or "place" not in kinds or page.has("told.elsewhere.jobs")


def _jobs(page: Text, name: str) -> str:
    """Return the jobs that a text names for a command that takes some."""
    if name not in _OF_JOBS:
        return ""
    named = [str(token.value) for token in page.tokens if token.kind == "job"]
    return " ".join(named) or ("JOB JOB" if name == "compare" else "JOB")
