"""What stands beside a request, whatever its words: told where it can change no run, and else asked about."""

from __future__ import annotations

import pytest

from skillbank.errors import SkillNotFoundError
from skillbank.runtime import Runtime

REQUEST = "Train RT-DETR on /d/t, no HPO."
BEFORE = (
    "Kestrel ward, room 12.",
    "Ferry office, Mrs. Lindqvist.",
    "Technician on lane 3 speaking.",
    "Agenda item 4:",
    "Per QP-20 §3:",
    "From the vestry:",
    "Where's my coffee:",
    "In reply to nobody:",
    "6:45 am, frost on the windows.",
    "Choir again.",
    "One village, 700 souls.",
    "@cv-bot",
    "bro just",
    "Dear night shift,",
    "landlord says it is fine, so",
    "The orchestra also rehearses here.",
    "I teach botany in Year 8 and the pupils voted for it.",
)
"""What stands before all that is asked for."""
BEHIND = (
    "H. Lindqvist",
    "Prof. Amadi",
    "Kwame",
    "Ann Lindqvist, retired beekeeper",
    "Mvh Ingrid",
    "Shabbat shalom!",
    "Owner: Ingrid.",
    "Requested by: H. Amadi.",
    "Have a lovely evening everybody!",
    "Kindly do the needful.",
    "God bless, Sr. Maria",
    "Thank you, dear machine.",
    "Sorry!",
    "Plsss!",
    "The mayor visits on the 4th.",
    "The bakery sold 900 rolls.",
    "The orchestra also rehearses here.",
)
MATTERS = (
    "Horizontal Flips",
    "Mixed Precision",
    "Grey Scale Only",
    "Greyscale",
    "In greyscale",
    "Half size",
    "The small one",
    "The other one",
    "Camera 4 first",
    "Fold 3",
    "Split 2",
    "Crop 512",
    "Version 3",
    "Phase 2 only",
    "Desaturate faces",
    "Denoise frames",
    "Sharpen with care",
    "Big ones first",
    "Faces blurred",
    "Trucks",
    "Trucks too",
    "Also licence plates",
    "Ripe apples count double",
    "Birches are trees",
    "Nobody wants shrubs",
    "We prefer recall",
    "Speed matters",
    "Faster is better",
    "Cheaply",
    "Overnight",
    "Tonight",
    "On the big machine",
    "In two runs",
    "Three passes",
    "Twenty loops",
    "Twice",
    "Same as last time",
    "As before",
    "Like Anna did",
    "Unless it rains",
    "Until Friday",
    "By Friday",
    "Deadline in two hours",
    "Not the left camera",
    "No shadows",
    "Without the pilot",
    "The pilot is excluded",
    "Skip the pilot",
    "We skip the pilot",
    "My boss wants no crops",
    "The insurer requires 95 percent recall",
    "It needs to fit on a phone",
    "It should be quick",
    "Never mind the colours",
    "Anything from Tuesday",
    "Everything but Tuesday",
    "The night pictures are noisy",
    "Each village apart",
    "Ann Lindqvist, freeze the first layers",
    "Ann Lindqvist, mirror faces",
    "The last one excluded",
)
"""Sentences behind a request that limit, choose, compare, order or wish something."""
ORDERS = (
    "Desaturate faces.",
    "Cheaply.",
    "In greyscale:",
    "At night:",
    "For the truck class:",
    "Twenty loops.",
)


@pytest.mark.parametrize("said", BEFORE)
def test_what_stands_before_a_request_asks_nothing(runtime: Runtime, said: str) -> None:
    [plain], [request] = runtime.read(REQUEST).requests, runtime.read(f"{said} {REQUEST}").requests
    assert request.model_dump(exclude={"text"}) == plain.model_dump(exclude={"text"})


@pytest.mark.parametrize("said", BEHIND)
def test_what_stands_behind_a_request_asks_nothing(runtime: Runtime, said: str) -> None:
    [plain], [request] = runtime.read(REQUEST).requests, runtime.read(f"{REQUEST} {said}").requests
    assert request.model_dump(exclude={"text"}) == plain.model_dump(exclude={"text"})


@pytest.mark.parametrize("said", MATTERS)
def test_a_sentence_that_may_change_a_run_is_asked_about(runtime: Runtime, said: str) -> None:
    assert runtime.read(f"{REQUEST} {said}.").not_understood


@pytest.mark.parametrize("said", ORDERS)
def test_what_may_be_an_order_before_a_request_is_asked_about(runtime: Runtime, said: str) -> None:
    assert runtime.read(f"{said} {REQUEST}").not_understood


def test_what_is_told_is_noted(runtime: Runtime) -> None:
    [note] = [n for n in runtime.read(f"{REQUEST} Ann Lindqvist, retired beekeeper").notes if "told" in n]
    assert str(note) == "'Ann Lindqvist, retired beekeeper' is taken as told, and changes nothing"


@pytest.mark.parametrize("name", ["YOLO World", "MaskDINO", "OWLv2"])
def test_a_model_that_nobody_has_is_no_name_of_somebody(runtime: Runtime, name: str) -> None:
    with pytest.raises(SkillNotFoundError):
        runtime.read(f"{name}, find gulls in /d/p")


def test_a_letter_behind_a_plain_word_ends_a_sentence(runtime: Runtime) -> None:
    [request] = runtime.read("Find gulls in the pictures of site B. Read them in /d/p. Thanks!").requests
    assert request.action == "inference"


@pytest.mark.parametrize("name", ["nightly.sh", "run_all.py", "make_request.ps1", "notebook.ipynb"])
def test_a_comment_that_says_which_script_asks_changes_nothing(own_bank: Runtime, name: str) -> None:
    read = own_bank.read(f"# called from {name}\nexport 0fd673")
    assert [each.action for each in read.requests] == ["export"]
    assert not read.not_understood


@pytest.mark.parametrize(
    "said", ["with export.sh", "labels in labels.xlsx", "settings from config.toml", "then run eval.sh"]
)
def test_a_file_that_is_to_be_used_is_asked_about(own_bank: Runtime, said: str) -> None:
    [words] = own_bank.read(f"export 0fd673, {said}").not_understood
    assert words.endswith(said.rpartition(" ")[2])
