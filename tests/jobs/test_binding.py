from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.errors import DataNotFoundError, ParentError, PlatformError, SpecError
from skillbank.jobs.binding import ParentModel, bind, check_filled, needs_parent_model
from skillbank.jobs.record import JobRecord
from skillbank.jobs.specfile import write_spec
from skillbank.plan.model import InputBinding, Override, Plan, Source

MakePlan = Callable[..., Plan]
MakeRecord = Callable[..., JobRecord]
MODEL = ParentModel("parent", "train", Path("/results/parent/train/model.pth"))


def staged(binding: InputBinding) -> Path:
    if "missing" in binding.uri:
        raise DataNotFoundError(f"{binding.uri} does not exist")
    return Path("/staged") / Path(binding.uri).name


@pytest.fixture
def bound(make_plan: MakePlan, make_record: MakeRecord) -> Callable[..., Any]:
    def run(spec: dict[str, Any], parents: tuple[ParentModel, ...] = (), **fields: Any) -> Any:
        plan = make_plan(spec=spec, **fields)
        return bind(plan, make_record(plan=plan), parents, stage=staged)

    return run


def test_uris_become_paths_at_indexed_keys(bound: Callable[..., Any]) -> None:
    spec: dict[str, Any] = {
        "dataset": {
            "train_data_sources": [{"image_dir": "s3://b/0", "label_map": None}, {"image_dir": "s3://b/1"}],
            "infer_data_sources": {"image_dir": ["s3://b/x"], "captions": ["s3://b/x stays text"]},
        }
    }
    inputs = (
        InputBinding(key="dataset.name", uri="bert-base-uncased", runtime="value"),
        InputBinding(key="dataset.model", uri="{parent_model}"),
        InputBinding(key="dataset.weights", uri="org/model", hub=True),
        InputBinding(key="dataset.train_data_sources[0].image_dir", uri="s3://b/0"),
        InputBinding(key="dataset.train_data_sources[1].image_dir", uri="s3://b/1"),
        InputBinding(key="dataset.infer_data_sources.image_dir[0]", uri="s3://b/x"),
        InputBinding(key="dataset.train_data_sources[0].label_map", uri="s3://b/missing", optional=True),
    )
    dataset = bound(spec, inputs=inputs).spec["dataset"]
    assert dataset["train_data_sources"] == [
        {"image_dir": "/staged/0", "label_map": ""},
        {"image_dir": "/staged/1"},
    ]
    assert dataset["infer_data_sources"] == {"image_dir": ["/staged/x"], "captions": ["s3://b/x stays text"]}
    assert dataset.keys() == {"train_data_sources", "infer_data_sources"}
    assert spec["dataset"]["infer_data_sources"]["image_dir"] == ["s3://b/x"]
    with pytest.raises(DataNotFoundError):
        bound(spec, inputs=(InputBinding(key="a", uri="/missing"),))


def test_tokens_anywhere_in_text(bound: Callable[..., Any]) -> None:
    spec = {
        "results_dir": "{results_dir}",
        "export": {"onnx_file": "{results_dir}/model.onnx", "checkpoint": "{parent_model}"},
        "folder": ["{parent_model_folder}"],
        "resume": "{resume_model}",
        "interpolation": "${results_dir}/x",
        "pattern": "{epoch:03d} {unknown}",
        "{results_dir}": 1,
        "number": 1e-5,
        "nothing": None,
    }
    out = bound(spec, (MODEL,))
    results = str(out.config_path.parent.parent)
    assert out.spec == {
        "results_dir": results,
        "export": {"onnx_file": f"{results}/model.onnx", "checkpoint": str(MODEL.model)},
        "folder": [str(MODEL.model.parent)],
        "resume": "",
        "interpolation": "${results_dir}/x",
        "pattern": "{epoch:03d} {unknown}",
        "{results_dir}": 1,
        "number": 1e-5,
        "nothing": None,
    }


def test_files_that_a_persons_settings_name_are_handed_over_one_by_one(
    bound: Callable[..., Any], tmp_path: Path
) -> None:
    one, two, ours = (tmp_path / name for name in ("one", "two", "ours"))
    for each in (one, two, ours):
        each.touch()
    overrides = (
        Override(key="a.one", value=str(one), source=Source.USER),
        Override(
            key="a.list", value=[str(two), 3, "relative", str(tmp_path / "gone")], source=Source.SHORTHAND
        ),
        Override(key="a.ours", value=str(ours), source=Source.INFERENCE),
        Override(key="a.input", value=str(ours), source=Source.USER),
    )
    inputs = (InputBinding(key="a.input", uri="s3://b/x"),)
    spec = {"a": {"one": str(one), "list": [str(two)], "ours": str(ours), "input": str(ours)}}
    assert bound(spec, overrides=overrides, inputs=inputs).reads == (one, two, Path("/staged/x"))


