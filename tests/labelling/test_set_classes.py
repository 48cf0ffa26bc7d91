"""Classes of a command beside those of a set."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from skillbank.errors import UsageError
from skillbank.labelling.set_classes import of_other_runs, settled
from skillbank.sets.model import ClassSpec, LabelClass, Run

EXIT = LabelClass(1, "exit", ("red exit sign", "green exit sign"), ("poster",), 0.4)
BARE = LabelClass(2, "bare", ("person without a helmet",), (), None)


def test_the_same_classes_change_nothing() -> None:
    again = ClassSpec("exit", EXIT.captions, EXIT.not_captions), ClassSpec("bare", BARE.captions)
    assert settled("signs", (EXIT, BARE), again) == settled("signs", (EXIT, BARE), ())
    assert settled("signs", (EXIT, BARE), again).put == (), "and a threshold that a person has set stays"


def test_a_suggested_threshold_stays_its_runs_and_what_a_person_says_is_theirs() -> None:
    suggested = replace(EXIT, threshold_run=1)
    words = ClassSpec("exit", ("exit sign",))
    [put] = settled("signs", (suggested,), (words,)).put
    assert (put.threshold, put.threshold_run) == (0.4, 1)
    said = ClassSpec("exit", EXIT.captions, EXIT.not_captions, 0.4)
    assert settled("signs", (suggested,), (said,)).put == (said,)


def test_thresholds_of_other_runs_are_said() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    runs = [Run(n, "k", None, "m", "s", {}, {}, 0.3, "ann", at, None) for n in (1, 2)]
    suggested = replace(EXIT, threshold_run=1), replace(BARE, threshold=0.5)
    assert list(of_other_runs("signs", suggested, runs[0])) == []
    assert list(of_other_runs("signs", suggested, runs[1])) == [
        "The threshold 0.4 of 'exit' was suggested for run 1; run 2 has 0.3 until you set another: "
        "skillbank sets thresholds signs."
    ]


def test_new_and_changed_classes_are_said() -> None:
    asked = ClassSpec("exit", ("exit sign",)), ClassSpec("door", ("door",), (), 0.2)
    change = settled("signs", (EXIT, BARE), asked)
    assert change.put == (ClassSpec("exit", ("exit sign",), (), 0.4), asked[1])
    assert change.notes == (
        "The captions have changed: 'exit = exit sign', before "
        "'exit = red exit sign | green exit sign | not poster'.",
    )
    (note,) = settled("signs", (EXIT,), (ClassSpec("exit", EXIT.captions, EXIT.not_captions, 0.5),)).notes
    assert note == "The threshold of 'exit' is 0.5 now, before 0.4."


def test_a_class_that_was_renamed_or_merged_is_found_by_its_captions() -> None:
    change = settled("signs", (EXIT, BARE), (ClassSpec("way out", ("Green exit sign.",)),))
    assert change.put == ()
    assert change.notes == ("'way out' is the class 'exit' of signs now.",)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (
            ClassSpec("way out", ("green exit sign", "arrow")),
            "'green exit sign' is a caption of 'exit' and of",
        ),
        (ClassSpec("bare", ("red exit sign",)), "is a caption of 'exit' and of 'bare'"),
        (ClassSpec("Exit", ("arrow",)), "look like one name"),
    ],
)
def test_two_classes_of_a_kind_are_refused(asked: ClassSpec, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        settled("signs", (EXIT, BARE), (asked,))


def test_captions_may_change_places() -> None:
    asked = ClassSpec("exit", ("person without a helmet",)), ClassSpec("bare", ("red exit sign",))
    assert [each.name for each in settled("signs", (EXIT, BARE), asked).put] == ["exit", "bare"]
