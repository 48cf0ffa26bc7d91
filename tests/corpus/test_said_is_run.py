"""What is named must be there; what a launch binds differs from its plan by places alone. For every skill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skillbank.bank.actions import Action
from skillbank.bank.discovery import Library
from skillbank.bank.keys import plain
from skillbank.bank.skill import Skill
from skillbank.errors import DataNotFoundError, SpecError
from skillbank.jobs.binding import ParentModel, bind, has_token
from skillbank.jobs.checks import Checks, check, refuse
from skillbank.jobs.record import JobRecord
from skillbank.plan.coverage import full_plan
from skillbank.plan.datasets import bindings
from skillbank.plan.draft import Parent
from skillbank.plan.model import InputBinding, Plan
from skillbank.plan.paths import leaves, parse_path
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.storage.archive import archive_stem
from skillbank.storage.staging import stage

_CONTENT = {
    "annotations_odvg.jsonl": '{"file_name": "a.png", "width": 40, "height": 30, "detection": {"instances": '
    '[{"bbox": [1, 2, 20, 20], "label": 0}]}}',
    "annotations_odvg_labelmap.json": '{"0": "cat"}',
    "annotations.json": '{"images": [{"id": 0, "file_name": "a.png", "width": 40, "height": 30}], '
    '"categories": [{"id": 0, "name": "cat"}], '
    '"annotations": [{"id": 0, "image_id": 0, "category_id": 0, "bbox": [1, 2, 9, 9]}]}',
}
"""What is looked into before a launch."""
FILES = ("file", "folder", "path", "directory")
"""Types of inputs that name a place."""


@pytest.fixture(scope="module")
def ours() -> Library:
    return Library([])


def actions_of(library: Library) -> list[tuple[Skill, Action]]:
    return [(skill, action) for skill in library.skills for action in skill.actions]


def optional_inputs(library: Library) -> Iterator[tuple[Skill, Action, str]]:
    for skill, action in actions_of(library):
        for declared in action.inputs:
            if declared.optional and declared.type in FILES:
                yield skill, action, declared.key


def compiled(skill: Skill, action: Action, *settings: Setting, **fields: Any) -> Plan:
    request = Request(
        skill=skill.name,
        action=action.name,
        variant=action.variant,
        settings=settings,
        automl="off",
        **fields,
    )
    return compile_plan(skill, request, "docker")


def states(checks: Checks, key: str) -> set[str]:
    return {place.state for place in checks.places if plain(place.key) == plain(key)}


def walk_named(library: Library, tmp_path: Path) -> int:
    """Name each optional input a place that is not there: refused; leave it out: nothing is said or asked."""
    walked = 0
    for skill, action, key in optional_inputs(library):
        gone = tmp_path / "nope" / "weights.pth"
        try:
            named = compiled(skill, action, Setting(key=key, value=str(gone)))
        except SpecError as error:
            assert "must be a list" in str(error), (skill.name, action.name, key)
            named = compiled(skill, action, Setting(key=key, value=[str(gone)]))
        seen = check(named)
        assert "missing" in states(seen, key), (skill.name, action.name, key, named.inputs)
        assert any(str(gone) in problem for problem in seen.problems), (skill.name, action.name, key)
        with pytest.raises(DataNotFoundError, match="nope"):
            refuse(named.model_copy(update={"questions": ()}), seen.model_copy(update={"questions": ()}))
        without = compiled(skill, action)
        assert not states(check(without), key) & {"missing", "unusable", "misnamed"}, (skill.name, key)
        walked += 1
    return walked


def test_every_optional_input_of_ours_is_needed_once_it_is_named(ours: Library, tmp_path: Path) -> None:
    assert walk_named(ours, tmp_path) >= 6


@pytest.mark.slow
def test_every_optional_input_of_the_corpus_is_needed_once_it_is_named(
    corpus: Library, tmp_path: Path
) -> None:
    assert walk_named(corpus, tmp_path) > 80


def test_a_data_set_that_is_named_must_have_every_file_that_training_reads(
    ours: Library, tmp_path: Path
) -> None:
    [skill] = [s for s in ours.skills if s.name == "tao-train-grounding-dino"]
    root = tmp_path / "far" / "below" / "others"  # a part of a data set is looked for in the folders above it
    lay_out(skill, skill.action("train", None), root)
    data = [DataLocation(source=s, uri=str(root / s)) for s in ("train_datasets", "eval_dataset")]
    request = {"skill": skill.name, "action": "train", "automl": "off"}
    complete = compile_plan(skill, Request(**request, data=tuple(data)), "local")
    assert check(complete).passed
    (root / "eval_dataset" / "annotations.json").unlink()
    with pytest.raises(DataNotFoundError, match=r"annotations\.json.*dataset\.val_data_sources\.json_file"):
        refuse(complete, check(complete))
    without = compile_plan(skill, Request(**request, data=tuple(data[:1])), "local")
    assert check(without).passed


def lay_out(skill: Skill, action: Action, root: Path) -> None:
    """Make every file and folder of every data set that an action reads."""
    template, _ = skill.template(action)
    for row in bindings(skill, action, template)[0]:
        if row.kind != "data":
            continue
        path = root / row.source / row.path
        stem = archive_stem(path.name)
        if stem is not None and row.runtime == "extracted_folder":
            folder = path.with_name(stem)
        elif row.path and row.runtime != "folder" and "." in path.name:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_CONTENT.get(path.name, "{}"))
            continue
        else:
            folder = path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "content").write_text("content")
        Image.new("RGB", (40, 30)).save(folder / "a.png")


def local_plan(skill: Skill, action: Action, root: Path) -> Plan:
    """Compile an action with data of this machine, and with a parent whose model fits."""
    whole = full_plan(skill, action)
    lay_out(skill, action, root)
    sources = {
        row.source for row in bindings(skill, action, skill.template(action)[0])[0] if row.kind == "data"
    }
    data = tuple(DataLocation(source=source, uri=str(root / source)) for source in sorted(sources))
    request = Request(
        skill=skill.name, action=action.name, variant=action.variant, data=data, automl="off", pretrained=None
    )
    parent = Parent(whole.parents[0]) if whole.parents else None
    return compile_plan(skill, request, "docker", parent)


def bound_spec(plan: Plan, root: Path) -> tuple[Plan, Mapping[str, Any]]:
    """Bind a plan as a launch does; of what still misses a value, only the places matter here."""
    results = root / "results"
    record = JobRecord(
        id="job", created=datetime.now(UTC), plan_id=plan.plan_id, plan=plan.model_dump(mode="json"),
        skill=plan.skill.name, action=plan.action, platform="docker", results_dir=str(results),
    )  # fmt: skip
    model = root / "parent" / "model.pth"
    parents = [ParentModel("parent", ref.action, model) for ref in plan.parents]
    inputs = tuple(binding for binding in plan.inputs if not binding.uri.startswith("<"))
    filled = plan.model_copy(update={"spec": without_questions(plan.spec), "inputs": inputs})
    made = bind(filled, record, parents, stage=lambda binding: staged(binding, root))
    return filled, made.spec


def staged(binding: InputBinding, root: Path) -> Path:
    """Bring data as a launch does; what a skill links to on the web is taken as fetched."""
    if binding.uri.startswith("https://"):
        fetched = root / "fetched"
        fetched.touch()
        return fetched
    return stage(binding, root / "cache")


def without_questions(node: Any) -> Any:
    """Fill what a plan still asks for, which no launch would start with."""
    if isinstance(node, dict):
        return {key: without_questions(value) for key, value in node.items()}
    if isinstance(node, list):
        return [without_questions(value) for value in node]
    return "answered" if node == "???" else node


def flat(spec: Mapping[str, Any]) -> dict[tuple[str | int, ...], Any]:
    """Return every leaf by its path, entries of plain lists one by one."""
    found: dict[tuple[str | int, ...], Any] = {}
    for path, value in leaves(spec):
        if isinstance(value, list) and value:
            found.update({(*path, i): each for i, each in enumerate(value)})
        else:
            found[path] = value
    return found


def differences(plan: Plan, spec: Mapping[str, Any]) -> list[str]:
    """Return the keys at which a bound spec says something else than the plan, other than a place."""
    before, after = flat(plan.spec), flat(spec)
    places = {parse_path(i.key) for i in plan.inputs if i.runtime != "value"}
    optional = {parse_path(i.key) for i in plan.inputs if i.optional}
    wrong = [f"{path} came or went" for path in before.keys() ^ after.keys()]
    for path in before.keys() & after.keys():
        old, new = before[path], after[path]
        if old == new or (isinstance(old, str) and has_token(old)):
            continue
        if path in places and ((new == "" and path in optional) or Path(str(new)).exists()):
            continue
        wrong.append(f"{path}: {old!r} became {new!r}")
    return wrong


def walk_bound(library: Library, tmp_path: Path) -> int:
    places = 0
    for i, (skill, action) in enumerate(actions_of(library)):
        root = tmp_path / str(i)
        plan = local_plan(skill, action, root)
        filled, spec = bound_spec(plan, root)
        assert differences(filled, spec) == [], (skill.name, action.name, action.variant)
        places += sum(b.runtime != "value" for b in filled.inputs)
    return places


def test_a_launch_of_ours_differs_from_its_plan_by_places_alone(ours: Library, tmp_path: Path) -> None:
    assert walk_bound(ours, tmp_path) >= 15


@pytest.mark.slow
def test_a_launch_of_the_corpus_differs_from_its_plan_by_places_alone(
    corpus: Library, tmp_path: Path
) -> None:
    assert walk_bound(corpus, tmp_path) > 200
