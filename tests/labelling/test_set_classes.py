"""Classes of a command beside those of a set."""

from __future__ import annotations

import pytest

from skillbank.errors import UsageError
from skillbank.labelling.set_classes import settled
from skillbank.sets.model import ClassSpec, LabelClass

EXIT = LabelClass(1, "exit", ("red exit sign", "green exit sign"), ("poster",), 0.4)
BARE = LabelClass(2, "bare", ("person without a helmet",), (), None)


def test_the_same_classes_change_nothing() -> None:
    again = ClassSpec("exit", EXIT.captions, EXIT.not_captions), ClassSpec("bare", BARE.captions)
    assert settled("signs", (EXIT, BARE), again) == settled("signs", (EXIT, BARE), ())
    assert settled("signs", (EXIT, BARE), again).put == (), "and a threshold that a person has set stays"


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
