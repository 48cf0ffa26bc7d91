"""Whatever several people and models do to a set, in any order, its laws hold."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from skillbank.errors import SkillbankError
from skillbank.jobs.store import JobStore
from skillbank.sets.model import (
    Accept,
    Add,
    Change,
    ClassSpec,
    Operation,
    Proposal,
    Reject,
    Restore,
    Review,
    RunSpec,
    VersionConflictError,
)
from skillbank.sets.store import SetStore
from tests.sets.conftest import found
from tests.sets.replaying import State, check_laws, held

PEOPLE = st.sampled_from(["ann", "bob", "eve"])
PICTURES = st.integers(1, 4)
CLASSES = st.integers(1, 5)
CORNERS = st.tuples(*[st.sampled_from([-5.0, 0.0, 10.0, 11.0, 30.0, 31.5, 60.0, 99.0, 200.0])] * 4)
SCORES = st.sampled_from([0.0, 0.06, 0.29, 0.3, 0.31, 0.5, 0.9, 1.0])
NAMES = st.sampled_from(["exit", "bare", "hat", "sign", " hat "])
PICK = st.integers(0, 30)
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Add, CLASSES, CORNERS),
        st.tuples(st.just("change"), PICK, st.none() | CLASSES, st.none() | CORNERS),
        st.tuples(st.sampled_from([Accept, Reject, Restore]), PICK),
        st.builds(Review, st.sampled_from(["todo", "reviewed", "skipped"])),
    ),
    min_size=1,
    max_size=4,
)


class Everybody(RuleBasedStateMachine):
    """Several people and models at one set."""

    def url(self, folder: str) -> str:
        """Return the URL of a new database, in a folder where it is a file."""
        return f"sqlite:///{Path(folder) / 'store.db'}"

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = JobStore(self.url(self.folder.name))
        self.sets = SetStore(self.store.engine)
        self.labels = self.sets.create(
            "signs", [ClassSpec("exit"), ClassSpec("bare", threshold=0.5)], who="ann"
        )
        self.labels.add_pictures([found(i) for i in range(4)], "ann")
        self.versions: dict[int, int] = {}
        self.runs: list[Any] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    def _box(self, picture: int, pick: int) -> int:
        boxes = self.labels.picture(picture).boxes
        return boxes[pick % len(boxes)].number if boxes else 99

    def _try(self, what: Any) -> Any:
        """Do something; what is refused changes nothing."""
        before = held(self.labels), self.labels.version()
        try:
            return what()
        except SkillbankError:
            assert (held(self.labels), self.labels.version()) == before
            return None

    @rule(who=PEOPLE, picture=PICTURES, asked=OPERATIONS, late=st.booleans())
    def edit(self, who: str, picture: int, asked: list[Any], late: bool) -> None:
        operations: list[Operation] = []
        for each in asked:
            if not isinstance(each, tuple):
                operations.append(each)
            elif each[0] == "change":
                operations.append(Change(self._box(picture, each[1]), each[2], each[3]))
            else:
                operations.append(each[0](self._box(picture, each[1])))
        version = self.labels.picture(picture).version - late
        if late:
            with pytest.raises(VersionConflictError) as caught:
                self.labels.edit(picture, operations, who=who, version=version)
            assert caught.value.current == self.labels.picture(picture)
        else:
            self._try(lambda: self.labels.edit(picture, operations, who=who, version=version, seconds=1))

    @rule(who=PEOPLE, picks=st.lists(st.tuples(PICTURES, PICK, st.booleans()), max_size=4))
    def decide(self, who: str, picks: list[tuple[int, int, bool]]) -> None:
        boxes: dict[int, Any] = {self._box(p, i): "accept" if yes else "reject" for p, i, yes in picks}
        self._try(lambda: self.labels.decide(boxes, who))

    @rule(who=PEOPLE, picture=PICTURES, pick=PICK, number=CLASSES)
    def reclass(self, who: str, picture: int, pick: int, number: int) -> None:
        self._try(
            lambda: self.labels.decide({}, who, reclass=[self._box(picture, pick)], class_number=number)
        )

    @rule(model=st.sampled_from("abc"), threshold=st.sampled_from([0.2, 0.3]))
    def start(self, model: str, threshold: float) -> None:
        specs = tuple(each.spec for each in self.labels.classes())
        spec = RunSpec(model, model * 64, specs, threshold=threshold, who="ann")
        if (run := self._try(lambda: self.labels.start_run(spec))) is not None:
            self.runs.append(run)

    @rule(
        pick=PICK,
        batch=st.dictionaries(
            PICTURES, st.lists(st.builds(Proposal, CLASSES, CORNERS, SCORES), max_size=4), min_size=1
        ),
    )
    def propose(self, pick: int, batch: dict[int, list[Proposal]]) -> None:
        if not self.runs:
            return
        run = self.runs[pick % len(self.runs)]
        before = held(self.labels)
        self._try(lambda: self.labels.propose(run, batch))
        after = held(self.labels)
        assert _decided(after) == _decided(before), "a model has changed what a person decided"
        again = self.labels.version()
        assert self.labels.propose(run, batch) == 0 and self.labels.version() == again

    @rule(who=PEOPLE)
    def undo_and_redo(self, who: str) -> None:
        before = held(self.labels)
        if self.labels.undo(who) is not None:
            undone = held(self.labels)
            assert self.labels.redo(who) is not None
            assert held(self.labels) == before
            again = self.labels.undo(who)
            assert again is not None and held(self.labels) == undone

    @rule(who=PEOPLE)
    def redo(self, who: str) -> None:
        self.labels.redo(who)

    @rule(who=PEOPLE, names=st.lists(NAMES, max_size=2, unique_by=str.strip), line=st.none() | SCORES)
    def classes(self, who: str, names: list[str], line: float | None) -> None:
        self._try(
            lambda: self.labels.set_classes([ClassSpec(n, ("a", n), threshold=line) for n in names], who)
        )

    @rule(who=PEOPLE, number=CLASSES, name=NAMES)
    def rename(self, who: str, number: int, name: str) -> None:
        self._try(lambda: self.labels.change_class(number, who, name=name))

    @rule(who=PEOPLE, numbers=st.lists(CLASSES, min_size=1, max_size=2), into=CLASSES)
    def merge(self, who: str, numbers: list[int], into: int) -> None:
        self._try(lambda: self.labels.merge_classes(numbers, into, who))

    @rule(who=PEOPLE, number=CLASSES)
    def remove(self, who: str, number: int) -> None:
        self._try(lambda: self.labels.remove_class(number, who))

    @rule(who=PEOPLE, number=CLASSES, line=st.none() | SCORES, run=st.none() | st.integers(1, 3))
    def threshold(self, who: str, number: int, line: float | None, run: int | None) -> None:
        self._try(lambda: self.labels.set_threshold(number, line, who, run=run))

    @rule(who=PEOPLE)
    def accept_rest(self, who: str) -> None:
        before = _decided(held(self.labels))
        self._try(lambda: self.labels.accept_rest(who, target=0.5))
        after = _decided(held(self.labels))
        assert {key: after[key] for key in before} == before, "what was decided has changed"

    @rule(who=PEOPLE, picture=PICTURES, number=CLASSES, corners=CORNERS)
    def take_asked(self, who: str, picture: int, number: int, corners: Any) -> None:
        self._try(lambda: self.labels.take_asked(picture, [Proposal(number, corners, 0.9, "a")], who, "m"))

    @rule(who=PEOPLE, count=st.integers(1, 4))
    def ask(self, who: str, count: int) -> None:
        before = held(self.labels)
        assert len(set(self.labels.next(who, count=count))) <= count
        assert held(self.labels) == before

    @invariant()
    def laws(self) -> None:
        if not hasattr(self, "labels"):
            return
        check_laws(self.labels)
        versions = {row.number: row.version for row in self.labels.pictures()}
        assert all(versions[number] >= version for number, version in self.versions.items())
        self.versions = versions


def _decided(state: State) -> State:
    return {key: f for key, f in state.items() if key[0] == "box" and f["state"] != "proposed"}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 25), ("postgresql", 8)])
def test_everybody(kind: str, examples: int, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("postgres") if kind == "postgresql" else None

    class Here(Everybody):
        def url(self, folder: str) -> str:
            return str(server.store()) if server else super().url(folder)

    run_state_machine_as_test(
        Here,
        settings=settings(settings.get_profile("quick"), max_examples=examples, stateful_step_count=25),
    )
