"""Which skill is meant where none is named: that of a job, one that finds things, or the one described."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from skillbank.bank.discovery import OWN, Library
from skillbank.bank.names import bare_name, shown
from skillbank.bank.search import Hit, SearchIndex
from skillbank.bank.skill import Skill
from skillbank.errors import AmbiguousSkillError, JobNotFoundError, SkillNotFoundError
from skillbank.plan.reader.form_words import form_of
from skillbank.plan.reader.jobs import JobSkill
from skillbank.plan.reader.kinds import kinds_in, refuse_another_kind, refuse_more_than_one, refuse_several
from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.names import Named
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.released import skill_of_weights
from skillbank.plan.reader.spec_keys import is_listed
from skillbank.plan.reader.step import Step, name_all
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import slot
from skillbank.ways import Sentence, command, marked

__all__ = ["gives_masks", "name_skill", "skill_that_finds"]

_LOOKED_AT = 8
_STEM = 6
"""Letters of a word that all its forms have."""


def gives_masks(skill: Skill) -> bool:
    """Whether a skill says of itself that it gives masks and not only boxes."""
    said = _described_as(skill)
    return "mask" in said or "segment" in said


def skill_that_finds(library: Library, *, masks: bool) -> tuple[Skill, str] | None:
    """Return the first bank's one skill that finds what a text describes; None where it has several."""
    found: dict[str, list[Skill]] = {}
    for skill in library.skills:
        finds = any(
            a.name == "inference" and key_of(skill, a, slot("captions")) is not None for a in skill.actions
        )
        if finds and (not masks or gives_masks(skill)):
            found.setdefault(skill.bank, []).append(skill)
    first = next((found[b.name] for b in library.banks if b.name in found), [])
    if len(first) != 1:
        return None
    return first[0], f"no skill was named; '{shown(library.said(first[0]))}' finds what is described"


def _skill_of_description(
    text: str,
    words: Sequence[str],
    called: frozenset[str],
    index: SearchIndex,
    actions: Sequence[str],
    library: Library,
) -> tuple[Skill, str, list[str]]:
    """Find the one skill that a description fits; of equally good ones that of the bank that comes first.

    Returns
    -------
    tuple
        The skill, the sentence that says so, and the words that describe it.

    Raises
    ------
    SkillNotFoundError, AmbiguousSkillError
        When no skill, or more than one, fits.
    """
    telling = _telling(words, called)
    fitting = _fitting(index, words, telling, actions)
    if not fitting:
        raise _nothing_fits(
            text, words, telling, [library.said(s) for s in _possible(words, actions, library)]
        )
    hits = _best(index, telling, fitting, library)
    hits = _called(hits, text) or hits
    # How often one word is said tells nothing: two skills that know it are equally good.
    if len(hits) > 1 and (len(telling) == 1 or hits[1].score > 0.8 * hits[0].score):
        listed = ", ".join(shown(library.said(h.skill)) for h in hits[:3])
        raise AmbiguousSkillError(f"The request could mean {listed}; name the skill.")
    best = hits[0].skill
    _refuse_part_of_name(best, telling, library)
    note = f"no skill was named; '{shown(library.said(best))}' fits the words best{_rivals(best, fitting)}"
    return best, note, [w for w in words if index.knows(best, w)]


def _refuse_part_of_name(skill: Skill, telling: Sequence[str], library: Library) -> None:
    """Refuse a model that is called by a part of a name alone: half of a name may be that of another model.

    Raises
    ------
    SkillNotFoundError
        Where a text says no more of a model than such a part, which is no word of what a model does.
    """
    parts = set(bare_name(skill).split("-"))
    kinds = ("told.kinds", "told.generic", "told.tasks")
    named = parts.intersection(telling)
    known = any(lexicon().has(word, kind) for word in named for kind in kinds)
    if named and named < parts and named.issuperset(telling) and not known:
        said, meant = max(named), shown(library.said(skill))
        raise SkillNotFoundError(
            f"There is no skill for '{said}'; did you mean '{meant}'? '{command('skills')}' lists them all."
        )


def _telling(words: Sequence[str], called: frozenset[str]) -> list[str]:
    """Return the words that tell a model from others: what one is called after, else all but general ones.

    What no skill is called after may be part of a setting ("cosine schedule"), and else is asked about.
    """
    telling = [w for w in words if not lexicon().has(w, "told.generic")]
    telling = [w for w in telling if w in called] or telling
    return telling or [w for w in words if lexicon().has(w, "told.tasks")]


