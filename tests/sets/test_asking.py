"""What a model finds in one picture when a person asks: beside what is there, of no run, taken back."""

from __future__ import annotations

from skillbank.sets.audit import audit_of, in_random_order
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Accept, Proposal, Reject, Review
from tests.sets.conftest import box, home, sets, signs, spec
from tests.sets.replaying import check_laws, held

__all__ = ["home", "sets", "signs"]


def asked(x: float, class_number: int = 1) -> Proposal:
    return Proposal(class_number, (x, 10, x + 20, 30), 0.9, "a red door")


def test_it_comes_beside_what_is_there_and_is_taken_back(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    signs.propose(run, {1: [box(1, 0, 0.9), box(1, 40, 0.1), box(2, 70, 0.9)]})
    rejected = signs.picture(1).boxes[2].number
    signs.edit(1, [Reject(rejected)], who="bob", version=signs.picture(1).version)
    before = held(signs)
    # The first is there, the last was said to be none; what lies below the threshold becomes a box.
    added = signs.take_asked(1, [asked(1), asked(40), asked(41), asked(70, 2)], "ann", "tiny")
    assert added == 1
    new = signs.picture(1).boxes[-1]
    assert (new.state, new.run, new.score, new.caption, new.origin, new.shown) == (
        "proposed",
        None,
        None,
        "a red door",
        "ann",
        True,
    )
    event = signs.log(after=signs.version() - 1)[0]
    assert (event.kind, event.body["asked"], event.body["model"]) == ("ask", ["a red door"], "tiny")
    check_laws(signs)
    version = signs.version()
    assert signs.take_asked(1, [asked(40)], "ann", "tiny") == 0 and signs.version() == version
    assert signs.undo("ann") is not None and held(signs) == before
    assert signs.redo("ann") is not None and signs.picture(1).boxes[-1].shown


def test_a_later_run_leaves_it_and_decisions_about_it_are_anybodys(signs: LabelSet) -> None:
    signs.propose(signs.start_run(spec()), {1: []})
    signs.take_asked(1, [asked(0), asked(50)], "ann", "tiny")
    signs.propose(signs.start_run(spec("n")), {1: [box(1, 1, 0.8), box(1, 75, 0.8)]})
    assert [(each.run, each.corners[0]) for each in signs.picture(1).boxes] == [
        (None, 0),
        (None, 50),
        (2, 75),
    ]
    first, second, _ = signs.picture(1).boxes
    state = signs.picture(1)
    signs.edit(1, [Accept(first.number), Reject(second.number)], who="bob", version=state.version)
    assert [each.state for each in signs.picture(1).boxes] == ["accepted", "rejected", "proposed"]
    check_laws(signs)


def test_the_sample_counts_it_as_missed(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    signs.propose(run, {number: [box(1, 0, 0.9)] for number in range(1, 11)})
    first = in_random_order(signs.pictures())[0].number
    signs.take_asked(first, [asked(50)], "ann", "tiny")
    signs.edit(first, [Review()], who="ann", version=signs.picture(first).version)
    overall = audit_of(signs).overall
    assert (overall.precision.hits, overall.precision.of) == (1, 1)
    assert (overall.recall.hits, overall.recall.of) == (1, 2), "the run had not found it"
