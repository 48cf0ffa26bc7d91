"""Plans where something does not fit, stands twice or leads on: what is asked, noted and counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skillbank.bank.skill import Skill
from skillbank.errors import StateError
from skillbank.plan.captions import CAPTIONS, read_captions
from skillbank.plan.coverage import Coverage, skill_coverage
from skillbank.plan.data_formats import left_to_program
from skillbank.plan.hardware import memory_of
from skillbank.plan.inputs import positions
from skillbank.plan.model import Override, Plan, Source
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.plan.slot_keys import meant, only_trained
from skillbank.plan.weights import CLEARED, pretrained_fields
from skillbank.runtime import Runtime
from tests.plan.conftest import Compile, MakeSkill, composed

DATA = ("train=s3://b/t", "eval=s3://b/e")


@pytest.mark.parametrize(
    ("action", "key", "parent", "left"),
    [
        ("evaluate", "evaluate.checkpoint", "train", ""),
        ("evaluate", "evaluate.checkpoint", "export", ""),
        ("train", "train.pretrained_model_path", "train", ""),
        ("train", "train.pretrained_model_path", "export", "onnx"),
        ("train", "train.pretrained_model_path", "gen_trt_engine", "engine"),
    ],
)
def test_a_job_that_a_person_names_for_a_key_leaves_what_that_takes(
    grounding_dino: Skill, compiled: Compile, action: str, key: str, parent: str, left: str
) -> None:
    plan = compiled(
        grounding_dino, action, f"{key}='{{parent_model}}'", data=DATA, parent=parent, automl="off"
    )
    said = [each.why for each in plan.questions if " leaves " in each.why]
    wrong = f"{key} takes weights, and job-1 ({parent}) leaves {left}; name another"
    assert said == ([wrong] if left else [])


@pytest.mark.parametrize("value", [[1, "cup"], [" ", ""], "", 5, None, {"a": 1}])
def test_captions_that_are_no_texts_are_left_to_the_schema(value: Any) -> None:
    given = Override(key=CAPTIONS, value=value, source=Source.USER, detail="set by the user")
    assert read_captions([given]) == ([given], [])


def test_of_two_rows_of_a_key_the_first_is_used_and_the_other_named(
    make_skill: MakeSkill, compiled: Compile
) -> None:
    rows = [f"| train | data.ann | train_datasets | {file} | No |" for file in ("a.json", "a.json", "b.json")]
    plan = compiled(make_skill(datasets="\n".join(rows)), "train", data=DATA[:1])
    assert plan.spec["data"]["ann"] == "s3://b/t/a.json"
    [note] = [each for each in plan.warnings if "stands beside" in each]
    assert note.startswith("data.ann: ") and note.endswith("; the first is used")
    assert note.index("b.json") < note.index("a.json")


def test_a_key_that_takes_one_place_of_several_is_asked_for_with_each(
    make_skill: MakeSkill, compiled: Compile
) -> None:
    both = "| train | data.all | train_datasets | a.json | Yes |"
    one = "| train | data.one | train_datasets | b.json | No |"
    given = ("train=s3://b/t", "train=s3://b/u")
    plan = compiled(make_skill(datasets=f"{both}\n{one}"), "train", data=given)
    [question] = plan.questions
    assert plan.spec["data"]["all"] == ["s3://b/t/a.json", "s3://b/u/a.json"]
    assert question.key == "data.one" and "takes one location and 2 were given" in question.why
    assert question.choices == ("--set data.one=s3://b/t/b.json", "--set data.one=s3://b/u/b.json")
    alone = compiled(make_skill(datasets=one), "train", data=given)
    assert [each.choices for each in alone.questions] == [("--data train=s3://b/t", "--data train=s3://b/u")]


def test_what_comes_of_the_actions_of_a_skill_is_counted(make_skill: MakeSkill) -> None:
    actions = {
        "train": {
            "command": "toy train",
            "inputs": {"data.ann": {"type": "file"}, "data.more": {"type": "file"}},
        },
        "prune": {"command": "toy prune", "inputs": {"data.any": {"type": "file", "optional": True}}},
        "export": {"command": "toy export"},
    }
    skill = make_skill(
        datasets="| train | data.ann | train_datasets | a.json | No |",
        info={"actions": actions, "required_credentials": ["NGC_KEY"]},
    )
    assert skill_coverage(skill) == Coverage(
        skills=1, actions=3, complete=2, asking=1, required_inputs=2, bound=1, asked=1, table_rows=1,
        file_cells=1, placed=1,
    )  # fmt: skip
    broken = make_skill(info={"actions": actions, "required_credentials": ["LD_PRELOAD"]})
    assert skill_coverage(broken) == Coverage(skills=1, actions=3, failing=3)


@pytest.mark.parametrize(("words", "told"), [("on 2 gpus", True), ("on 4 gpus", False), ("", False)])
def test_a_setting_of_gpus_counts_before_words_and_says_so(runtime: Runtime, words: str, told: bool) -> None:
    text = f"train grounding dino on s3://b/t without automl {words}".strip()
    [request], notes = composed(runtime, text, settings=["train.num_gpus=4"])
    [plan] = runtime.plan([request])
    assert plan.resources.gpus == 4
    assert bool([each for each in notes if "counts, not the 2 gpus of the words" in each]) is told


def test_relative_places_in_a_list_lie_where_one_works(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = ["dataset.infer_data_sources.image_dir=[a, s3://b/c, /d]"]
    [request], _ = composed(runtime, None, "tao-train-grounding-dino", ["inference"], settings=settings)
    [plan] = runtime.plan([request])
    assert plan.spec["dataset"]["infer_data_sources"]["image_dir"] == [f"{tmp_path}/a", "s3://b/c", "/d"]


def test_a_search_from_a_job_measures_that_model_first(grounding_dino: Skill, compiled: Compile) -> None:
    plan = compiled(grounding_dino, "train", data=DATA, parent="train", automl="on")
    assert plan.search is not None and plan.search.baseline is not None and plan.search.evaluation is not None
    assert [ref.job for ref in plan.search.baseline.parents] == ["job-1"]
    assert [ref.job for ref in plan.search.evaluation.parents] == [None]
    scratch = compiled(grounding_dino, "train", data=DATA, automl="on", pretrained="none").search
    assert scratch is not None and scratch.baseline is None and scratch.evaluation is not None
    alone = compiled(grounding_dino, "train", data=DATA[:1], parent="train", automl="on").search
    assert alone is not None and (alone.baseline, alone.evaluation) == (None, None)
    assert "the plan does not say where a set of evaluation data lies" in alone.notes[0]


@pytest.mark.parametrize(
    "place", ["questions.9.why", "questions.a.why", "nothing.why", "skill.name.why", "skill"]
)
def test_ways_that_fit_nowhere_change_nothing_of_a_plan(
    grounding_dino: Skill, compiled: Compile, place: str
) -> None:
    plan = compiled(grounding_dino, "train")
    kept = plan.kept()
    assert Plan.from_document({**kept, "ways": {place: kept["ways"]["questions.0.why"]}}) == plan


@pytest.mark.parametrize(
    ("name", "alone"),
    [("epochs", True), ("learning_rate", True), ("batch_size", False), ("threshold", False), ("", False)],
)
def test_what_only_a_training_has(grounding_dino: Skill, name: str, alone: bool) -> None:
    assert only_trained(grounding_dino, name) is alone


def test_a_format_of_data_that_a_program_has_a_key_for_is_set_once(make_skill: MakeSkill) -> None:
    skill = make_skill(info={"spec_shorthand_keys": {"format": "data.format"}})
    data = tuple(DataLocation(source="train_datasets", uri=f"/{at}", form="coco") for at in "ab")
    own = Setting(key="data.format", value="coco")
    for settings in ((), (own,)):
        request = Request(skill=skill.name, action="train", data=data, settings=settings)
        made = left_to_program(skill, skill.action("train"), request)
        assert [each.value for each in made.settings] == ["coco"]
        assert [each.form for each in made.data] == ["", ""]


ANNOTATED = "annotations_odvg.jsonl, annotations_odvg_labelmap.json, images.tar.gz from train_datasets"


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("train", {"data.train": f"train reads {ANNOTATED}"}),
        ("evaluate", {"data.eval": "evaluate reads annotations.json, images.tar.gz from eval_dataset"}),
        ("inference", {"data.inference": "inference reads images.tar.gz from inference_dataset"}),
        ("export", {}),
        (
            "quantize",
            {
                "data.train": f"quantize reads {ANNOTATED}",
                "data.eval": "quantize reads annotations.json, images.tar.gz from eval_dataset",
            },
        ),
    ],
)
def test_of_each_source_the_files_that_are_needed_are_asked_for(
    grounding_dino: Skill, compiled: Compile, action: str, asked: dict[str, str]
) -> None:
    questions = compiled(grounding_dino, action, parent="train", automl="off").questions
    found = {each.key: each.why for each in questions if each.key.startswith("data.")}
    assert found == {
        key: f"{why}; give --data {key.removeprefix('data.')}=LOCATION" for key, why in asked.items()
    }


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("a.pth", "{here}/a.pth"),
        ("$HOME/a.pth", "$HOME/a.pth"),
        ("{results_dir}/a.pth", "{results_dir}/a.pth"),
    ],
)
def test_a_place_with_a_part_that_is_filled_in_later_stays_as_it_is(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = [f"evaluate.checkpoint='{said}'"]
    [request], _ = composed(runtime, None, "tao-train-grounding-dino", ["evaluate"], settings=settings)
    [plan] = runtime.plan([request])
    assert plan.spec["evaluate"]["checkpoint"] == place.replace("{here}", str(tmp_path))


@pytest.mark.parametrize(("said", "memory"), [(None, None), (0, None), (-1, None), (0.5, 0.5), (24, 24.0)])
def test_the_memory_that_a_skill_wants_of_each_gpu(make_skill: MakeSkill, said: Any, memory: Any) -> None:
    hardware = {} if said is None else {"gpu_memory_gb": said}
    assert memory_of(make_skill(info={"hardware": hardware}).info) == memory


def test_of_several_parts_that_a_plan_cannot_be_read_for_the_first_is_named(
    grounding_dino: Skill, compiled: Compile
) -> None:
    kept = compiled(grounding_dino, "train").kept()
    broken = {**kept, "skill": {"name": 7}, "spec": "none", "plan_id": None}
    with pytest.raises(StateError) as refused:
        Plan.from_document(broken)
    assert " cannot be read: skill." in str(refused.value)


def test_a_start_from_scratch_clears_each_field_that_a_person_has_not_set(
    grounding_dino: Skill, compiled: Compile
) -> None:
    keys = pretrained_fields({"a.b": "ptm", "c.d": "parent_model", "e.f": "resume_model_or_ptm", "g": None})
    assert keys == ("a.b", "e.f")
    given = "model.pretrained_backbone_path=/weights/a.pth"
    plan = compiled(grounding_dino, "train", given, data=DATA, pretrained="none", automl="off")
    cleared = [each.key for each in plan.overrides if each.detail == CLEARED]
    assert cleared == ["train.pretrained_model_path"]
    assert plan.spec["model"]["pretrained_backbone_path"] == "/weights/a.pth"


def test_patterns_that_are_looked_for_as_words_are_said(make_skill: MakeSkill, compiled: Compile) -> None:
    patterns = [{"pattern": "a(b"}, {"pattern": "CUDA error"}, {"name": "x(?=y)"}]
    plan = compiled(make_skill(info={"error_patterns": patterns}), "train")
    [note] = [each for each in plan.warnings if "pattern(s)" in each]
    assert note.startswith(
        "2 error pattern(s) of the skill are looked for as plain words in logs, e.g. 'a(b': "
    )
    sound = compiled(make_skill(info={"error_patterns": patterns[1:2]}), "train")
    assert not [each for each in sound.warnings if "pattern(s)" in each]


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("a.b", ["a.b"]),
        ("list[0].b", ["list[0].b", "list[1].b"]),
        ("none[0].b", ["none[0].b"]),
        ("one[0].b", ["one.b"]),
    ],
)
def test_the_keys_that_a_declared_one_stands_for(key: str, found: list[str]) -> None:
    assert positions(key, {"list": [{"b": 1}, {"b": 2}], "none": [], "one": {"b": 3}}) == found


@pytest.mark.parametrize("key", ["epochs", "a.b"])
def test_without_an_action_a_key_is_what_it_says(grounding_dino: Skill, key: str) -> None:
    assert meant(grounding_dino, None, key) == key