def _possible(words: Sequence[str], actions: Sequence[str], library: Library) -> list[Skill]:
    """Return the first bank's few skills that have all actions, of these the ones that know the words."""
    can = [s for s in library.skills if {a.name for a in s.actions}.issuperset(actions)]
    first = next((b.name for b in library.banks if any(s.bank == b.name for s in can)), "")
    mine = [s for s in can if s.bank == first]
    return [s for s in mine if words and all(w[:_STEM] in _described_as(s) for w in words)] or mine


def _described_as(skill: Skill) -> str:
    """Return what a skill is called and says of itself, in small letters."""
    return " ".join((skill.name, skill.frontmatter.description, *skill.frontmatter.tags)).lower()


_OFFERED = 6
"""Skills that an error offers."""


def _nothing_fits(
    text: str, words: Sequence[str], telling: Sequence[str], possible: Sequence[str]
) -> AmbiguousSkillError | SkillNotFoundError:
    """Return the error of a request whose words fit no skill, or that has none which tell one apart."""
    said = text.strip()[:80]
    listed = ", ".join(map(shown, possible))
    few = Sentence(f": {listed}" if 0 < len(possible) <= _OFFERED else f" that '{command('skills')}' lists")
    if telling:
        return SkillNotFoundError(f"No skill fits '{said}'; name one{marked(few)}.")
    if words:
        return AmbiguousSkillError(f"'{said}' does not say which model; name one{marked(few)}.")
    return SkillNotFoundError(f"'{said}' does not say which model; name one{marked(few)}.")


def _fitting(
    index: SearchIndex, words: Sequence[str], telling: Sequence[str], actions: Sequence[str]
) -> list[Hit]:
    """Return the skills that know most of the words that tell, and have all the actions."""
    found = index.strong(" ".join(words), _LOOKED_AT) if telling else ()
    having = (h for h in found if {a.name for a in h.skill.actions}.issuperset(actions))
    return [h for h in having if _known(index, h, telling) >= 0.6 * len(telling)]


def _best(index: SearchIndex, telling: Sequence[str], fitting: Sequence[Hit], library: Library) -> list[Hit]:
    """Return the skills that know the most words, of the bank that comes first.

    A word as general as "detector" does not decide between skills that fit the rest equally well; and a bank
    writes its descriptions itself: how often it says a word never puts it before an earlier bank.
    """
    most = max(_known(index, h, telling) for h in fitting)
    hits = [h for h in fitting if _known(index, h, telling) == most]
    banks = {h.skill.bank for h in hits}
    first = next(b.name for b in library.banks if b.name in banks)
    return [h for h in hits if h.skill.bank == first]


def _known(index: SearchIndex, hit: Hit, words: Sequence[str]) -> int:
    return sum(index.knows(hit.skill, word) for word in words)


def _called(hits: Sequence[Hit], text: str) -> list[Hit]:
    """Return the hits whose whole name a text says in any form: "image classifier"."""
    said = {word[:_STEM] for word in re.findall(r"[a-z0-9]+", text.lower())}
    return [h for h in hits if {part[:_STEM] for part in bare_name(h.skill).split("-")} <= said]


def _rivals(best: Skill, fitting: Sequence[Hit]) -> str:
    others = [shown(h.skill.qualified) for h in fitting if h.skill.bank != best.bank]
    if not others:
        return "" if best.bank == OWN else f" (of the bank {shown(best.bank)})"
    return f" ({', '.join(others[:3])} of other banks fits as well; BANK:SKILL in the request chooses)"


def _skill_of_job(page: Text, library: Library, job_skill: JobSkill) -> tuple[Skill, str] | None:
    """Return the skill of the first job that is named and known, and the sentence that says so.

    Raises
    ------
    JobNotFoundError
        Where jobs are named and none of them is there.
    """
    unknown: JobNotFoundError | None = None
    for claim in page.ledger.of("job"):
        try:
            skill = library.get(job_skill(claim.value))
        except JobNotFoundError as error:
            unknown = unknown or error
        else:
            return skill, f"no skill was named; '{shown(library.said(skill))}' is that of job {claim.value}"
    if unknown is not None:
        raise unknown
    return None


def _of_own_jobs(page: Text, steps: list[Step], library: Library, job_skill: JobSkill) -> Iterator[str]:
    """Give each of several steps the skill of its own job: "export A, B and C"; yield what says so."""
    jobs = [[*{str(c.value): c for c in step.of("job")}.values()] for step in steps]
    if len(steps) < 2 or any(len(each) != 1 for each in jobs):
        return
    for step, (claim,) in zip(steps, jobs, strict=True):
        try:
            step.skill = library.get(job_skill(claim.value))
        except JobNotFoundError:
            continue
        yield f"no skill was named; '{shown(library.said(step.skill))}' is that of job {claim.value}"


