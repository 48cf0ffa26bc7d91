"""Reading a plain-language request, without an LLM: the same words always give the same requests.

Characters become tokens (`lexer`, `normal`, `names`), tokens are accounted for one kind after another, what
is accounted for makes steps and requests (`steps`, `filling`), and what nothing accounts for is a question of
the plan (`accounting`). Nothing is ever started that was not asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from skillbank.bank.discovery import Library
from skillbank.bank.engines import example_model
from skillbank.bank.names import shown
from skillbank.bank.search import SearchIndex
from skillbank.bank.skill import Skill
from skillbank.errors import NotFoundError, OutOfScopeError, UsageError
from skillbank.plan.model import WORDS
from skillbank.plan.products import trains
from skillbank.plan.reader import (
    accounting,
    asides,
    captions,
    courtesies,
    hardware,
    heard,
    heeded,
    jobs,
    lexer,
    names,
    normal,
    pairs,
    places,
    platforms,
    policy,
    reports,
    searches,
    values,
)
from skillbank.plan.reader.actions import ACTIONS, Mention, take_actions, take_spelled_actions
from skillbank.plan.reader.alternatives import mark_alternatives
from skillbank.plan.reader.appositions import take_apposed
from skillbank.plan.reader.belonging import without_others
from skillbank.plan.reader.bounding import mark_bounds
from skillbank.plan.reader.broken import take_broken
from skillbank.plan.reader.canonical import read_canonical
from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.corrections import settle, settle_names
from skillbank.plan.reader.data_meant import mark_data_meant
from skillbank.plan.reader.data_requests import checked_before, data_request, with_question
from skillbank.plan.reader.deeds import mark_told, take_deeds, told_words, words_apart
from skillbank.plan.reader.doubts import mark_doubts
from skillbank.plan.reader.exclusions import settle_exclusions
from skillbank.plan.reader.filling import Maker
from skillbank.plan.reader.form_words import take_forms
from skillbank.plan.reader.forms_before import mark_forms_before
from skillbank.plan.reader.headings import take_headings
from skillbank.plan.reader.implied import asked_steps, nothing_asked, speaks_of_training
from skillbank.plan.reader.job_forms import (
    JobAction,
    mark_last_beside_new,
    mark_other_forms,
    mark_spoken_of,
    mark_unmade,
)
from skillbank.plan.reader.joint_negations import mark_joint_negations
from skillbank.plan.reader.kinds import mark_other_kinds
from skillbank.plan.reader.label_sets import SetNames, sets_named
from skillbank.plan.reader.leaving_out import question_about
from skillbank.plan.reader.lexicon import FORMS, Lexicon, lexicon
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.model_descriptions import take_description
from skillbank.plan.reader.moods import settle_told
from skillbank.plan.reader.names import Named
from skillbank.plan.reader.own_actions import own_actions
from skillbank.plan.reader.place_limits import mark_limits_of_places
from skillbank.plan.reader.places_beside import mark_places_beside
from skillbank.plan.reader.refusals import settle_refused
from skillbank.plan.reader.released import mark_released
from skillbank.plan.reader.roots import ListFolder, list_local, mark_folders
from skillbank.plan.reader.schema_words import take_spec_words
from skillbank.plan.reader.several import mark_singled_out
from skillbank.plan.reader.shown import take_shown
from skillbank.plan.reader.skill_meant import gives_masks, name_skill
from skillbank.plan.reader.spec_choices import take_named_choices
from skillbank.plan.reader.spec_keys import Keys, keys_of
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.step_skills import assign_skills
from skillbank.plan.reader.steps import settle_actions
from skillbank.plan.reader.students import Taught, Trained, student_requests
from skillbank.plan.reader.tokens import Ledger, Token
from skillbank.plan.reader.unheld import mark_comments, mark_unheld
from skillbank.plan.reader.unnamed_things import mark_unnamed, take_segmented
from skillbank.plan.request import Request
from skillbank.plan.slots import slot
from skillbank.visible import one_line
from skillbank.ways import Sentence, option

__all__ = ["Reading", "read_text"]

_LONGEST = 20_000
Again = Callable[[str], "Reading"]
"""Reads a part of a text, or what it stands for, on the same terms."""


@dataclass(frozen=True)
class Reading:
    """What a text asks for.

    Attributes
    ----------
    requests
        One for each action, in order; a later one takes the earlier as its parent. What was not understood is
        a question of each.
    unread, unplaced
        The words that this question is about: not understood, and without a place in any step.
    notes
        What was decided where the text leaves room, as sentences.
    """

    requests: tuple[Request, ...]
    unread: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def not_understood(self) -> tuple[str, ...]:
        """All words that nothing came of."""
        return (*self.unread, *self.unplaced)

    def leaving_out(self, words: Sequence[str]) -> Reading:
        """Return the same reading without a question about words that somebody says count for nothing.

        What was read of the others stays as it is: nothing is read anew without them.

        Raises
        ------
        UsageError
            Where they are none of those that were not understood.
        """
        left_out = [each for each in self.not_understood if _plain(each) in map(_plain, words)]
        self._refuse_others(words, left_out)
        unread, unplaced = (
            [each for each in part if each not in left_out] for part in (self.unread, self.unplaced)
        )
        return self._asking(unread, unplaced, {"left_out": tuple(left_out)})

    def asking_also(self, words: Sequence[str]) -> Reading:
        """Return the same reading with a question about further words."""
        read = self._asking(list(dict.fromkeys((*self.unread, *words))), list(self.unplaced), {})
        return replace(read, notes=tuple(n for n in self.notes if not any(f"'{w}'" in n for w in words)))

    def _asking(self, unread: list[str], unplaced: list[str], also: dict[str, tuple[str, ...]]) -> Reading:
        question = question_about(unread, unplaced)
        asks = (question,) if question else ()
        requests = tuple(
            r.model_copy(update={"questions": (*(q for q in r.questions if q.key != WORDS), *asks), **also})
            for r in self.requests
        )
        return Reading(requests, tuple(unread), tuple(unplaced), self.notes)

    def _refuse_others(self, words: Sequence[str], left_out: Sequence[str]) -> None:
        """Refuse to leave out words that are none of those that were not understood."""
        meant = {_plain(each): each for each in words}
        if others := [meant[each] for each in meant.keys() - set(map(_plain, left_out))]:
            named = " and ".join(f"'{one_line(each)}'" for each in sorted(others))
            open_ = ", ".join(f"'{each}'" for each in self.not_understood) or "nothing"
            raise UsageError(
                f"{slot('leave_out').way()} leaves out what was not understood, and that is {open_}, "
                f"not {named}."
            )


def _plain(words: str) -> str:
    return " ".join(words.split()).casefold()


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
    page, notes = _page(text, library, set_names)
    again = partial(
        read_text, library=library, index=index, list_folder=list_folder, job_skill=job_skill,
        job_action=job_action, set_names=set_names, trained=trained,
    )  # fmt: skip
    if (order := _order_in_quotes(text, page, again)) is not None:
        return order
    notes += reports.take_reports(page)
    notes += heard.take_heard(page)
    if (whole := _read_whole(text, page, library, skill, again, notes)) is not None:
        return whole
    if (taught := student_requests(page, library, trained, skill, job_skill)) is not None:
        return _taught(text, taught, again, notes)
    mark_comments(page)
    clauses = _take_manners(page, notes)
    notes += _take_names(page)
    pairs.take_pairs(page)
    _take_words(page, library)
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
    steps, guessed = asked_steps(page, clauses, policy.held(page))
    notes += guessed
    if not steps:
        raise nothing_asked(text, page)
    if skill is not None:
        notes += _meant(page, steps, skill)
    else:
        steps = assign_skills(page, steps)
        if any(step.skill is None for step in steps):
            told, apart = told_words(page, clauses), words_apart(page, clauses)
            notes += name_skill(text, page, steps, library, index, job_skill, told, apart)
    jobs.mark_foreign(page, {s.skill.name for s in steps if s.skill is not None}, job_skill)
    mark_other_forms(page, steps, job_action)
    mark_forms_before(page, steps)
    mark_unmade(page, steps)
    mark_other_kinds(page, steps)
    mark_last_beside_new(page, steps)
    mark_spoken_of(page, steps)
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
    return _made(text, page, clauses, steps, policy.held(page), list_folder, notes)


def _order_in_quotes(text: str, page: Text, again: Again) -> Reading | None:
    """Return the reading of a text whose order stands in quotes: the note reads: "train X on D"."""
    for i in heard.orders_quoted(page):
        token = page.tokens[i]
        # A sentence of its own, so that nothing around it says anything of the order.
        apart = (text[: token.start].rstrip(" ,"), str(token.value).rstrip("."), text[token.end :])
        try:
            alone = again(token.value)
            read = again(". ".join(apart)).asking_also([*alone.unread, *heard.doubts_around(page, i)])
        except (UsageError, NotFoundError):
            continue
        return replace(read, requests=tuple(r.model_copy(update={"text": text}) for r in read.requests))
    return None


def _read_whole(
    text: str, page: Text, library: Library, skill: Skill | None, again: Again, notes: list[str]
) -> Reading | None:
    """Return the reading of a request about a data set, or of one that begins with a check of one."""
    if (asked := data_request(page, library, skill)) is not None:
        return Reading((asked.request,), asked.unread, notes=tuple(notes))
    if skill is not None or (found := checked_before(page, library)) is None:
        return None
    check, rest = found
    try:
        return _joined(text, check, again(rest), notes)
    except OutOfScopeError:  # "look at X and tell me"
        asked = with_question(check, (" ".join(rest.split()),))
        return Reading((asked.request,), asked.unread, notes=tuple(notes))


def _taught(text: str, taught: Taught, again: Again, notes: list[str]) -> Reading:
    """Return the reading of a chain of a teacher and its student, with what else is said of the student."""
    read = again(taught.rest)
    requests = tuple(taught.joined(text, read.requests))
    return replace(read, requests=requests, notes=tuple(dict.fromkeys([*notes, *read.notes])))


def _joined(text: str, check: Request, read: Reading, notes: list[str]) -> Reading:
    """Return a check of a data set with what is asked for behind it; what is not understood stops both."""
    unread = tuple(q for q in read.requests[0].questions if q.key == WORDS)
    check = check.model_copy(update={"questions": (*check.questions, *unread)})
    made = tuple(r.model_copy(update={"text": text}) for r in (check, *read.requests))
    return replace(read, requests=made, notes=tuple(dict.fromkeys([*notes, *read.notes])))


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
    notes += courtesies.take_approvals(page, clauses)
    notes += reports.take_questions(page, clauses)
    notes += take_deeds(page, clauses)
    return clauses


def _take_settings(page: Text, clauses: Clauses) -> None:
    """Account for what is said of a run: its search, jobs, values, captions and places."""
    keys = _keys_of_named(page)
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


def _meant(page: Text, steps: list[Step], skill: Skill) -> list[str]:
    """Give every step the skill that an option names; say which names of the words do not count."""
    for step in steps:
        step.skill = skill
    others = [page.ledger.said(c.tokens) for c in page.ledger.of("name") if skill not in c.value.skills]
    return [
        Sentence(f"{option('skill', shown(skill.qualified))} counts, not the {said} of the words")
        for said in others
    ]


def _page(text: str, library: Library, set_names: SetNames) -> tuple[Text, list[str]]:
    """Return the tokens of a text in plain words, names put together, and what was corrected."""
    words, known = lexicon(), names.names_of(library)

    def is_word(word: str) -> bool:
        return words.is_word(word) or word in known.words

    def whole(clean: str) -> Iterator[Token]:
        sets = list(sets_named(clean, is_word, set_names))
        skills = (t for t in known.qualified(clean) if not any(s.start <= t.start < s.end for s in sets))
        yield from sorted([*sets, *skills], key=lambda token: token.start)

    tokens = lexer.lex(text, whole, is_word)
    tokens = mark_folders(text, tokens)
    tokens = normal.translate(normal.part(tokens, words), words)
    tokens, notes = normal.correct(
        text, tokens, frozenset(known.words | known.described), _own(known.words, words), words
    )
    tokens = normal.count_words(tokens, words)
    tokens, more = known.take(text, tokens)
    return Text(Ledger(text, tokens), words), [*notes, *more]


def _is_size(page: Text, i: int) -> bool:
    """Whether a word behind a name says which weights are meant, and not how large the data is."""
    return page.within(i, "grammar.name.sizes") and not page.within(i + 1, "places.data.nouns")


@lru_cache(maxsize=8)
def _own(names: frozenset[str], words: Lexicon) -> frozenset[str]:
    """Return the longer words of names that mean nothing else in requests."""
    return frozenset(name for name in names if len(name) > 4 and not words.is_word(name))


def _take_names(page: Text) -> Iterator[str]:
    """Account for names; one that is said not to be meant is none. Yield what is said of one that waits."""
    for i, token in enumerate(page.tokens):
        if token.kind == "name" and page.ledger.free(i):
            page.ledger.claim("name", [i], token.value)
            if _is_size(page, i + 1):
                page.ledger.claim("unread", [i + 1])
    settle_exclusions(page, "name")
    if len(page.ledger.of("name")) > 1:
        yield from settle_names(page)


def _take_words(page: Text, library: Library) -> None:
    """Read values of keys such as ``model`` and ``action``, which are words of the request itself."""
    known = names.names_of(library)
    for claim in page.ledger.of("words"):
        if (said := known.claims.of(str(claim.value).strip())).skills:
            page.ledger.replace(claim, "name", Named(said.skills, said.note))
    own = own_actions(page, ACTIONS)
    for claim in page.ledger.of("words"):
        word = str(claim.value).strip().lower()
        action = next(
            (a for a in (*own, *ACTIONS) if a == word or any(
                page.lexicon.has(word, f"actions.{a}.{f}") for f in (*FORMS, "nouns"))),
            None,
        )  # fmt: skip
        if action is not None:
            page.ledger.replace(claim, "action", Mention(action))
        else:
            page.ledger.withdraw(claim)


def _keys_of_named(page: Text) -> list[tuple[str, Keys]]:
    """Return the spec keys of the skills that are named, with the action of each."""
    skills = dict.fromkeys(s for c in page.ledger.of("name") for s in c.value.skills)
    return [(name, keys_of(s, name)) for s in skills for name in dict.fromkeys(a.name for a in s.actions)]


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
    notes += accounting.take_context(page, clauses, known, listed)
    left = accounting.left_over(page, clauses, listed)
    notes += told
    if left:
        maker = Maker(page, [_with_claims(s, page) for s in steps], said, list_folder)
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
