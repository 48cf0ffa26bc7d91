"""Which data each step reads: its own places by role, then what others were given for the same source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.errors import ConflictError
from skillbank.plan.datasets import DATASETS, Binding, bindings
from skillbank.plan.model import Question
from skillbank.plan.products import trains
from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.place import SOURCES, is_test, role_of_path
from skillbank.plan.reader.roots import is_local_file
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.request import DataLocation, clean_uri, role_of
from skillbank.visible import one_line
from skillbank.ways import Sentence, option

__all__ = ["DataOfSteps", "rows_of"]

_ANNOTATIONS = (".json", ".jsonl", ".csv", ".txt", ".yaml", ".yml", ".xml")
_TOGETHER = frozenset(["together", "combined", "jointly", "mixed", "merged", "union", "joined"])
_BOTH = (
    "'both 'of? group.det|'these|'those? places.data.nouns",
    "'use|'take|'combine|'mix 'both|'them+",
    "'on|'with|'from|'in|'over 'both !~word",
)
"""Ways to say of several places that they are one; "both" may be of models and of people too."""
_SEVERAL = frozenset(
    ["plus", "+", "datasets", "sets", "buckets", "folders", "also", "well", "addition", "along"]
)

_LISTING = frozenset([*ADDING, "-", "\n", "on", "from", "in", "at", "with", "the", "data", "place"])
"""What stands between places of one list."""
_MORE = _TOGETHER | _SEVERAL | {"more", "additional", "further", "other", "rest", "too"}
"""Words by which what is told of may belong to what is asked for: "more pictures lie in X"."""
_MOVED = frozenset(["moved", "relocated", "renamed", "transferred", "migrated"])
"""Words by which what is told of afterwards may be what is meant: "the data moved to X"."""


def rows_of(step: Step, action: Action | None) -> list[Binding]:
    """Return the data sets that a step reads."""
    if action is None or step.skill is None:
        return []
    return list(_rows(step.skill, action.name, action.variant))


@lru_cache(maxsize=512)
def _rows(skill: Skill, name: str, variant: str | None) -> tuple[Binding, ...]:
    action = skill.action(name, variant)
    template, _ = skill.template(action)
    return tuple(r for r in bindings(skill, action, template)[0] if DATASETS.fullmatch(r.source))


def _tests_of(text: Text, steps: Sequence[Step]) -> list[Claim]:
    """Return the places of test data, where something else is there to validate on."""
    held = [c for s in steps for c in s.of("place") if c.value.role in (None, "eval_dataset")]
    tests = [c for c in held if is_test(c)]
    roles = ((c.value.role, role_of_path(text, c.value.uri)) for c in held if c not in tests)
    return tests if any("eval_dataset" in each for each in roles) else []


def _forms_of(text: Text) -> dict[str, str]:
    """Return as what places are said to be read; no place is two things."""
    forms: dict[str, str] = {}
    for uris, form in (claim.value for claim in text.ledger.of("format")):
        for uri in uris:
            if forms.setdefault(uri, form) != form:
                both = f"{forms[uri]} and {form}"
                raise ConflictError(f"{one_line(uri)} is said to be read as {both}; keep one of them.")
    return forms


class DataOfSteps:
    """The data of the steps of one text.

    Attributes
    ----------
    used
        Claims of places that some step reads.
    notes, questions
        What was decided, and what nobody but the person can say.
    """

    def __init__(self, text: Text, steps: Sequence[Step], actions: Sequence[Action | None]) -> None:
        self.text, self.steps = text, steps
        self.rows = [rows_of(s, a) for s, a in zip(steps, actions, strict=True)]
        self.used: set[int] = set()
        self.notes: list[str] = []
        self.questions: dict[int, list[Question]] = {}
        self._tests = _tests_of(text, steps)
        self._forms = _forms_of(text)
        self._given = [self._own(i) for i in range(len(steps))]
        self._leave_lost()

    def _leave_lost(self) -> None:
        """Leave to a question what a step was given for others that all have data of their own."""
        reads = [{r.source for r in rows} for rows in self.rows]
        for i, given in enumerate(self._given):
            for source in set(given) - reads[i]:
                own = [self._given[k].get(source) for k, read in enumerate(reads) if source in read]
                if own and all(uris is not None and not set(given[source]) <= set(uris) for uris in own):
                    self.used -= {id(c) for c in self.steps[i].of("place") if c.value.uri in given[source]}

    def of(self, at: int) -> list[DataLocation]:
        """Return the data of a step: its own, else what was said by role for all, else an earlier step's."""
        reads = list(dict.fromkeys(r.source for r in self.rows[at]))
        given = {s: list(u) for s, u in self._given[at].items()}
        for i, other in enumerate(self._given):
            for source, uris in other.items():
                if (
                    source in reads
                    and not self._is_of_another(i, at, source)
                    and (i <= at or self._said_by_role(i, source))
                ):
                    given.setdefault(source, list(uris))
        for uris in self._evaluated(at, noting="eval_dataset" in reads and "eval_dataset" not in given):
            given.setdefault("eval_dataset", uris)
        return [
            DataLocation(source=source, uri=uri, form=self._forms.get(uri, ""))
            for source, uris in given.items() if source in reads or len(self.steps) == 1
            for uri in dict.fromkeys(uris)
        ]  # fmt: skip

    def _evaluated(self, at: int, *, noting: bool) -> Iterator[list[str]]:
        """Yield on what a step's model is evaluated, which may validate it too; note the first."""
        for i in self._evaluations(at):
            uris = self._given[i].get("eval_dataset", [])
            if uris and noting:
                where = " and ".join(map(one_line, uris))
                self.notes.append(
                    f"{where}, on which the model is evaluated, validates its training too, which chooses "
                    "the best checkpoint by it; say 'no validation' to keep it apart"
                )
            yield uris
            noting = False

    def _evaluations(self, at: int) -> Iterator[int]:
        """Yield where what a step trains is evaluated: that data may also tell its checkpoints apart."""
        step = self.steps[at]
        for i in range(at + 1, len(self.steps) if trains(step.action) else 0):
            evaluated = self.steps[i]
            same = step.skill is evaluated.skill and not _has_model(evaluated)
            if evaluated.action == "evaluate" and same and not self._is_kept_apart(evaluated):
                yield i

    def _is_kept_apart(self, evaluated: Step) -> bool:
        """Whether a training is not to be validated, or not to see the data that it is evaluated on."""
        if any(c.value == "eval_dataset" for c in self.text.ledger.of("refused")):
            return True
        tokens = (self.text.tokens[i] for c in self.text.ledger.of("excluded") for i in c.tokens)
        denied = {str(token.value) for token in tokens if token.kind == "place"}
        return any(c.value.uri in denied for c in evaluated.of("place"))

    def _is_of_another(self, given: int, at: int, source: str) -> bool:
        """Whether data was given to evaluate a model of its own, which is not what a step trains."""
        other = self.steps[given]
        apart = given != at and other.action == "evaluate" and trains(self.steps[at].action)
        return apart and _has_model(other) and not self._said_by_role(given, source)

    def _said_by_role(self, at: int, source: str) -> bool:
        return any(c.value.role == source for c in self.steps[at].of("place"))

    def _own(self, at: int) -> dict[str, list[str]]:
        """Return the data that a step itself was given, by source."""
        step, rows = self.steps[at], self.rows[at]
        reads = {r.source for r in rows}
        own = _own_source(step.action, rows)
        given: dict[str, list[str]] = {}
        roles = self._roles(at, own, reads)
        self._ask_about_files(at, [(c, r) for c, r in roles if r in reads])
        for claim, role in self._asked(at, self._tested(step, roles)):
            if role in reads or self._is_taken(at, claim, role):
                given.setdefault(role, []).append(claim.value.uri)
                self.used.add(id(claim))
        return given

    def _is_taken(self, at: int, claim: Claim, role: str) -> bool:
        """Whether a step takes what is said of one that does not read it: "export it on D" leaves D open."""
        takers = [i for i, rows in enumerate(self.rows) if any(r.source == role for r in rows)]
        said = claim.value.role is not None
        alone = len(self.steps) == 1 and not self.rows[at]
        return alone or any(said or at <= taker for taker in takers)

    def _tested(self, step: Step, roles: list[tuple[Claim, str]]) -> list[tuple[Claim, str]]:
        """Leave data of tests to what evaluates, where other data is there to validate on."""
        if not self._tests:
            return roles
        tests = step.action == "evaluate"
        left = [(c, r) for c, r in roles if (c in self._tests) == tests or r != "eval_dataset"]
        return [(self._tests[0], "eval_dataset")] if tests and not left else left

    def _asked(self, at: int, roles: list[tuple[Claim, str]]) -> list[tuple[Claim, str]]:
        """Leave out what is only told of beside what is asked for; ask where it may belong to it."""
        asked = {r for c, r in roles if not c.value.told}
        told = [(c, r) for c, r in roles if c.value.told and r in asked]
        again = {c.value.uri for c, r in roles if not c.value.told}
        last = max((c.last for c, r in roles if (c, r) not in told), default=0)
        for claim, source in told:
            self.used.add(id(claim))
            why = f"{claim.value.uri} is told of beside the {role_of(source)} data that is asked for"
            if claim.value.uri in again:
                continue  # "my dogs are in X. Train on X"
            if self._may_belong(claim, last):
                self._ask(at, source, f"{why}; say whether it belongs to it")
            else:
                self.notes.append(f"{why}, and is not used")
        return [pair for pair in roles if pair not in told]

    def _may_belong(self, claim: Claim, last: int) -> bool:
        """Whether what is told of may be meant too, or in the place of what is asked for before it."""
        moved = claim.first > last and any(t.text in _MOVED for t in self.text.tokens[last:])
        now = self.text.word(claim.first - 1) in ("but", "now", "rather")  # "val was A, now B"
        return claim.value.role is not None or moved or now or self._adds()

    def _ask(self, at: int, source: str, why: str, choices: tuple[Sentence, ...] = ()) -> None:
        question = Question(key=f"data.{role_of(source)}", why=why, choices=choices)
        self.questions.setdefault(at, []).append(question)

    def _adds(self) -> bool:
        """Whether words let what is told of belong to what is asked for: "more lie in X", "on them and Y"."""
        pronouns = self.text.find("'on|'with|'use|'and|'including 'them|'these|'those|'all &'and|',|'plus|'.")
        return any(t.text in _MORE for t in self.text.tokens) or any(True for _ in pronouns)

    def _roles(self, at: int, own: str, reads: set[str]) -> list[tuple[Claim, str]]:
        """Return the places of a step that hold data, each with its source."""
        said = self._said(at, reads)
        loose, aside = self._loose(at, own, reads, said)
        told_of = [(c, role_of_path(self.text, c.value.uri) or own) for c in aside]
        if len(loose) < 2 or len(reads) < 2:
            # One place is what the action is to be done on, whatever it is called.
            taken = [c for c, r in said if r == own]
            self._ask_about_beside(at, loose, taken, own, reads)
            mine, others = self._guessed(loose, own, reads) if taken else (loose, [])
            given = [*((c, own) for c in mine), *others]
            given += self._strangers(said, own, reads, alone=not loose)
            return [*sorted(given, key=lambda pair: pair[0].first), *told_of]
        mine, others = self._guessed(loose, own, reads)
        if self._are_unclear(self.steps[at], mine, own, reads):
            self._ask_which(at, mine, own, reads)
        return [*((c, own) for c in mine), *others, *said, *told_of]

    def _guessed(
        self, loose: list[Claim], own: str, reads: set[str]
    ) -> tuple[list[Claim], list[tuple[Claim, str]]]:
        """Return which of several places without a role are a step's own, and others' by their names."""
        mine, others = list[Claim](), list[tuple[Claim, str]]()
        for claim in loose:
            role = role_of_path(self.text, claim.value.uri)
            if role is None or role == own:
                mine.append(claim)
            elif role in reads:
                others.append((claim, role))
                self.notes.append(f"{claim.value.uri} is taken as {role_of(role)} data because of its name")
        return mine, others

    def _said(self, at: int, reads: set[str]) -> list[tuple[Claim, str]]:
        """Return the places whose role was said, each with the source that the step reads them as.

        Two kinds of data that a step would read as one are not mixed, unless they lie in one place.
        """
        held = [c for c in self.steps[at].of("place") if c.value.role in SOURCES or c.value.role in reads]
        told = {c.value.role: c.value.uri for c in held}
        said = [(c, self._source(c.value.role, at, reads)) for c in held]
        return [
            (c, s if told.get(s, c.value.uri) == c.value.uri or s == c.value.role else c.value.role)
            for c, s in said
        ]

    def _loose(
        self, at: int, own: str, reads: set[str], said: list[tuple[Claim, str]]
    ) -> tuple[list[Claim], list[Claim]]:
        """Return the places without a role, and those of them that are only told of beside others."""
        step = self.steps[at]
        places = [c for c in step.of("place") if c.value.role is None]
        loose = [c for c in places if not c.value.told] or places
        kept = set(map(id, loose))
        aside = [c for c in places if id(c) not in kept]
        loose = self._moved(at, own, reads, loose, said)
        if not places and not said and reads:
            loose = self._shared(at)
        if step.action == "evaluate" and self._is_trained(step) and any(r == own for _, r in said):
            loose = []  # "train and evaluate, data A, val B": A is for the training
        return self._respectively(at, loose), aside

    def _moved(
        self, at: int, own: str, reads: set[str], loose: list[Claim], said: list[tuple[Claim, str]]
    ) -> list[Claim]:
        """Leave out places that are said to be for something else behind it: "on A and B; B is for testing".

        Whether a place is for both where its role stands before it ("validation: B"), is asked.
        """
        others = {c.value.uri: c for c, r in said if r != own}
        twice = [c for c in loose if c.value.uri in others]
        if not twice or len(twice) == len(loose):
            return loose
        if any(self.text.kind(others[c.value.uri].last) != "word" for c in twice):
            self._ask_which(at, loose, own, reads)
            return loose
        self.used |= set(map(id, twice))
        return [c for c in loose if c not in twice]

    def _respectively(self, at: int, places: list[Claim]) -> list[Claim]:
        """Return a step's own of places that are dealt out: "train X and Y on A and B respectively"."""
        if not any(t.text == "respectively" for t in self.text.tokens):
            return places
        named = {id(c) for c in places}
        takers = [i for i, s in enumerate(self.steps) if named <= {id(c) for c in s.of("place")}]
        return [places[takers.index(at)]] if at in takers and len(takers) == len(places) else places

    def _is_trained(self, step: Step) -> bool:
        """Whether a training is asked for in one breath with a step."""
        return any(s is not step and s.group == step.group and trains(s.action) for s in self.steps)

    def _ask_which(self, at: int, places: list[Claim], own: str, reads: set[str]) -> None:
        listed = " and ".join(c.value.uri for c in places)
        why = f"{listed} are both named for {self.steps[at].action}; say which is for what"
        choices = tuple(Sentence(f"{option('data', f'{role_of(source)}=URI')}") for source in sorted(reads))
        self._ask(at, own, why, choices)

    def _ask_about_beside(
        self, at: int, loose: list[Claim], said: list[Claim], own: str, reads: set[str]
    ) -> None:
        """Ask what a place is for that only stands beside one that was given the step's own role: "A B"."""
        both = sorted([*loose, *said], key=lambda claim: claim.first)
        if loose and said and len(reads) > 1 and self._are_unclear(self.steps[at], both, own, reads):
            self._ask_which(at, both, own, reads)

    def _ask_about_files(self, at: int, roles: list[tuple[Claim, str]]) -> None:
        """Ask where a file of annotations is given for the folder that it belongs to, and nobody can look."""
        for claim, source in roles:
            uri = clean_uri(claim.value.uri)
            if uri.lower().endswith(_ANNOTATIONS) and not is_local_file(uri):
                why = (
                    f"{claim.value.uri} is one file, and {role_of(source)} data is the folder that holds "
                    "it and the images; name the folder"
                )
                self._ask(at, source, why)

    def _source(self, role: str, at: int, reads: set[str]) -> str:
        """Return what a role is called here: a step that calibrates may read it from another source."""
        if role == "calibration_dataset" and role not in reads:
            return next((r.source for r in self.rows[at] if "calib" in r.key), role)
        if role == "eval_dataset" and "eval_dataset" not in reads and reads == {"inference_dataset"}:
            return "inference_dataset"
        return role

    @staticmethod
    def _strangers(
        said: list[tuple[Claim, str]], own: str, reads: set[str], *, alone: bool
    ) -> list[tuple[Claim, str]]:
        """Let a step be done on the one place it was given: "evaluate on the training data X"."""
        if (
            alone
            and len(said) == 1
            and said[0][1] not in reads
            and own in reads
            and said[0][1] != "calibration_dataset"
        ):
            return [(said[0][0], own)]
        return said

    def _are_unclear(self, step: Step, mine: list[Claim], own: str, reads: set[str]) -> bool:
        """Whether nothing tells which of several places is for what, and a step could tell them apart."""
        plain = [c for c in mine if role_of_path(self.text, c.value.uri) is None]
        if len(mine) < 2 or not plain or self._together(mine):
            return False
        if not self._are_listed(mine):
            return True
        told = {c.value.role for s in self.steps for c in s.of("place")}
        return not (reads - {own} <= told or len({_kind_of(c.value.uri) for c in mine}) == 1)

    def _are_listed(self, places: list[Claim]) -> bool:
        """Whether places stand in one list: "A, B and C", "on A and from B"."""
        at = sorted(i for c in places for i in c.tokens if self.text.tokens[i].kind == "place")
        between = [{self.text.tokens[i].text for i in range(a + 1, b)} for a, b in pairwise(at)]
        return all(each and each <= _LISTING for each in between)

    def _together(self, places: list[Claim]) -> bool:
        """Whether it is said that several places belong together."""
        first, last = (
            next((i for i in c.tokens if self.text.tokens[i].kind == "place"), c.first)
            for c in (places[0], places[-1])
        )
        before = self.text.tokens[max(0, first - 6) : first]
        if before and before[-1].text in ("are", ":") and not any(t.kind == "number" for t in before):
            before = []  # "the folders are A and B" says what there is, not what it is for
        near = [t.text for t in (*before, *self.text.tokens[first : last + 1])]
        if "both" in near[max(0, len(before) - 2) :] or any(True for s in _BOTH for _ in self.text.find(s)):
            return True
        return not _SEVERAL.isdisjoint(near) or any(t.text in _TOGETHER for t in self.text.tokens)

    def _shared(self, at: int) -> list[Claim]:
        """Return the places that are said behind the last of several actions in one breath."""
        step = self.steps[at]
        last = max((s for s in self.steps if s.group == step.group), key=lambda s: s.at)
        if last is step or last.skill is not step.skill:
            return []
        return [c for c in last.of("place") if c.value.role is None]


def _has_model(step: Step) -> bool:
    """Whether a step names the model that it is done with: a job, or a file of weights."""
    return any(c.kind == "job" or (c.kind == "place" and c.value.role == "weights") for c in step.claims)


def _kind_of(uri: str) -> str:
    """Return a location without its counts, so that "day1" and "day2" are of one kind."""
    return re.sub(r"\d+", "0", uri.rstrip("/")) if re.search(r"\d[^/]*$", uri.rstrip("/")) else uri


def _own_source(action: str, rows: Sequence[Binding]) -> str:
    usual = {"evaluate": "eval_dataset", "inference": "inference_dataset"}.get(action, "train_datasets")
    sources = [r.source for r in rows]
    return usual if usual in sources or not sources else sources[0]
