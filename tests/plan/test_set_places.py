"""Label sets as places: what names one, and how plans write it."""

from __future__ import annotations

import pytest

from skillbank.plan.set_places import SetPlace, as_place, set_place

DIGEST = "0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("set:signs", SetPlace("signs")),
        ("SET:Signs", SetPlace("Signs")),
        ("set://signs", SetPlace("signs")),
        ("set:signs/val", SetPlace("signs", "", "/val")),
        ("set:signs/", SetPlace("signs", "", "/")),
        (f"set://signs/{DIGEST}", SetPlace("signs", DIGEST)),
        (f"set://signs/{DIGEST}/train/a.json", SetPlace("signs", DIGEST, "/train/a.json")),
        (f"set:signs/{DIGEST}0", SetPlace("signs", "", f"/{DIGEST}0")),
        (f"set:{'a' * 100}", SetPlace("a" * 100)),
        (f"set:{'a' * 101}", None),
        ("set:", None),
        ("set:.hidden", None),
        ("set:two words", None),
        ("set:signs\0", None),
        ("signs", None),
        ("s3://signs", None),
        ("/data/set:signs", None),
        ("sets:signs", None),
    ],
)
def test_places_that_name_a_label_set(text: str, found: SetPlace | None) -> None:
    assert set_place(text) == found
    assert as_place(text) == (text if found is None else str(found))
    if found is not None:
        assert set_place(str(found)) == found


def test_how_plans_and_the_cache_call_it() -> None:
    assert str(SetPlace("signs", DIGEST, "/val")) == f"set://signs/{DIGEST}/val"
    assert str(SetPlace("signs")) == "set://signs"
    assert SetPlace("signs", DIGEST, "/val").folder == f"signs-{DIGEST}-set"