def test_a_parents_structure_fills_what_nobody_said(bound: Callable[..., Any]) -> None:
    structure = {"model.size": 3, "model.depth": 4, "model.none": 5, "engine.x": 6, "engine.profile": "small"}
    said = Override(key="model.depth", value=9, source=Source.USER)
    parent = ParentModel("job-1", "train", Path("/m/model.pth"), structure)
    out = bound({"model": {"size": 1, "depth": 9}}, (parent,), overrides=(said,))
    assert out.spec == {"model": {"size": 3, "depth": 9}, "engine": {"x": 6}}
    assert bound({"model": {"size": 1}}).spec == {"model": {"size": 1}}
    other = ParentModel("job-2", "train", Path("/m/other.pth"), {"model.size": 8})
    assert bound({"model": {"size": 1}}, (other, parent)).spec == {"model": {"size": 8}}, "the first counts"


def test_a_later_start_goes_on_from_a_checkpoint_where_there_is_a_place_for_one(
    bound: Callable[..., Any],
) -> None:
    out = bound({"resume": "{resume_model}", "results": "{results_dir}"})
    results = str(out.config_path.parent.parent)
    assert out.resume is not None and out.resume.mark == f"{results}/{{resume_model}}"
    assert yaml.safe_load(out.resume.text) == {"resume": out.resume.mark, "results": results}
    assert out.spec["resume"] == "" and bound({"results": "{results_dir}"}).resume is None


def test_the_resume_model_is_the_newest_of_its_own(make_plan: MakePlan, make_record: MakeRecord) -> None:
    plan = make_plan(spec={"resume": "{resume_model}"})
    record = make_record(plan=plan)
    own = Path(record.results_dir) / "train" / "model_epoch_001_step_00002.pth"
    own.parent.mkdir(parents=True)
    own.write_text("x")
    assert bind(plan, record, (), stage=staged).spec == {"resume": str(own)}


def test_a_parents_model_that_is_not_there(bound: Callable[..., Any], make_plan: MakePlan) -> None:
    spec = {"evaluate": {"checkpoint": "{parent_model}"}}
    with pytest.raises(ParentError, match=r"evaluate\.checkpoint.*--parent"):
        bound(spec)
    optional = (InputBinding(key="evaluate.checkpoint", uri="{parent_model}", optional=True),)
    with pytest.raises(ParentError, match=r"evaluate\.checkpoint.*--parent"):
        bound(spec, inputs=optional)  # an input is optional only while nobody named it
    assert needs_parent_model(make_plan(spec=spec))
    assert needs_parent_model(make_plan(spec={"x": ["a", "{parent_model_folder}"]}))
    assert needs_parent_model(make_plan(spec=spec, inputs=optional))
    assert not needs_parent_model(make_plan(spec={"x": "{results_dir}"}))


def test_a_value_left_open_stops_the_launch(make_plan: MakePlan, bound: Callable[..., Any]) -> None:
    with pytest.raises(SpecError, match=r"^c has no value"):
        bound({"c": "???"})
    with pytest.raises(SpecError, match=r"a\.b\[1\] has no value"):
        check_filled(make_plan(spec={"a": {"b": ["x", "???"]}}))
    with pytest.raises(SpecError, match=r"^c has no value"):
        check_filled(make_plan(spec={"c": "???"}))
    check_filled(make_plan(spec={"c": "???"}, inputs=(InputBinding(key="c", uri="/x"),)))


def test_what_only_another_action_reads_may_stay_open(make_plan: MakePlan) -> None:
    spec = {"distill": {"teacher": "???"}, "train": {"weights": "???"}}
    with pytest.raises(SpecError, match=r"^train\.weights has no value"):
        check_filled(make_plan(spec=spec, left_open=("distill.teacher",)))


