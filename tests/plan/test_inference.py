"""Every inference function, and what they do together in a plan."""

from __future__ import annotations

import pytest

from skillbank.bank.skill import Skill
from skillbank.errors import PluginError, UsageError
from skillbank.plan import inference
from skillbank.plan.draft import Parent
from skillbank.plan.inference import (
    Context,
    Inferred,
    field_accepts,
    infer,
    known_functions,
)
from skillbank.plan.model import ParentRef
from skillbank.plan.products import product_of
from skillbank.plugins import Group, Offer
from tests.plan.conftest import Compile, MakeSkill


def context(field: str = "evaluate.checkpoint", parent: str | None = None, **other: object) -> Context:
    ref = ParentRef(job="job-1", action=parent, skill="toy") if parent else None
    values = {"siblings": (field,), "pretrained": None, "pretrained_fields": (), **other}
    return Context(field=field, action="evaluate", parent=ref, **values)  # type: ignore[arg-type]


CREATED = {
    "create_onnx_file": "{results_dir}/model.onnx",
    "create_onnx_file_2d": "{results_dir}/model_2d.onnx",
    "create_engine_file": "{results_dir}/model.engine",
    "create_cal_cache": "{results_dir}/cal.bin",
    "create_pth_file": "{results_dir}/model.pth",
    "create_inference_result_file_pose": "{results_dir}/results.txt",
    "create_inference_result_file_reid": "{results_dir}/inference.json",
    "create_inference_result_file_mal": "{results_dir}/inference.json",
    "create_evaluate_cmc_plot_reid": "{results_dir}/cmc_plot.png",
    "create_evaluate_matches_plot_reid": "{results_dir}/matches_plot.png",
}


@pytest.mark.parametrize(("name", "value"), CREATED.items())
def test_outputs_lie_in_the_results(name: str, value: str) -> None:
    assert infer(name, context()).value == value


def test_what_a_job_creates_lies_in_its_results() -> None:
    made = inference._creates("a.b")(context())
    assert (made.value, made.detail) == ("{results_dir}/a.b", "output of this job")


def no_inferred(context: Context) -> object:
    return "a.pth"


def no_text(context: Context) -> Inferred:
    return Inferred(["a.pth"], "")  # type: ignore[arg-type]


@inference.reading
def a_switch(context: Context) -> Inferred:
    return Inferred(True, "")


@pytest.mark.parametrize(
    ("name", "reads", "told"),
    [
        ("no_inferred", False, r"cannot be used \(it gave str and no Inferred of a text\)"),
        ("no_text", False, r"cannot be used \(it gave Inferred and no Inferred of a text\)"),
        ("a_switch", True, ""),
        ("gone", False, "cannot be loaded"),
    ],
)
def test_functions_of_packages(monkeypatch: pytest.MonkeyPatch, name: str, reads: bool, told: str) -> None:
    offered = Offer(Group.INFERENCE_FUNCTIONS, "theirs", f"{__name__}:{name}", "ink 1.0")
    monkeypatch.setattr(inference, "names", lambda group: ["theirs"])
    monkeypatch.setattr(inference, "offer", lambda group, name: offered if name == "theirs" else None)
    assert inference.is_known("theirs") and not inference.is_known("ours")
    assert inference.reads("theirs") is reads and not inference.reads("ours")
    if not told:
        assert infer("theirs", context()).value is True
        return
    with pytest.raises(PluginError, match=told):
        infer("theirs", context())
    with pytest.raises(KeyError):
        infer("ours", context())


def test_functions_of_the_job_itself() -> None:
    assert infer("output_dir", context()).value == "{results_dir}"
    assert infer("resume_model", context()).value == "{resume_model}"
    assert infer("resume_model_bool", context()).value is False
    assert infer("key", context()).value is None


@pytest.mark.parametrize(
    ("field", "parent", "value"),
    [
        ("evaluate.checkpoint", "train", "{parent_model}"),
        ("evaluate.checkpoint", "segment_train", "{parent_model}"),
        ("evaluate.checkpoint", "prune", "{parent_model}"),
        ("evaluate.checkpoint", "quantize", "{parent_model}"),
        ("evaluate.checkpoint", "gen_trt_engine", None),
        ("evaluate.checkpoint", "evaluate", None),
        ("evaluate.checkpoint", None, None),
        ("evaluate.trt_engine", "gen_trt_engine", "{parent_model}"),
        ("evaluate.trt_engine", "train", None),
        ("gen_trt_engine.onnx_file", "export", "{parent_model}"),
        ("gen_trt_engine.onnx_file", "train", None),
    ],
)
def test_parent_model_fits_the_field(field: str, parent: str | None, value: str | None) -> None:
    result = infer("parent_model", context(field, parent))
    assert result.value == value


def test_onnx_goes_into_a_checkpoint_only_without_an_onnx_field() -> None:
    assert infer("parent_model", context("evaluate.checkpoint", "export")).value == "{parent_model}"
    both = ("evaluate.checkpoint", "evaluate.onnx_file")
    assert infer("parent_model", context("evaluate.checkpoint", "export", siblings=both)).value is None