def _kind_of_job(page: Text, called: frozenset[str], told: frozenset[int]) -> list[str]:
    """Return the words that say of what kind a job is that has no name: "the last image classifier".

    Raises
    ------
    AmbiguousSkillError
        Where models of another kind are spoken of too: "train a detector from the last classifier".
    """
    last = (c for c in page.ledger.of("job") if str(c.value).startswith("last"))
    inside = [i for c in last for i in range(c.first, c.last + 1)]
    words, kinds = page.words(inside), kinds_in(page, inside)
    if not kinds:  # just "model", "training"
        return []
    kinds |= kinds_in(page, [i for i in range(len(page.tokens)) if page.ledger.free(i) and i not in told])
    refuse_more_than_one(kinds)
    return [w for w in words if w in called or page.lexicon.has(w, "told.kinds")]


def name_skill(
    text: str,
    page: Text,
    steps: list[Step],
    library: Library,
    index: SearchIndex,
    job_skill: JobSkill | None,
    told: frozenset[int] = frozenset(),
    apart: frozenset[int] = frozenset(),
) -> list[str]:
    """Name the skill where the text does not; return what is to be said of it.

    Words in clauses that tell something (`told`) describe no model, and those of sentences that ask for
    nothing (`apart`) only where no others do.
    """
    called = _called_after(library)
    actions = [step.action for step in steps]
    refuse_several(page)
    kind = _kind_of_job(page, called, told)
    finds = bool(page.ledger.of("find", "captions"))  # "find cats with the last detector" tells which
    if kind and (_telling(kind, called) or not finds):
        skill, note, _ = _skill_of_description(text, kind, called, index, actions, library)
        name_all(steps, skill)
        return [note]
    if not kind and job_skill is not None and (of_job := _skill_of_job(page, library, job_skill)) is not None:
        refuse_another_kind(page, steps, of_job[0])
        notes = list(_of_own_jobs(page, steps, library, job_skill))
        name_all(steps, of_job[0])
        return notes or [of_job[1]]
    if (of_weights := skill_of_weights(page, library)) is not None:
        refuse_another_kind(page, steps, of_weights[0])
        name_all(steps, of_weights[0])
        return [of_weights[1]]
    words = _describing(page, library, actions, told | apart)
    words = words or ([] if finds else _describing(page, library, actions, told))
    telling = not called.isdisjoint(words) or _fitting(index, words, _telling(words, called), actions)
    found = None if telling else _finder(page, library, words)
    if found is not None:
        name_all(steps, found[0])
        return [found[1]]
    skill, note, known = _skill_of_description(text, words, called, index, actions, library)
    name_all(steps, skill)
    _claim_described(page, skill, known)
    return [note]


def _claim_described(page: Text, skill: Skill, known: Sequence[str]) -> None:
    """Account for the words by which a skill was found."""
    for i, token in enumerate(page.tokens):
        if token.kind == "word" and page.ledger.free(i) and token.text in known:
            page.ledger.claim("name", [i], Named((skill,)))


def _finder(page: Text, library: Library, words: Sequence[str]) -> tuple[Skill, str] | None:
    """Return the skill that finds what is looked for, where a text looks for something.

    Beside a verb of finding, words that describe no model do not name one, and are asked about.
    """
    sought = page.ledger.of("find") if words else page.ledger.of("find", "captions")
    finding = bool(sought)
    return skill_that_finds(library, masks=bool(page.ledger.of("masks"))) if finding else None


_QUIET = (
    *(f"grammar.free.{kind}" for kind in ("glue", "light", "adverb", "adjective")),
    "grammar.courtesy.words", "grammar.group.det", "grammar.mode.reason",
)  # fmt: skip
"""What describes no model."""


def _describing(page: Text, library: Library, actions: Sequence[str], told: frozenset[int]) -> list[str]:
    """Return the words that may describe a model; one that is a value of a key is none, nor is a name.

    Raises
    ------
    SkillNotFoundError
        When one of them is the name of a model that no bank has.
    """
    found: list[str] = []
    about, objects, beside = _called_after(library), _objects(page), False
    for i, token in enumerate(page.tokens):
        beside = (beside or (token.text == "for" and bool(found))) and token.kind != "mark"
        outside = beside or i in told or (bool(objects) and i not in objects)
        if outside or not (_may_describe(page, i, about) and _says_something(page, i, about)):
            continue
        if _is_known(page, i, about):
            found.append(token.text)
        elif not is_listed(page.ledger.said([i]), library.skills, actions):
            _refuse_unknown(page, i, called=i in objects)
    return found