@pytest.mark.parametrize(
    ("form", "load"), [("yaml", yaml.safe_load), ("json", json.loads), ("toml", tomllib.loads)]
)
def test_the_file_is_the_spec_and_the_hash_is_the_files(
    bound: Callable[..., Any], form: str, load: Callable[[str], Any]
) -> None:
    out = bound({"train": {"lr": 1e-5, "name": "é"}, "results_dir": "{results_dir}"}, config_format=form)
    assert out.config_path.name == f"spec.{form}"
    assert load(out.config_path.read_text(encoding="utf-8")) == out.spec
    assert hashlib.sha256(out.config_path.read_bytes()).hexdigest() == out.sha256


def test_only_the_literal_config_path_is_replaced_in_commands(bound: Callable[..., Any]) -> None:
    out = bound(
        {}, command=("tool", "-e", "{config_path}", "--x={config_path}", "{results_dir}", "$HOME", "%s {0}")
    )
    path = str(out.config_path)
    assert out.argv == ("tool", "-e", path, f"--x={path}", "{results_dir}", "$HOME", "%s {0}")


def test_a_shell_never_sees_a_path_that_means_something_to_it(
    make_plan: MakePlan, make_record: MakeRecord
) -> None:
    plan = make_plan(command=("bash", "-c", "tool -e {config_path}"))
    safe = make_record(plan=plan)
    assert bind(plan, safe, (), stage=staged).argv[2] == f"tool -e {safe.results_dir}/job/spec.yaml"
    evil = safe.model_copy(update={"results_dir": f"{safe.results_dir}/$(touch evil)"})
    with pytest.raises(PlatformError, match="--results-root"):
        bind(plan, evil, (), stage=staged)
    alone = make_plan(command=("bash", "-c", "tool"))
    assert bind(alone, evil, (), stage=staged).argv == ("bash", "-c", "tool"), "it never sees that path"


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = (
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(TEXT, v, max_size=3), max_leaves=8
)
SPECS = st.dictionaries(TEXT, VALUES, max_size=4)


@settings(max_examples=40, deadline=None)
@given(spec=SPECS)
def test_every_format_reads_back_equal(spec: dict[str, Any]) -> None:
    assert yaml.safe_load(write_spec(spec, "yaml")) == spec
    assert json.loads(write_spec(spec, "json")) == spec
    assert tomllib.loads(write_spec(spec, "toml")) == spec


@pytest.mark.parametrize("odd", ["\x85", "\ufeff", "\u2028", "\x7f", "a: b", "\n", "null", "1e-5", "off"])
def test_odd_texts_stay_texts(odd: str) -> None:
    for form, load in (("yaml", yaml.safe_load), ("json", json.loads), ("toml", tomllib.loads)):
        assert load(write_spec({"key": odd}, form)) == {"key": odd}


def test_what_somebody_chose_is_told_in_the_first_line(bound: Callable[..., Any]) -> None:
    sources = (Source.TEMPLATE, Source.USER, Source.SHORTHAND, Source.AUTOML, Source.RETRY, Source.PARENT)
    overrides = tuple(Override(key=f"train.{source}", value=1, source=source) for source in sources)
    spec = {"train": {str(source): 1 for source in sources}, "resume": "{resume_model}"}
    found = bound(spec, overrides=overrides)
    first = '# named: ["train.automl", "train.retry", "train.shorthand", "train.user"]\n'
    assert found.config_path.read_text().startswith(first)
    assert found.resume.text.startswith(first)
    for form, load in (("yaml", yaml.safe_load), ("json", json.loads), ("toml", tomllib.loads)):
        assert load(write_spec({"a": "\x85"}, form, ["a"])) == {"a": "\x85"}


def test_what_a_format_cannot_say() -> None:
    with pytest.raises(SpecError, match="JSON"):
        write_spec({"a": float("inf")}, "json")
    with pytest.raises(SpecError, match="TOML"):
        write_spec({"a": [None]}, "toml")
    assert tomllib.loads(write_spec({"a": None, "b": {"c": None}, "d": float("inf")}, "toml")) == {
        "b": {},
        "d": float("inf"),
    }


def test_of_several_parents_the_first_gives_its_model(bound: Callable[..., Any]) -> None:
    other = ParentModel("other", "train", Path("/results/other/train/model.pth"))
    made = bound({"model": "{parent_model}", "folder": "{parent_model_folder}"}, (MODEL, other))
    assert made.spec == {"model": str(MODEL.model), "folder": str(MODEL.model.parent)}
    assert made.reads == (MODEL.model.parent, other.model.parent)
