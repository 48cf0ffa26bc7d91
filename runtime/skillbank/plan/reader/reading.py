"""Reading a plain-language request, without an LLM: the same words always give the same requests.

Characters become tokens (`lexer`, `normal`, `names`), tokens are accounted for one kind after another, what
is accounted for makes steps and requests (`steps`, `filling`), and what nothing accounts for is a question of
the plan (`accounting`). Nothing is ever started that was not asked for.
"""

from __future__ import annotations

from functools import partial

from skillbank.bank.discovery import Library
from skillbank.bank.engines import example_model
from skillbank.bank.search import SearchIndex
from skillbank.bank.skill import Skill
from skillbank.errors import UsageError
from skillbank.plan.products import trains
from skillbank.plan.reader import (
    accounting,
    approvals,
    asides,
    captions,
    context,
    courtesies,
    hardware,
    heard,
    heeded,
    jobs,
    normal,
    pairs,
    places,
    platforms,
    policy,
    reports,
    searches,
    values,
)
from skillbank.plan.reader.actions import take_actions, take_spelled_actions
from skillbank.plan.reader.alternatives import mark_alternatives
from skillbank.plan.reader.appositions import take_apposed
from skillbank.plan.reader.belonging import without_others
from skillbank.plan.reader.bounding import mark_bounds
from skillbank.plan.reader.broken import take_broken
from skillbank.plan.reader.canonical import read_canonical
from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.corrections import settle
from skillbank.plan.reader.data_meant import mark_data_meant
from skillbank.plan.reader.deeds import mark_told, take_deeds, told_words, words_apart
from skillbank.plan.reader.doubts import mark_doubts
from skillbank.plan.reader.filling import Maker
from skillbank.plan.reader.form_words import take_forms
from skillbank.plan.reader.headings import take_headings
from skillbank.plan.reader.implied import asked_steps, nothing_asked, speaks_of_training
from skillbank.plan.reader.job_forms import JobAction, settle_jobs
from skillbank.plan.reader.joint_negations import mark_joint_negations
from skillbank.plan.reader.kinds import mark_other_kinds
from skillbank.plan.reader.label_sets import SetNames
from skillbank.plan.reader.leaving_out import question_about
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.model_descriptions import take_description
from skillbank.plan.reader.moods import settle_told
from skillbank.plan.reader.named import keys_of_named, meant_by_option, take_names, take_words
from skillbank.plan.reader.outcome import Reading
from skillbank.plan.reader.page import page_of
from skillbank.plan.reader.place_limits import mark_limits_of_places
from skillbank.plan.reader.places_beside import mark_places_beside
from skillbank.plan.reader.refusals import settle_refused
from skillbank.plan.reader.released import mark_foreign_models, mark_released
from skillbank.plan.reader.roots import ListFolder, list_local
from skillbank.plan.reader.schema_words import take_spec_words
from skillbank.plan.reader.several import mark_singled_out
from skillbank.plan.reader.shown import take_shown
from skillbank.plan.reader.skill_meant import gives_masks, name_skill
from skillbank.plan.reader.spec_choices import take_named_choices
from skillbank.plan.reader.spec_keys import keys_of
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.step_skills import assign_skills
from skillbank.plan.reader.steps import settle_actions
from skillbank.plan.reader.students import Trained, student_requests
from skillbank.plan.reader.unheld import mark_comments, mark_unheld
from skillbank.plan.reader.unnamed_things import mark_unnamed, take_segmented
from skillbank.plan.reader.whole_texts import order_in_quotes, read_whole, taught_in

__all__ = ["Reading", "read_text"]

_LONGEST = 20_000


