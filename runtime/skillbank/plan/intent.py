"""Reading a plain-language request, without an LLM: the same words always give the same requests.

What was not understood is reported, what is missing stays open for the plan to ask, and nothing
is ever started that was not asked for. The text goes through a cascade of stages
(`skillbank.plan.language`); each takes out what it understands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from skillbank.bank.discovery import Library
from skillbank.bank.names import shown
from skillbank.bank.search import SearchIndex
from skillbank.bank.skill import Skill
from skillbank.errors import ActionNotFoundError, OutOfScopeError, UsageError
from skillbank.plan.language import (
    actions,
    asking,
    captions,
    chain,
    corrections,
    excluded,
    filling,
    foreign,
    idioms,
    jobs,
    lexing,
    names,
    order,
    pairs,
    places,
    platforms,
    policy,
    quoting,
    scratch,
    settings,
    spelling,
    stories,
    voice,
    wording,
)
from skillbank.plan.language.leftovers import leftovers, refuse_unread_amounts, telling_words
from skillbank.plan.language.roots import ListFolder, list_local, mark_folders
from skillbank.plan.language.tokens import Text
from skillbank.plan.request import Request

JobSkill = Callable[[str], "str | None"]
"""Name of the skill that a job ran, or None when there is no such job."""


@dataclass(frozen=True)
class Reading:
    """What a text asks for.

    Attributes
    ----------
    requests
        One for each action, in order; a later one takes the earlier as its parent.
    not_understood
        Parts of the text that changed nothing and are not filler.
    notes
        What was decided where the text leaves room, as sentences.
    """

    requests: tuple[Request, ...]
    not_understood: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_text(
    text: str,
    library: Library,
    index: SearchIndex,
    list_folder: ListFolder = list_local,
    job_skill: JobSkill | None = None,
    skill: Skill | None = None,
) -> Reading:
    """Read a request.

    Parameters
    ----------
    list_folder
        Lists the folders that may hold several data sets.
    job_skill
        Tells which skill a job ran, for requests that name a job and no skill.
    skill
        The skill that is meant, whatever the words call it.

    Raises
    ------
    UsageError
        When the text is empty, asks for two things that exclude each other (`ConflictError`), or for no run
        of any action (`OutOfScopeError`).
    SkillNotFoundError, ActionNotFoundError
        When no skill, or more than one, fits; when it names no action or takes it back.
    """
    if not text.strip():
        raise UsageError("The request is empty; say for example: train Grounding DINO on s3://bucket/data.")
    if len(text) > 20_000:
        raise UsageError(
            f"The request has {len(text)} of at most 20000 characters; say it in a few sentences."
        )
    notes: list[str] = []
    known = names.names_of(library)
    tokens = lexing.lex(text, known.qualified)
    mark_folders(tokens)
    places.spell_out(tokens)
    foreign.translate(tokens)
    notes += spelling.correct(tokens, known.words | known.described)
    wording.unify(tokens)
    order.unify(tokens)
    idioms.take(tokens)
    stories.take(tokens)
    notes += quoting.take_reports(tokens)
    notes += quoting.take_approvals(tokens)
    corrections.mark(tokens)
    platform = platforms.take_platform(tokens)
    from_scratch = scratch.take_scratch(tokens)
    notes += known.take(tokens)
    names.drop_refused(tokens)
    names.keep_restated(tokens)
    notes += _meant(tokens, skill) if skill is not None else ()
    settings.take_search_size(tokens)
    said = policy.take_policy(tokens)
    excluded.drop(tokens)
    voice.activate(tokens)
    jobs.take_last(tokens)
    settings.take_named(tokens)
    corrections.settle_values(tokens)
    jobs.join_words(tokens)
    corrections.settle_places(tokens)
    pairs.take(tokens)
    places.take_roles(tokens)
    found = captions.take_captions(tokens)
    if chain.speaks_of_training(tokens):
        places.take_validation(tokens)
    places.take_data_words(tokens)
    actions.mark(tokens)
    asked = asking.judge(tokens)
    steps = chain.steps_of(tokens)
    if not steps:
        raise _nothing_asked(text, tokens, asked)
    if skill is not None:
        chain.name_all(steps, skill)
    elif not any(t.text == "N" for t in tokens.tokens):
        notes += _name_skill(text, tokens, steps, library, index, job_skill)
    chain.assign_skills(tokens, steps)
    maker = filling.Maker(tokens, steps, said, platform, found, list_folder, from_scratch)
    claimed = [(n.skills[0].qualified, n.note) for n in (t.value for t in tokens.tokens if t.text == "N")]
    requests = tuple(
        r.model_copy(
            update={"text": text, "notes": tuple(dict.fromkeys(n for s, n in claimed if n and s == r.skill))}
        )
        for r in maker.requests()
    )
    notes += maker.notes
    refuse_unread_amounts(tokens)
    left = [*leftovers(tokens), *maker.values.unused()]
    return Reading(requests, tuple(dict.fromkeys(left)), tuple(notes))


def _meant(tokens: Text, skill: Skill) -> Iterator[str]:
    """Put a skill that was named beside the words where these name one; say where it is another."""
    for token in [t for t in tokens.tokens if t.text == "N"]:
        if skill not in token.value.skills:
            said = tokens.source([token])
            yield f"--skill {shown(skill.qualified)} counts, not the {said} of the words"
        token.value = names.Named((skill,), "")


def _nothing_asked(text: str, tokens: Text, asked: asking.Asked) -> Exception:
    skills = [s for t in tokens.tokens if t.text == "N" for s in t.value.skills]
    if skills and asked.refused:
        return ActionNotFoundError(
            f"The request names {skills[0].name} and takes back what it could do; say what is to be run."
        )
    if skills and not asked.talked:
        can = ", ".join(dict.fromkeys(a.name for a in skills[0].actions))
        return ActionNotFoundError(f"The request names {skills[0].name} but no action; it can {can}.")
    return OutOfScopeError(
        f"'{text.strip()[:80]}' asks for no run; say what to do with which model, "
        "for example: train Grounding DINO on s3://bucket/data ('skillbank --help' lists the other commands)."
    )


def _name_skill(
    text: str,
    tokens: Text,
    steps: list[chain.Step],
    library: Library,
    index: SearchIndex,
    job_skill: JobSkill | None,
) -> Iterator[str]:
    """Put a name where the text has none: the skill of the job it starts from, or the one it describes."""
    for job in [t.value for t in tokens.tokens if t.text == "J"] if job_skill else ():
        assert job_skill is not None
        named = job_skill(job)
        if named is not None:
            skill = library.get(named)
            chain.name_all(steps, skill)
            yield f"no skill was named; '{shown(library.said(skill))}' is that of job {job}"
            return
    words = list(telling_words(tokens, library, steps[0].tokens[steps[0].lead :]))
    wanted = [step.action for step in steps]
    skill, note = names.search_skill(text, words, index, wanted, library)
    chain.name_all(steps, skill)
    for token in [t for t in tokens.tokens if index.knows(skill, re.sub(r"\W", "", t.text) or "-")]:
        if token.text.isalpha() and token.text.islower():
            token.text = "a"
    tokens.replace(0, 0)
    yield note