def test_folder_and_pruned_model() -> None:
    assert infer("parent_model_folder", context(parent="train")).value == "{parent_model_folder}"
    assert infer("parent_model_folder", context()).value is None
    assert infer("pruned_model", context(parent="prune")).value == "{parent_model}"
    assert infer("pruned_model", context(parent="train")).value is None


@pytest.mark.parametrize("name", ["ptm", "ptm_if_no_resume_model"])
def test_pretrained_fills_the_whole_model_field_only(name: str) -> None:
    fields = ("model.pretrained_backbone_path", "train.pretrained_model_path")
    whole = context(fields[1], pretrained="s3://b/m.pth", pretrained_fields=fields)
    backbone = context(fields[0], pretrained="s3://b/m.pth", pretrained_fields=fields)
    assert infer(name, whole).value == "s3://b/m.pth"
    assert infer(name, backbone).value is None
    assert infer(name, context(fields[1])).value is None
    alone = context(fields[0], pretrained="s3://b/m.pth", pretrained_fields=fields[:1])
    assert infer(name, alone).value == "s3://b/m.pth"


def test_either_or_functions() -> None:
    named = context(parent="train", pretrained="p.pth", pretrained_fields=("evaluate.checkpoint",))
    # What was named comes first; that the parent then gives nothing, the plan asks.
    assert infer("parent_model_or_ptm", named).value == "p.pth"
    assert infer("parent_model_or_ptm", context(parent="train")).value == "{parent_model}"
    alone = context(pretrained="p.pth", pretrained_fields=("evaluate.checkpoint",))
    assert infer("parent_model_or_ptm", alone).value == "p.pth"
    assert infer("parent_model_or_ptm", context()).value is None
    assert infer("resume_model_or_ptm", alone).value == "p.pth"
    assert infer("resume_model_or_ptm", context()).value == "{resume_model}"


def test_everything_that_occurs_in_the_family_is_known() -> None:
    assert {
        "output_dir", "key", "parent_model", "ptm_if_no_resume_model", "resume_model", "parent_model_folder",
        "parent_model_or_ptm", "ptm", "pruned_model", "resume_model_or_ptm", "resume_model_bool", *CREATED,
    } == set(known_functions())  # fmt: skip


def test_what_nobody_registers_is_a_note_and_fills_nothing(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        inference="| train | train.rule | house_rule | ours |", templates={"train": {"train": {"rule": ""}}}
    )
    plan = compiled(skill, "train")
    assert plan.spec["train"]["rule"] == ""
    assert any("train.rule: unknown inference function 'house_rule'" in each for each in plan.warnings)


def test_products_and_fields() -> None:
    assert [product_of(a) for a in ("train", "export", "gen_trt_engine", "evaluate")] == [
        "weights", "onnx", "engine", "other"]  # fmt: skip
    assert [field_accepts(f) for f in ("a.trt_engine", "a.onnx_file", "a.model_path")] == [
        "engine",
        "onnx",
        "weights",
    ]


TWO_FIELDS = (
    "| evaluate | evaluate.checkpoint | parent_model | x |\n"
    "| evaluate | evaluate.trt_engine | parent_model | x |\n"
    "| evaluate | results_dir | output_dir | x |"
)
EVALUATE = {
    "evaluate": {
        "command": "toy evaluate -e {config_path}",
        "inputs": {"evaluate.checkpoint": {"type": "file"}},
    }
}
DEPLOY = {
    "actions": {
        "evaluate": {
            "command": "toy evaluate -e {config_path}",
            "inputs": {"evaluate.trt_engine": {"type": "file"}},
        }
    },
    "container_image": "registry/toy:deploy",
    "spec_params": {"evaluate": {"evaluate.trt_engine": "parent_model", "results_dir": "output_dir"}},
}
TEMPLATE = {"evaluate": {"results_dir": "", "evaluate": {"checkpoint": "", "trt_engine": ""}}}