def _is_known(page: Text, i: int, about: frozenset[str]) -> bool:
    """Whether a word is one of what skills are called after, or of a language, and no name."""
    word = page.word(i)
    return word in about or page.lexicon.is_word(word) or not _is_proper(page, i)


def _refuse_unknown(page: Text, i: int, *, called: bool) -> None:
    """Refuse a model that no bank has; a name that may be somebody's is asked about."""
    said = page.ledger.said([i])
    form = form_of(page.word(i)) is not None and (page.word(i - 1) in _AS or bool(page.ledger.of("find")))
    beside = [page.ledger.said([k]) for k in (i - 1, i) if page.kind(k) == "word"]  # "YOLO World"
    of_people = page.word(i + 1) in _PEOPLE  # "for the NOTAM folks"
    model = any(map(_OF_MODELS.search, beside)) and not form and not of_people
    if called or model or _is_called(page, i):
        raise SkillNotFoundError(
            f"There is no skill for '{said}'; '{command('skills')}' lists what there is."
        )


_PEOPLE = word_list("described.people")
_AS = frozenset({"as", "in", "to", "into", "output", "format"})
_OF_MODELS = re.compile(r"\d|[a-z][A-Z]|^[A-Z]{3,}$")
"""What nobody is called by: "OWLv2", "MaskDINO", "YOLO"."""


def _says_something(page: Text, i: int, about: frozenset[str]) -> bool:
    """Whether a word is one of what skills are called after, or else one that is no mere courtesy or noun."""
    quiet = page.within(i, *_QUIET, "grammar.free.noun", "places.data.nouns")
    return not quiet or page.tokens[i].text in about | {"detector", "detectors", "classifier"}


def _may_describe(page: Text, i: int, about: frozenset[str]) -> bool:
    """Whether a token is a word that no one has accounted for, and that no number counts."""
    counted = i > 0 and page.tokens[i - 1].kind == "number"
    if any(
        page.within(k, "grammar.order.repeat") and i in range(k, max(page.ends(k, "grammar.order.repeat")))
        for k in range(max(i - 3, 0), i)
    ):
        return False  # "a second time"
    word = page.tokens[i].kind == "word" and page.ledger.free(i) and not counted
    return word and (page.is_plain(i) or (page.tokens[i].text in about and _is_of_slots(page, i)))


def _is_called(page: Text, i: int) -> bool:
    """Whether a word stands where the name of a model does: "train X", "with X", "the X detector"."""
    after = i + 1
    while page.ledger.free(i - 1) and (page.word(i - 1) == "-" or page.is_plain(i - 1)):
        i -= 1  # "Mask R-CNN"
    before = page.word(i - 1)
    led = page.owner(i - 1) == "action" or before in ("with", "using", "use", "via", "by", "model", "run")
    det = page.within(i - 1, "grammar.group.det") and page.owner(i - 2) == "action"
    return led or det or page.within(after, "grammar.group.model") or page.kind(after) == "place"


def _is_proper(page: Text, i: int) -> bool:
    """Whether a word is written as the name of a model: with a capital inside of a sentence, or digits."""
    said = page.ledger.said([i])
    inside = i > 0 and page.tokens[i - 1].text not in (".", "!", "?", ":", ",", ";")
    capital = inside and said[:1].isupper() and not page.ledger.original.isupper()
    return len(said) > 1 and (capital or re.search(r"[a-z]_?\d|\d[a-z]|[a-z][A-Z]", said) is not None)


def _called_after(library: Library) -> frozenset[str]:
    """Return the words of the names, tags and aliases of all skills."""
    said = " ".join(
        " ".join((skill.name, *skill.frontmatter.tags, *skill.called.aliases)) for skill in library.skills
    )
    return frozenset(re.findall(r"[a-z]+", said.lower()))


def _objects(page: Text) -> frozenset[int]:
    """Return the words of "train an open-vocabulary detector": what an action is said to be done with."""
    found: set[int] = set()
    for claim in page.ledger.of("action"):
        det = "" if page.within(claim.last, "grammar.group.det") else "group.det "
        match = page.match(f"{det}~word|free.adjective|free.noun+", claim.last + 1)
        words = match.tokens() if match is not None else []
        heads = [k for k in words if page.lexicon.has(page.tokens[k].text, "told.heads")]
        found.update(range(claim.last + 1, heads[-1] + 1) if heads else ())
    return frozenset(found)


def _is_of_slots(page: Text, i: int) -> bool:
    """Whether a word is but a noun of slots, such as "text", which may as well describe a model."""
    return all(
        c.startswith(("slots.", "english.", "places.data.", "grammar.free.noun")) for c in page.classes[i]
    )