def read_text(
    text: str,
    library: Library,
    index: SearchIndex,
    list_folder: ListFolder = list_local,
    job_skill: jobs.JobSkill | None = None,
    job_action: JobAction | None = None,
    skill: Skill | None = None,
    set_names: SetNames = tuple,
    trained: Trained | None = None,
) -> Reading:
    """Read a request.

    Parameters
    ----------
    list_folder
        Lists the folders that may hold several data sets.
    job_skill
        Tells which skill a job ran, for requests that name a job and no skill.
    job_action
        Tells which action a job ran, for what its model is called ("the exported JOB").
    skill
        The skill that is meant, whatever the text names.
    set_names
        Names the label sets that there are, for those that are called by a word of requests.
    trained
        Tells the last training of a skill, for a teacher that is called so.

    Raises
    ------
    UsageError
        When the text is empty, asks for two things that exclude each other (`ConflictError`), or for no run
        of any action (`OutOfScopeError`).
    SkillNotFoundError, ActionNotFoundError
        When no skill, or more than one, fits; when it names no action or takes it back.
    """
    _check(text)
    if skill is None and (canonical := read_canonical(text, library)) is not None:
        return Reading(tuple(canonical))
    page, notes = page_of(text, library, set_names)
    again = partial(
        read_text, library=library, index=index, list_folder=list_folder, job_skill=job_skill,
        job_action=job_action, set_names=set_names, trained=trained,
    )  # fmt: skip
    if (order := order_in_quotes(text, page, again)) is not None:
        return order
    notes += reports.take_reports(page)
    notes += heard.take_heard(page)
    if (whole := read_whole(text, page, library, skill, again, notes)) is not None:
        return whole
    if (taught := student_requests(page, library, trained, skill, job_skill)) is not None:
        return taught_in(text, taught, again, notes)
    mark_comments(page)
    clauses = _take_manners(page, notes)
    _take_said(page, clauses, library, notes)
    _mark_asked_about(page, clauses, notes)
    steps, guessed = asked_steps(page, clauses, policy.held(page))
    notes += guessed
    if not steps:
        raise nothing_asked(text, page)
    if skill is not None:
        notes += meant_by_option(page, steps, skill)
    else:
        steps = assign_skills(page, steps)
    if any(step.skill is None for step in steps):
        told, apart = told_words(page, clauses), words_apart(page, clauses)
        notes += name_skill(text, page, steps, library, index, job_skill, told, apart)
    skills = [step.skill for step in steps if step.skill is not None]
    jobs.mark_foreign(page, {each.name for each in skills}, job_skill)
    mark_foreign_models(page, skills, library)
    notes += settle_jobs(page, steps, job_action)
    steps = _settled(page, clauses, steps, notes)
    return _made(text, page, clauses, steps, policy.held(page), list_folder, notes)


def _check(text: str) -> None:
    """Refuse an empty text, and one that nobody would type."""
    if not text.strip():
        raise UsageError(
            f"The request is empty; say for example: train {example_model()} on s3://bucket/data."
        )
    if len(text) > _LONGEST:
        raise UsageError(
            f"The request has {len(text)} of at most {_LONGEST} characters; say it in a few sentences."
        )


def _take_manners(page: Text, notes: list[str]) -> Clauses:
    """Account for what frames a request: reports, greetings, courtesies, questions; return its clauses."""
    courtesies.take_politeness(page)
    clauses = Clauses(page)
    notes += approvals.take_approvals(page, clauses)
    notes += reports.take_questions(page, clauses)
    notes += take_deeds(page, clauses)
    return clauses


def _take_said(page: Text, clauses: Clauses, library: Library, notes: list[str]) -> None:
    """Account for what is said of runs: names, pairs, platforms, settings, actions and their order."""
    notes += take_names(page)
    pairs.take_pairs(page)
    take_words(page, library)
    take_spelled_actions(page, clauses)
    take_headings(page)
    platforms.take_image(page)
    platforms.take_platforms(page)
    take_broken(page)
    for match in page.find("actions.words.scratch"):
        page.ledger.claim("scratch", match.tokens())
    _take_settings(page, clauses)
    mark_released(page, library)
    take_actions(page, clauses)
    settle(page)
    asides.take_order(page, clauses)
    asides.take_only(page)
    asides.take_usual(page)
    asides.take_instead(page)


def _mark_asked_about(page: Text, clauses: Clauses, notes: list[str]) -> None:
    """Leave unread what would be set or run by half, and take back what is only told or refused."""
    mark_joint_negations(page)
    heeded.mark_unheeded(page, clauses)
    mark_doubts(page)
    mark_alternatives(page)
    mark_data_meant(page)
    mark_bounds(page, clauses)
    mark_limits_of_places(page, clauses)
    mark_told(page, clauses)
    notes += settle_told(page, clauses)
    mark_places_beside(page)
    notes += settle_refused(page, clauses)


def _settled(page: Text, clauses: Clauses, steps: list[Step], notes: list[str]) -> list[Step]:
    """Return the steps with what their skills explain; ask about what is of others or of none."""
    mark_other_kinds(page, steps)
    steps = [_with_claims(step, page) for step in steps]
    settle_actions(page, steps)
    steps = _take_words_of_skills(page, clauses, steps)
    mark_alternatives(page)
    notes += take_segmented(page, steps)
    mark_unnamed(page, steps)
    mark_unheld(page, clauses.history())
    steps = [_with_claims(step, page) for step in steps]
    mark_singled_out(page, steps)
    asides.take_announcements(page)
    return steps