def test_of_two_model_fields_the_fitting_one_is_filled(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(inference=TWO_FIELDS, info={"actions": EVALUATE}, templates=TEMPLATE)
    plan = compiled(skill, "evaluate", parent="train")
    assert plan.spec["evaluate"] == {"checkpoint": "{parent_model}", "trt_engine": ""}
    assert not plan.questions


def test_an_engine_parent_chooses_the_deploy_variant(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(inference=TWO_FIELDS, info={"actions": EVALUATE}, templates=TEMPLATE, overlay=DEPLOY)
    assert compiled(skill, "evaluate", parent="train").variant is None
    assert compiled(skill, "evaluate").variant is None
    plan = compiled(skill, "evaluate", parent="gen_trt_engine")
    assert (plan.variant, plan.image) == ("deploy", "registry/toy:deploy")
    assert plan.spec["evaluate"]["trt_engine"] == "{parent_model}"
    wrong = compiled(skill, "evaluate", parent="train", variant="deploy")
    assert "leaves weights" in wrong.questions[0].why


def test_models_of_a_skill_that_declares_no_inputs_are_asked(
    make_skill: MakeSkill, compiled: Compile
) -> None:
    skill = make_skill(
        inference=TWO_FIELDS, info={"actions": {"evaluate": {"command": "toy evaluate"}}}, templates=TEMPLATE
    )
    [question] = compiled(skill, "evaluate").questions
    assert question.key == "parent"
    assert not compiled(skill, "evaluate", parent="train").questions
    assert not compiled(skill, "evaluate", "evaluate.checkpoint=/m.pth").questions


def test_table_and_skill_info_are_joined(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        inference="| train | train.out | create_pth_file | x |\n| train | train.odd | no_such_function | x |",
        info={"spec_params": {"train": {"train.out": "create_onnx_file", "train.odd": "output_dir",
                                        "train.name": "StereoDataset", "train.zip": {"link": "https://h/x.zip"}}}},
        templates={"train": {"train": {"out": "", "odd": "", "name": "", "zip": ""}}},
    )  # fmt: skip
    plan = compiled(skill, "train")
    assert plan.spec["train"] == {
        "out": "{results_dir}/model.pth", "odd": "{results_dir}", "name": "StereoDataset", "zip": "https://h/x.zip"
    }  # fmt: skip
    assert any("the table says create_pth_file, skill_info says create_onnx_file" in w for w in plan.warnings)


def test_a_download_in_a_table_cell(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        inference="| train | train.zip | `{'link': 'https://h/x.zip', 'destination_path': '/p/x.zip'}` | x |",
        templates={"train": {"train": {"zip": ""}}},
    )
    assert compiled(skill, "train").spec["train"]["zip"] == "https://h/x.zip"


def test_an_unknown_function_is_said_and_changes_nothing(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(inference="| train | train.a | magic | x |", templates={"train": {"train": {"a": 1}}})
    plan = compiled(skill, "train")
    assert plan.spec == {"train": {"a": 1}}
    assert "unknown inference function 'magic'" in plan.warnings[0]


def test_a_pretrained_model_without_a_place_is_refused(make_skill: MakeSkill, compiled: Compile) -> None:
    with pytest.raises(UsageError, match="takes no pretrained model"):
        compiled(make_skill(), "train", pretrained="s3://b/m.pth")


def test_the_user_wins_over_every_function(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(inference=TWO_FIELDS, info={"actions": EVALUATE}, templates=TEMPLATE)
    plan = compiled(skill, "evaluate", "evaluate.checkpoint=/my.pth", "results_dir=/out", parent="train")
    assert plan.spec == {"results_dir": "/out", "evaluate": {"checkpoint": "/my.pth", "trt_engine": ""}}


def test_structure_comes_from_the_parent(make_skill: MakeSkill, compiled: Compile) -> None:
    template = {
        "model": {"layers": 6, "width": 256, "backbone_path": "", "head": {"kind": "a"}},
        "evaluate": {"n": 1},
    }
    skill = make_skill(info={"actions": {"evaluate": {"command": "toy"}}}, templates={"evaluate": template})
    spec = {
        "model": {
            "layers": 3,
            "width": 256,
            "backbone_path": "/x.pth",
            "head": {"kind": "b"},
            "only_train": 1,
        }
    }
    parent = Parent(ParentRef(job="j", action="train", skill="toy"), spec)
    plan = compiled(skill, "evaluate", parent=parent)
    assert plan.spec["model"] == {"layers": 3, "width": 256, "backbone_path": "", "head": {"kind": "b"}}
    assert {o.key: o.source.value for o in plan.overrides} == {
        "model.layers": "parent",
        "model.head.kind": "parent",
    }
    mine = compiled(skill, "evaluate", "model.layers=9", parent=parent)
    assert mine.spec["model"]["layers"] == 9


def test_a_parent_that_gives_nothing_is_a_question(make_skill: MakeSkill, compiled: Compile) -> None:
    plan = compiled(make_skill(templates={"train": {"a": 1}}), "train", parent="train")
    assert [q.key for q in plan.questions] == ["parent"]
    assert "would give nothing" in plan.questions[0].why


def test_another_shape_than_the_parents_is_said(grounding_dino: Skill, compiled: Compile) -> None:
    data = ("eval=/v",)
    parent = compiled(grounding_dino, "train", data=("train=/t", "eval=/v"), automl="off", pretrained="none")
    given = Parent(ParentRef(job="job-1", action="train", skill="x"), parent.spec)
    [warning] = compiled(
        grounding_dino, "evaluate", "model.backbone=resnet_50", data=data, parent=given
    ).warnings
    assert warning == (
        "model.backbone is resnet_50, and the model of job-1 was made with swin_tiny_224_1k: "
        "its weights may not fit"
    )
    same = compiled(grounding_dino, "evaluate", "model.backbone=swin_tiny_224_1k", data=data, parent=given)
    assert not same.warnings


def test_a_parent_beside_a_file_is_asked_about(grounding_dino: Skill, compiled: Compile) -> None:
    given = Parent(ParentRef(job="job-1", action="train", skill="x"), {})
    plan = compiled(grounding_dino, "evaluate", "evaluate.checkpoint=/m.pth", data=("eval=/v",), parent=given)
    [asked] = plan.questions
    assert asked.why == "evaluate.checkpoint is set to /m.pth, so that job-1 gives nothing; keep one"
