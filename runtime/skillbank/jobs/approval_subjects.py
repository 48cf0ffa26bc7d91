"""What an approval is for, as a text: one plan on its terms, one job to be stopped, or one call of a tool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from skillbank.errors import StateError, UsageError
from skillbank.jobs.checkpoints import check_method
from skillbank.visible import one_line
from skillbank.ways import option

if TYPE_CHECKING:
    from skillbank.jobs.record import JobRecord, RetryPolicy

__all__ = [
    "approve_argument",
    "check_terms",
    "launch_terms",
    "plan_subject",
    "read_plan_subject",
    "refuse_other_terms",
    "terms_of",
    "terms_of_job",
]

_USUAL = {"checkpoint": "auto", "on_oom": "stop", "resumes": "", "retries": "2"}
_NAME = "[\\w.-]{1,63}"
_SHOWN = 12
"""How many letters of a plan's id a person is given to type."""


def check_terms(checkpoint: str = "auto", retries: int | str = 2, on_oom: str = "stop") -> None:
    """Refuse terms of a launch that no launch can have, before anybody is asked to approve them."""
    check_method(checkpoint)
    if on_oom not in ("stop", "reduce-batch") or not str(retries).isdecimal():
        raise UsageError(
            f"{option('on-oom')} is stop or reduce-batch, and {option('retries')} a number from 0."
        )


def launch_terms(**asked: object) -> dict[str, str]:
    """Return what a launch asks for beyond its plan: ``checkpoint``, ``on_oom``, ``resumes``, ``retries``.

    What is None or usual anyway is nothing more than the plan.
    """
    for name, value in asked.items():
        if name not in _USUAL:
            raise UsageError(f"'{name[:40]}' is no term of a launch; these are: {', '.join(_USUAL)}.")
        if value is not None and not re.fullmatch(_NAME, str(value)):
            raise UsageError(f"{name} of a launch must be one word or number.")
    check_terms(**{k: str(v) for k, v in asked.items() if v is not None and k != "resumes"})
    return {k: str(asked[k]) for k in _USUAL if asked.get(k) is not None and str(asked[k]) != _USUAL[k]}


def terms_of(checkpoint: str, retry: RetryPolicy, resumes: str | None = None) -> dict[str, str]:
    """Return `launch_terms` of a launch; ``resumes`` is no search's, see `terms_of_job`."""
    on_oom = "stop" if retry.batch_key is None else "reduce-batch"
    return launch_terms(checkpoint=checkpoint, retries=retry.infra, on_oom=on_oom, resumes=resumes)


def terms_of_job(record: JobRecord) -> dict[str, str]:
    """Return `launch_terms` of a job as its record has them; what a search succeeds is one of its parents."""
    return terms_of(record.checkpoint, record.retry, None if record.searches else record.resumes)


def refuse_other_terms(earlier: JobRecord, asked: Mapping[str, object]) -> None:
    """Refuse a launch that is repeated by its key on other terms: nothing would come of them.

    Parameters
    ----------
    asked
        As for `launch_terms`; what is None was not said.
    """
    had = {**_USUAL, **terms_of_job(earlier)}
    for name, value in asked.items():
        if value is not None and str(value) != had[name]:
            raise StateError(
                f"{name} is {one_line(value, 60)}, but this repeats the launch of job {earlier.id}, "
                f"for which it is {had[name]}; leave it out to have that job, or use a new key for a new one"
            )


def plan_subject(plan_id: str, terms: Mapping[str, str] | None = None) -> str:
    """Return the subject of an approval to launch a plan once, on these terms and no others."""
    return ":".join(("plan", plan_id, *(f"{name}={value}" for name, value in (terms or {}).items())))


def read_plan_subject(text: str) -> tuple[str, dict[str, str]]:
    """Return the plan (or the beginning of its id) and the terms that `plan_subject` wrote."""
    plan_id, *said = text.removeprefix("plan:").split(":")
    return plan_id, launch_terms(**{name: value for name, _, value in (term.partition("=") for term in said)})


def approve_argument(plan_id: str, terms: Mapping[str, str] | None = None) -> str:
    """Return what a person gives to ``skillbank approve``: the subject, with the id cut short."""
    return plan_subject(plan_id[:_SHOWN], terms).removeprefix("plan:")