def _take_settings(page: Text, clauses: Clauses) -> None:
    """Account for what is said of a run: its search, jobs, values, captions and places."""
    keys = keys_of_named(page)
    learned = [k for name, k in keys if trains(name)]
    searches.take_space(page, learned)
    policy.take_policy(page)
    jobs.take_jobs(page)
    searching = any(c.value.value == "on" for c in page.ledger.of("policy")) or page.has("slots.trials.nouns")
    training = speaks_of_training(page) or bool(page.ledger.of("policy"))
    searches.take_search_settings(page, learned, searching=searching)
    values.take_values(page, clauses, [k for _, k in keys], searching=searching)
    take_named_choices(page, [k for _, k in keys])
    captions.take_captions(page, training=training)
    places.take_places(page, training=training)
    take_forms(page)


def _take_words_of_skills(page: Text, clauses: Clauses, steps: list[Step]) -> list[Step]:
    """Account for what only the skills of the steps explain: masks, descriptions, words of their keys."""
    skilled = [(s, s.skill) for s in steps if s.skill is not None]
    masking = any(s.action == "inference" and gives_masks(skill) for s, skill in skilled)
    for claim in page.ledger.of("masks") if not masking else ():
        page.ledger.mark("unread", claim.tokens)
    take_description(page, [skill for _, skill in skilled], _listed(steps))
    over, read = clauses.history(), set[tuple[Skill, str]]()
    for step, skill in skilled:
        if (skill, step.action) not in read:
            read.add((skill, step.action))
            before = {id(c) for c in page.ledger.claims}
            with without_others(page, steps, step):
                take_spec_words(page, keys_of(skill, step.action), over)
            settle(page)
            step.claims += [c for c in page.ledger.claims if id(c) not in before]
    return [_with_claims(step, page) for step in steps]


def _listed(steps: list[Step]) -> frozenset[str]:
    """Return the words that the spec keys of steps list as values."""
    return frozenset(word for s in steps if s.skill is not None for word in keys_of(s.skill, s.action).listed)


def _made(
    text: str,
    page: Text,
    clauses: Clauses,
    steps: list[Step],
    said: policy.Said | None,
    list_folder: ListFolder,
    notes: list[str],
) -> Reading:
    maker = Maker(page, steps, said, list_folder)
    requests = maker.requests()
    idle = [page.ledger.said(c.tokens) for c in maker.unused]
    if said is not None and said.value == "on" and not any(trains(step.action) for step in steps):
        idle.append(said.words)
    kinds, told = hardware.kinds_chosen(page, maker.platforms)
    idle += kinds
    listed = _listed(steps)
    known = _known(steps)
    notes += take_apposed(page, known | listed)
    notes += take_shown(page, known | listed)
    notes += context.take_context(page, clauses, known, listed)
    left = accounting.left_over(page, clauses, listed)
    notes += told
    if left:
        maker = Maker(page, [_with_claims(s, page) for s in steps], policy.held(page), list_folder)
        requests = maker.requests()
    unread, unplaced = accounting.fragments(page, left, idle)
    question = question_about(unread, unplaced)
    asked = (question,) if question else ()
    named = [(c.value.skills[0].qualified, c.value.note) for c in page.ledger.of("name") if c.value.note]
    made = tuple(
        r.model_copy(update={
            "text": text, "questions": (*r.questions, *asked),
            "notes": tuple(dict.fromkeys(note for skill, note in named if skill == r.skill)),
        }) for r in requests
    )  # fmt: skip
    notes = list(dict.fromkeys([*_true(page, notes), *maker.data.notes, *maker.notes]))
    return Reading(made, tuple(unread), tuple(unplaced), tuple(notes))


def _true(page: Text, notes: list[str]) -> list[str]:
    """Return notes without those on words that stand in a description as they were written."""
    described = {i for c in page.ledger.of("captions", "find") if c.value for i in c.tokens}
    corrected: dict[bool, set[str]] = {True: set(), False: set()}
    for i, token in enumerate(page.tokens):
        if token.kind == "word" and (written := page.ledger.said([i]).lower()) != token.text:
            corrected[i in described].add(normal.read_as(written, token.text))
    untrue = corrected[True] - corrected[False]
    return [note for note in notes if note not in untrue]


def _known(steps: list[Step]) -> frozenset[str]:
    """Return the words of the spec keys of steps that say something by themselves."""
    return frozenset[str]().union(*(keys_of(s.skill, s.action).words for s in steps if s.skill is not None))


def _with_claims(step: Step, page: Text) -> Step:
    """Return a step without the claims that were taken back."""
    held = set(map(id, page.ledger.claims))
    step.claims = [c for c in step.claims if id(c) in held]
    return step
