"""What of two nearly alike is what was approved, what is read, and what closes a door."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillbank.approval_code import Lock
from skillbank.environment import APPROVAL_CODE_FILE
from skillbank.errors import UsageError
from skillbank.home import database_url
from skillbank.jobs.approved_parts import same_but
from skillbank.jobs.binding import ParentModel, bind
from skillbank.jobs.launch_terms import refuse_unused
from skillbank.jobs.record import JobRecord
from skillbank.jobs.store import JobStore
from skillbank.jobs.wrong_codes import WrongCodes
from skillbank.plan.model import InputBinding, Override, Plan, Source

MakePlan = Callable[..., Plan]
MakeRecord = Callable[..., JobRecord]
SPEC = {"batch": 8, "lr": 0.1}


@pytest.mark.parametrize(
    ("changes", "key", "same"),
    [
        ({}, None, True),
        ({}, "batch", True),
        ({"spec": {**SPEC, "batch": 4}}, "batch", True),
        ({"spec": {**SPEC, "batch": 4}}, None, False),
        ({"spec": {**SPEC, "batch": 4}}, "lr", False),
        ({"spec": {**SPEC, "batch": 3}}, "batch", False),
        ({"spec": {**SPEC, "batch": 0}}, "batch", False),
        ({"spec": {**SPEC, "batch": 16}}, "batch", False),
        ({"spec": {"batch": 4, "lr": 0.2}}, "batch", False),
        ({"spec": {**SPEC, "more": 1}}, None, False),
        ({"command": ("other",)}, None, False),
        ({"command": ("other",)}, "batch", False),
        ({"platform": "slurm"}, "batch", False),
        ({"overrides": (Override(key="batch", value=4, source=Source.USER),)}, "batch", True),
        ({"overrides": (Override(key="lr", value=4, source=Source.USER),)}, "batch", False),
        ({"overrides": (Override(key="batch", value=4, source=Source.USER),)}, None, False),
    ],
)
def test_a_further_attempt_is_the_same_plan_but_for_a_halved_batch(
    make_plan: MakePlan, changes: dict[str, Any], key: str | None, same: bool
) -> None:
    first = make_plan(platform="local", spec=SPEC)
    assert same_but(first, first.model_copy(update=changes), key) is same


@pytest.mark.parametrize("source", Source)
def test_what_a_run_reads_beside_its_inputs_is_what_the_user_named(
    make_plan: MakePlan, make_record: MakeRecord, tmp_path: Path, source: Source
) -> None:
    names = ("encoder", "first", "second", "staged")
    for name in names:
        (tmp_path / name).touch()
    here = {name: str(tmp_path / name) for name in (*names, "absent")}
    values: dict[str, Any] = {
        "one": here["encoder"], "list": [here["first"], here["second"], 3], "no": here["absent"],
        "input": here["encoder"], "word": "encoder", "number": 3,
    }  # fmt: skip
    plan = make_plan(
        spec=dict(values),
        overrides=tuple(Override(key=key, value=value, source=source) for key, value in values.items()),
        inputs=(InputBinding(key="input", uri="s3://b/x"),),
    )
    found = bind(plan, make_record(plan=plan), (), stage=lambda _: tmp_path / "staged")
    named = [tmp_path / name for name in names[:3]] if source in (Source.USER, Source.SHORTHAND) else []
    assert found.reads == (*named, tmp_path / "staged")


def test_an_input_that_the_user_set_is_read_where_it_was_staged_alone(
    make_plan: MakePlan, make_record: MakeRecord, tmp_path: Path
) -> None:
    own, model = tmp_path / "own", tmp_path / "parent" / "model.pth"
    own.touch()
    plan = make_plan(
        spec={"input": str(own)},
        overrides=(Override(key="input", value=str(own), source=Source.USER),),
        inputs=(InputBinding(key="input", uri=str(own)),),
    )
    found = bind(plan, make_record(plan=plan), (ParentModel("p", "train", model),), stage=lambda _: tmp_path)
    assert found.reads == (model.parent, tmp_path)
    assert found.spec == {"input": str(tmp_path)}


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("folder", "it is not one"),
        ("text", "it is not one"),
        ("loop", "it is not one"),
        ("long", "File name too long"),
    ],
)
def test_a_file_of_a_code_that_is_none_closes_the_store_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, why: str
) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path))
    place = tmp_path / ("x" * 300 if kind == "long" else "code")
    monkeypatch.setenv(APPROVAL_CODE_FILE.name, str(place))
    if kind == "folder":
        place.mkdir()
    elif kind == "loop":
        place.symlink_to(place)
    elif kind == "text":
        place.write_text("nonsense")
    lock = Lock.read()
    assert lock.shut and lock.code is None
    assert lock.broken.startswith("the file of the approval code /") and lock.broken.endswith(f" ({why})")
    with JobStore(database_url(), lock=lock) as store:
        assert store.guard.broken == lock.broken
    with JobStore(database_url(), lock=Lock()) as store:
        assert store.guard.broken == ""


def test_a_checkpoint_of_an_earlier_job_is_read_where_it_lies_and_its_own_is_no_other(
    make_plan: MakePlan, make_record: MakeRecord, tmp_path: Path
) -> None:
    def checkpoint(results: Path) -> Path:
        made = results / "train" / "model_epoch_001_step_00002.pth"
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text("x")
        return made

    plan = make_plan(spec={"resume": "{resume_model}"})
    record = make_record(plan=plan)
    places = [tmp_path / "none", tmp_path / "latest", tmp_path / "before"]
    models = [checkpoint(each) for each in places[1:]]
    found = bind(plan, record, (), stage=lambda _: tmp_path, earlier=places)
    assert (found.spec, found.reads) == ({"resume": str(models[0])}, (models[0],))
    own = checkpoint(Path(record.results_dir))
    found = bind(plan, record, (), stage=lambda _: tmp_path, earlier=places)
    assert (found.spec, found.reads) == ({"resume": str(own)}, ())


@pytest.mark.parametrize(
    ("terms", "error", "said"),
    [
        ({}, None, ""),
        ({"parents": ["a"], "chain": ["b"], "idempotency_key": "k", "checkpoint": "latest"}, None, ""),
        ({"checkpoint": "auto"}, None, ""),
        ({"parnts": ["a"]}, TypeError, r"launch has no argument 'parnts'.*parents"),
        ({"parents": "a"}, UsageError, "parents is one text"),
        ({"chain": "a"}, UsageError, "chain is one text"),
        ({"idempotency_key": " "}, UsageError, "idempotency_key is empty"),
        ({"checkpoint": "latest"}, UsageError, "latest chooses a parent's model; this plan has none"),
    ],
)
def test_what_is_said_beside_a_plan_is_of_use_or_refused(
    make_plan: MakePlan, terms: Any, error: type[Exception] | None, said: str
) -> None:
    plan = make_plan(platform="local", spec=SPEC)
    if error is None:
        refuse_unused(plan, terms)
    else:
        with pytest.raises(error, match=said):
            refuse_unused(plan, terms)


def test_a_right_code_begins_the_count_of_wrong_ones_anew(tmp_path: Path) -> None:
    codes = WrongCodes(tmp_path / "wrong")
    for wrong in (True, True, True, False, True, True, True):
        codes.note(wrong)
        assert codes.wait == 0 and WrongCodes(tmp_path / "wrong").wait == 0
    codes.note(True)
    assert codes.wait > 0 and WrongCodes(tmp_path / "wrong").wait > 0
    (tmp_path / "wrong").unlink()
    assert codes.wait > 0 and WrongCodes(tmp_path / "wrong").wait == 0
