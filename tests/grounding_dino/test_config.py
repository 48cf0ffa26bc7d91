"""The spec classes: defaults, bounds, overrides, and the sentences that refuse a spec."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank_engine.families.grounding_dino.config import (
    SPECS,
    EvaluateSpec,
    SpecError,
    all_schemas,
    build_spec,
    load_spec,
    spec_defaults,
    spec_schema,
)
from skillbank_engine.families.grounding_dino.config.experiment import NEEDED

ACTIONS = list(SPECS)
CORPUS = (
    Path(__file__).parents[2].parent / "shared/corpus/bank/skills/models/tao-train-grounding-dino/schemas"
)
# Made once for all tests: none of them changes what it reads.
schema_of = functools.cache(spec_schema)
defaults_of = functools.cache(spec_defaults)
# Keys of an action that have no usable default, with something to put there.
FILLED = {
    action: [f"{key}=x" for group in NEEDED[action] for key in group[:1]]
    + (["export.onnx_file=x.onnx"] if action == "export" else [])
    for action in ACTIONS
}


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict) and node:
        for name, value in node.items():
            yield from leaves(value, f"{path}.{name}" if path else name)
    else:
        yield path, node


def properties(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, child in schema.get("properties", {}).items():
        if isinstance(child, dict):
            yield f"{path}{name}", child
            yield from properties(child, f"{path}{name}.")


@pytest.mark.parametrize("action", ACTIONS)
def test_defaults_are_a_spec_once_the_inputs_are_named(action: str) -> None:
    spec = build_spec(action, defaults_of(action), FILLED[action])
    assert spec.train.optim.lr == 2e-4
    assert spec.dataset.eval_class_ids is None
    assert spec.wandb.enable is False
    assert spec.engine.profile == "auto"


@pytest.mark.parametrize("action", ACTIONS)
def test_engine_block_is_in_the_schema_and_not_in_the_defaults(action: str) -> None:
    properties = schema_of(action)["properties"]
    assert isinstance(properties, dict) and "engine" in properties
    assert "engine" not in defaults_of(action)


def test_config_needs_no_torch() -> None:
    code = (
        "import sys, skillbank_engine.families.grounding_dino.config\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_module_prints_the_document() -> None:
    argv = [sys.executable, "-m", "skillbank_engine.families.grounding_dino.config", "export"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == all_schemas(["export"])
    wrong = subprocess.run([*argv, "exprt"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "unknown action 'exprt'" in wrong.stderr


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("model.num_querys=3", "model.num_querys is not a known key; did you mean model.num_queries?"),
        ("num_epochs=3", "num_epochs is not a known key; did you mean train.num_epochs?"),
        ("train.num_epochs=ten", "train.num_epochs must be an integer, not 'ten'"),
        ("train.num_epochs=true", "train.num_epochs must be an integer, not True"),
        ("train.optim.lr=true", "train.optim.lr must be a number, not True"),
        ("train.optim.lr=0", "train.optim.lr must be greater than 0.0, not 0"),
        ("train.optim.lr=.inf", "train.optim.lr must be a finite number, not inf"),
        ("train.optim.momentum=1", "train.optim.momentum must be less than 1.0, not 1"),
        ("train.freeze=3", "train.freeze must be a list, not 3"),
        ("results_dir=3", "results_dir must be text, not 3"),
        ("model=3", "model must be a mapping of keys, not 3"),
        ("model.backbone=vit", "model.backbone must be one of 'swin_tiny_224_1k'"),
        ("model.num_select=1001", "model.num_select must be at most 1000, not 1001"),
        ("model.fix_refpoints_hw=0", "model.fix_refpoints_hw must not be 0"),
        ("model.log_scale=foo", "model.log_scale must be 'none', 'auto' or a number, not 'foo'"),
        ("model.nheads=7", "model.hidden_dim (256) must be a multiple of model.nheads (7)"),
        ("quantize.device=gpu", "quantize.device must be cuda, cuda:N, cpu or trt, not 'gpu'"),
        ("dataset.augmentation.fixed_random_crop=0", "fixed_random_crop must be at least 1, not 0"),
        (
            "dataset.augmentation.train_random_crop_max=384",
            "train_random_crop_max (384) must be greater than dataset.augmentation.train_random_crop_min",
        ),
        ("dataset.train_data_sources[0].label=x", "did you mean dataset.train_data_sources[0].label_map?"),
        ("dataset.train_data_sources[2].image_dir=x", "is out of reach: the next free entry is [1]"),
        ("evaluate.checkpoint=x", "evaluate.checkpoint belongs to another action than train"),
        ("results_dir.x=1", "results_dir holds no keys, so results_dir.x cannot be set"),
        ("model.backbone[0]=1", "model.backbone is not a list, so model.backbone[0] cannot be set"),
        ("train.num_epochs", "override 'train.num_epochs' is not of the form key.key=value"),
        ("train.freeze=[", "the value of override 'train.freeze=[' is not valid YAML; put it in quotes"),
        ("engine.devise=cpu", "engine.devise is not a known key; did you mean engine.device?"),
    ],
)
def test_refusals_are_one_sentence_that_names_the_key(override: str, sentence: str) -> None:
    document = {"results_dir": "/r", "model": {"backbone": "resnet_50"}}
    with pytest.raises(SpecError) as caught:
        build_spec("train", document, [override])
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_queries_must_be_able_to_offer_what_is_selected() -> None:
    with pytest.raises(SpecError, match=r"model.num_select \(300\) must be at most .*\(2 x 100 = 200\)"):
        build_spec("train", {"model": {"num_queries": 2, "max_text_len": 100}})


def test_int8_is_refused_by_name() -> None:
    overrides = [*FILLED["gen_trt_engine"], "gen_trt_engine.tensorrt.data_type=INT8"]
    with pytest.raises(SpecError, match="INT8 is not supported") as caught:
        build_spec("gen_trt_engine", {}, overrides)
    assert caught.value.key == "gen_trt_engine.tensorrt.data_type"


def test_engine_profile_sizes_must_be_in_order() -> None:
    overrides = [*FILLED["gen_trt_engine"], "gen_trt_engine.tensorrt.opt_batch_size=8"]
    with pytest.raises(SpecError, match="must satisfy min <= opt <= max, not 1, 8, 4"):
        build_spec("gen_trt_engine", {}, overrides)


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("evaluate", "evaluate.checkpoint or evaluate.trt_engine"),
        ("inference", "inference.checkpoint or inference.trt_engine"),
        ("export", "export.checkpoint"),
        ("quantize", "quantize.model_path"),
        ("gen_trt_engine", "gen_trt_engine.onnx_file"),
    ],
)
def test_what_an_action_needs_must_be_set(action: str, key: str) -> None:
    with pytest.raises(SpecError, match=f"^{key} is not set, and {action} needs it$"):
        build_spec(action, defaults_of(action))


def test_question_marks_elsewhere_are_refused_too() -> None:
    with pytest.raises(SpecError, match=r"^dataset.val_data_sources.json_file is not set"):
        build_spec("train", {"dataset": {"val_data_sources": {"json_file": "???"}}})


def test_engine_stands_in_for_a_checkpoint() -> None:
    spec = build_spec("evaluate", defaults_of("evaluate"), ["evaluate.trt_engine=/e"])
    assert isinstance(spec, EvaluateSpec)
    assert spec.evaluate.trt_engine == "/e"


def test_one_file_may_serve_several_actions() -> None:
    document = {"evaluate": {"checkpoint": "/m.pth"}, "export": {"onnx_file": "/m.onnx"}}
    assert build_spec("train", document).train.num_epochs == 10
    with pytest.raises(SpecError, match=r"did you mean evaluate\.checkpoint"):
        build_spec("train", {"evaluate": {"chekpoint": "/m.pth"}})


def test_yaml_readings_that_mean_something_else(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(
        "results_dir:\nengine: null\ntrain: {optim: {lr: 1e-5}, num_epochs: 3.0}\n"
        "model: {log_scale: ~, two_stage_type: no}\ndataset: {infer_data_sources: {image_dir: /i}}\n"
    )
    spec = load_spec(
        "train", file, ["model.log_scale=0.5", "train.optim.lr_backbone=2e-6", "encryption_key="]
    )
    assert spec.results_dir == ""
    assert spec.encryption_key == ""
    assert spec.train.optim.lr == 1e-5
    assert spec.train.optim.lr_backbone == 2e-6
    assert spec.train.num_epochs == 3
    assert spec.model.log_scale == "0.5"
    assert spec.model.two_stage_type == "no"
    assert spec.dataset.infer_data_sources.image_dir == ["/i"]
    assert spec.engine.device == "auto"


def test_lists_are_reached_by_index() -> None:
    spec = build_spec(
        "train",
        {},
        ["dataset.train_data_sources[0].image_dir=/a", "dataset.train_data_sources[1].image_dir=/b"],
    )
    assert [source.image_dir for source in spec.dataset.train_data_sources] == ["/a", "/b"]
    spec = build_spec("train", {}, ["model.return_interm_indices[0]=0"])
    assert spec.model.return_interm_indices == [0, 2, 3, 4]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({1: 2}, "the spec has the key 1, and keys must be text"),
        ({"model": {1: 2}}, "model has the key 1, and keys must be text"),
        (
            {"inference": {"color_map": {1: "red"}}},
            "inference.color_map has the key 1, and keys must be text",
        ),
    ],
)
def test_keys_are_text(document: dict[Any, Any], sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        build_spec("train", document)
    assert str(caught.value) == sentence


def test_naming_a_block_does_not_undo_what_is_set_inside_it() -> None:
    words = ["dataset.infer_data_sources.captions=[person]", "dataset.infer_data_sources={image_dir: /i}"]
    for order in (words, words[::-1]):
        source = build_spec("train", {}, order).dataset.infer_data_sources
        assert (source.image_dir, source.captions) == (["/i"], ["person"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "does not exist"),
        ("a: [", "is not valid YAML"),
        ("- a", "must hold a mapping of keys, not a list"),
        ("\udcff", "cannot be read"),
    ],
)
def test_files_that_are_no_spec(tmp_path: Path, text: str | None, sentence: str) -> None:
    file = tmp_path / "spec.yaml"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SpecError, match=sentence):
        load_spec("train", file)


def test_unknown_action() -> None:
    with pytest.raises(SpecError, match="unknown action 'trian', did you mean train"):
        build_spec("trian", {})


TUNABLE = {
    path: node
    for path, node in properties(schema_of("train"))
    if node.get("automl_enabled") is True and "depends_on" not in node and not node.get("parent_param")
}


def drawn(node: dict[str, Any]) -> st.SearchStrategy[Any]:
    low = node.get("automl_minimum", node.get("minimum", 0))
    high = node.get("automl_maximum", node.get("maximum", 100))
    if node["type"] == "integer":
        return st.integers(int(low), int(high))
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


CHANGES = st.fixed_dictionaries({}, optional={path: drawn(node) for path, node in TUNABLE.items()})


@settings(max_examples=30, deadline=None)
@given(CHANGES, st.sampled_from(ACTIONS))
def test_a_spec_survives_being_written_and_read(changes: dict[str, Any], action: str) -> None:
    overrides = [*FILLED[action], *(f"{path}={value!r}" for path, value in changes.items())]
    spec = build_spec(action, defaults_of(action), overrides)
    again = build_spec(action, yaml.safe_load(yaml.safe_dump(spec.model_dump())))
    assert again == spec
    written = dict(leaves(again.model_dump()))
    assert all(written[path] == value for path, value in changes.items())


@settings(max_examples=50, deadline=None)
@given(CHANGES, st.randoms())
def test_order_of_disjoint_overrides_does_not_matter(changes: dict[str, Any], random: Any) -> None:
    overrides = [f"{path}={value!r}" for path, value in changes.items()]
    shuffled = list(overrides)
    random.shuffle(shuffled)
    assert build_spec("train", {}, overrides) == build_spec("train", {}, shuffled)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_parameter_of_the_family_is_there(action: str) -> None:
    file = CORPUS / f"{action}.schema.json"
    if not file.is_file():
        pytest.skip("the shared corpus of public skills is not on this machine")
    theirs = json.loads(file.read_text())
    ours = dict(properties(schema_of(action)))
    wanted = {path: node for path, node in properties(theirs) if not path.endswith("parameters")}
    assert sorted(set(wanted) - set(ours)) == []
    # Where ours differs on purpose; everything else is the family's value.
    different = {
        "dataset.augmentation.fixed_random_crop",
        "dataset.eval_class_ids",
        "dataset.infer_data_sources",
        "dataset.quant_calibration_data_sources",
        "dataset.train_data_sources",
        "wandb.enable",
    }
    for path, node in wanted.items():
        if "default" in node and node["type"] != "collection" and path not in different:
            assert ours[path]["default"] == node["default"], path
        if "enum" in node:
            assert ours[path]["enum"] == node["enum"], path
        if node.get("type") != "collection":
            assert ours[path].get("automl_enabled") == node.get("automl_enabled") or path in different, path
            assert bool(ours[path].get("popular")) == bool(node.get("popular")), path
    searched = sorted(theirs["automl_default_parameters"])
    assert schema_of(action)["automl_default_parameters"] == searched
    assert schema_of(action)["popular"] == {
        block: values for block, values in theirs["popular"].items() if block in ours
    }
    disabled = schema_of(action)["automl_disabled_parameters"]
    assert isinstance(disabled, list)
    assert {path for path in theirs["automl_disabled_parameters"] if path in ours} <= set(disabled)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("prefix", ["spec_template_", "spec_template_deploy_"])
def test_templates_of_the_family_are_understood(action: str, prefix: str) -> None:
    file = CORPUS.parent / "references" / f"{prefix}{action}.yaml"
    if not CORPUS.is_dir():
        pytest.skip("the shared corpus of public skills is not on this machine")
    if file.is_file():
        assert load_spec(action, file, FILLED[action]).model.num_queries == 900
