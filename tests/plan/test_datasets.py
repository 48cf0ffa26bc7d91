"""From table rows and data_sources to spec values, one layout of the family at a time."""

from __future__ import annotations

from typing import Any

import pytest

from skillbank.bank.skill import Skill
from skillbank.errors import UsageError
from skillbank.plan.datasets import bindings
from skillbank.plan.model import Plan
from tests.plan.conftest import Compile, MakeSkill

S3 = "s3://b"


def chosen(plan: Plan) -> dict[str, object]:
    return {o.key: o.value for o in plan.overrides if o.source == "dataset_table"}


def test_two_sources_make_two_entries_shaped_like_the_first(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        datasets="| train | data.sources | train_datasets | img: images.tar.gz, ann: a.json | Yes |",
        templates={"train": {"data": {"sources": [{"img": "", "ann": "", "weight": 1.0}]}}},
    )
    plan = compiled(skill, "train", data=("train=s3://b/one", "train=s3://b/two/"))
    assert plan.spec["data"]["sources"] == [
        {"img": "s3://b/one/images.tar.gz", "ann": "s3://b/one/a.json", "weight": 1.0},
        {"img": "s3://b/two/images.tar.gz", "ann": "s3://b/two/a.json", "weight": 1.0},
    ]
    assert not plan.questions
    assert [i.key for i in plan.inputs] == [
        "data.sources[0].img",
        "data.sources[1].img",
        "data.sources[0].ann",
        "data.sources[1].ann",
    ]


def test_index_zero_means_each_source(make_skill: MakeSkill, compiled: Compile) -> None:
    info = {
        "data_sources": {"train": {"data.sources[0].ann": {"source": "train_datasets", "path": "a.json"}}}
    }
    templates: list[dict[str, Any]] = [{"data": {"sources": []}}, {"data": {}}, {}]
    for template in templates:
        skill = make_skill(info=info, templates={"train": template})
        plan = compiled(skill, "train", data=("train=s3://b/1", "train=s3://b/2", "train=s3://b/3"))
        assert [e["ann"] for e in plan.spec["data"]["sources"]] == [f"s3://b/{i}/a.json" for i in (1, 2, 3)]


def test_index_zero_is_dropped_where_the_template_has_a_mapping(
    make_skill: MakeSkill, compiled: Compile
) -> None:
    skill = make_skill(
        info={"data_sources": {"train": {"data.val[0].ann": {"source": "eval_dataset", "path": "a.json"}}}},
        templates={"train": {"data": {"val": {"ann": ""}}}},
    )
    plan = compiled(skill, "train", data=("eval=s3://b/e",))
    assert plan.spec["data"]["val"] == {"ann": "s3://b/e/a.json"}


def test_two_locations_for_a_single_key_are_a_question(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        datasets="| train | data.ann | train_datasets | a.json | No |",
        templates={"train": {"data": {"ann": ""}}},
    )
    plan = compiled(skill, "train", data=("train=s3://b/1", "train=s3://b/2"))
    [question] = plan.questions
    assert question.key == "data.train"
    assert "takes one location and 2 were given (s3://b/1, s3://b/2)" in question.why
    assert question.choices == ("--data train=s3://b/1", "--data train=s3://b/2")


def test_the_template_decides_whether_a_value_is_a_list(make_skill: MakeSkill, compiled: Compile) -> None:
    row = "| train | data.dirs | train_datasets | images.tar.gz | {} |"
    as_list = make_skill(datasets=row.format("No"), templates={"train": {"data": {"dirs": []}}})
    assert compiled(as_list, "train", data=("train=s3://b/1",)).spec["data"]["dirs"] == [
        "s3://b/1/images.tar.gz"
    ]
    one = make_skill(datasets=row.format("Yes"), templates={"train": {"data": {"dirs": ""}}},
                     schemas={"train": {"properties": {"data": {"type": "collection", "properties": {
                         "dirs": {"type": "string"}}}}}})  # fmt: skip
    assert compiled(one, "train", data=("train=s3://b/1",)).spec["data"]["dirs"] == "s3://b/1/images.tar.gz"
    unknown = make_skill(datasets=row.format("Yes"), templates={"train": {"data": {}}})
    assert compiled(unknown, "train", data=("train=s3://b/1", "train=s3://b/2")).spec["data"]["dirs"] == [
        "s3://b/1/images.tar.gz", "s3://b/2/images.tar.gz"]  # fmt: skip


def test_a_format_switch_follows_data_format(make_skill: MakeSkill, compiled: Compile) -> None:
    row = "| train | data.map | train_datasets | coco_panoptic: panoptic.json; *: plain.json | No |"
    for data_format, file in (("coco_panoptic", "panoptic.json"), ("coco", "plain.json")):
        skill = make_skill(
            datasets=row, info={"data_format": data_format}, templates={"train": {"data": {"map": ""}}}
        )
        assert compiled(skill, "train", data=("train=s3://b",)).spec["data"]["map"] == f"s3://b/{file}"


def test_path_from_format_of_skill_info(make_skill: MakeSkill, compiled: Compile) -> None:
    source = {
        "source": "train_datasets",
        "path_from_format": {"lmdb": ["train.lmdb", "data.mdb"], "*": "gt.txt"},
    }
    for data_format, file in (("lmdb", "train.lmdb"), ("other", "gt.txt")):
        skill = make_skill(
            info={"data_format": data_format, "data_sources": {"train": {"data.gt": source}}},
            templates={"train": {"data": {"gt": ""}}},
        )
        assert compiled(skill, "train", data=("train=s3://b",)).spec["data"]["gt"] == f"s3://b/{file}"


def test_mapping_of_skill_info(make_skill: MakeSkill, compiled: Compile) -> None:
    mapping = {
        "img": {"path": "images.tar.gz"},
        "list": {"path": "l.txt", "optional": True},
        "suffix": {"optional": True},
    }
    sources = {"data.sets": {"source": "train_datasets", "multiple_sources": True, "mapping": mapping}}
    skill = make_skill(info={"data_sources": {"train": sources}}, templates={"train": {"data": {"sets": []}}})
    plan = compiled(skill, "train", data=("train=s3://b/1", "train=s3://b/2"))
    assert plan.spec["data"]["sets"][1] == {"img": "s3://b/2/images.tar.gz", "list": "s3://b/2/l.txt"}
    single = {"data.sets": {**sources["data.sets"], "multiple_sources": False}}
    skill = make_skill(info={"data_sources": {"train": single}}, templates={"train": {"data": {"sets": {}}}})
    assert (
        compiled(skill, "train", data=("train=s3://b/1",)).spec["data"]["sets"]["img"]
        == "s3://b/1/images.tar.gz"
    )


def test_a_bare_word_is_a_value_or_a_file(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        datasets="| train | data.type | train_datasets | coco | No |\n"
        "| train | data.style | train_datasets | dense | No |\n"
        "| train | data.chars | train_datasets | character_list | No |",
        templates={"train": {"data": {"type": "", "style": "", "chars": ""}}},
        schemas={"train": {"properties": {"data": {"type": "collection", "properties": {
            "type": {"type": "string"}, "style": {"type": "string", "enum": ["dense", "sparse"]},
            "chars": {"type": "string"}}}}}},
    )  # fmt: skip
    plan = compiled(skill, "train", data=("train=s3://b",))
    assert plan.spec["data"] == {"type": "coco", "style": "dense", "chars": "s3://b/character_list"}
    assert [i.key for i in plan.inputs] == ["data.chars"]


def test_prose_and_job_rows_are_questions(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        datasets="| train | data.root | train_datasets | the folder with everything | No |\n"
        "| train | data.info | train_datasets | /results/{convert_job_id}/data_info/ | No |",
        templates={"train": {"data": {"root": "", "info": ""}}},
    )
    plan = compiled(skill, "train", data=("train=s3://b",))
    assert {q.key for q in plan.questions} == {"data.root", "data.info"}
    words = plan.questions[0].from_skill
    assert words is not None and words.text == "the folder with everything"
    assert "the folder" not in plan.questions[0].why
    assert "convert job" in plan.questions[1].why
    answered = compiled(skill, "train", "data.root=/a", "data.info=/b", data=("train=s3://b",))
    assert not answered.questions


def test_skill_info_fills_what_prose_leaves_open(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        datasets="| train | data.root | train_datasets | extracted folder | No |",
        info={"data_sources": {"train": {"data.root": {"source": "train_datasets", "path": "x.tar.gz"}}}},
        templates={"train": {"data": {"root": ""}}},
    )
    plan = compiled(skill, "train", data=("train=s3://b",))
    assert plan.spec["data"]["root"] == "s3://b/x.tar.gz"
    assert plan.inputs[0].runtime == "extracted_folder"


def test_the_table_wins_and_the_disagreement_is_noted(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        datasets="| train | data.ann | train_datasets | table.json | No |",
        info={"data_sources": {"train": {"data.ann": {"source": "eval_dataset", "path": "info.json"}}}},
        templates={"train": {"data": {"ann": ""}}},
    )
    plan = compiled(skill, "train", data=("train=s3://b",))
    assert plan.spec["data"]["ann"] == "s3://b/table.json"
    [note] = [w for w in plan.warnings if "disagree" in w]
    assert "source 'train_datasets' against 'eval_dataset'" in note
    assert "path 'table.json' against 'info.json'" in note


def test_an_optional_map_part_stays_silent(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        datasets="| train | data | train_datasets | ann: a.json, names: n.txt (optional) | No |",
        templates={"train": {"data": {"ann": "", "names": ""}}},
    )
    assert [q.key for q in compiled(skill, "train").questions] == ["data.train"]
    plan = compiled(skill, "train", data=("train=s3://b",))
    assert {i.key: i.optional for i in plan.inputs} == {"data.ann": False, "data.names": True}


def test_rows_of_several_actions_and_variants(make_skill: MakeSkill, compiled: Compile) -> None:
    actions = {n: {"command": f"toy {n}"} for n in ("train", "evaluate")}
    skill = make_skill(
        datasets="| train, evaluate | data.ann | eval_dataset | a.json | No |\n"
        "| deploy/evaluate | data.names | eval_dataset | n.txt | No |",
        info={"actions": actions},
        overlay={
            "actions": {"evaluate": {"command": "toy evaluate", "inputs": {"data.names": {"type": "file"}}}}
        },
    )
    assert chosen(compiled(skill, "train", data=("eval=s3://b",))) == {"data.ann": "s3://b/a.json"}
    assert chosen(compiled(skill, "evaluate", data=("eval=s3://b",))) == {"data.ann": "s3://b/a.json"}
    assert chosen(compiled(skill, "evaluate", data=("eval=s3://b",), variant="deploy")) == {
        "data.names": "s3://b/n.txt"}  # fmt: skip


def test_examples_in_a_template_bind_nothing(make_skill: MakeSkill, compiled: Compile) -> None:
    inputs = {
        "data.img": {"type": "folder"},
        "data.ann": {"type": "file"},
        "data.cfg": {"type": "file", "optional": True},
    }
    skill = make_skill(
        info={"actions": {"train": {"command": "toy", "inputs": inputs}}},
        templates={
            "train": {"data": {"img": "/data/images", "ann": "<required>", "cfg": "/data/cfg", "mode": "a"}}
        },
    )
    plan = compiled(skill, "train")
    assert {q.key for q in plan.questions} == {"data.img", "data.ann"}
    assert any("data.cfg keeps the example" in w for w in plan.warnings)
    answered = compiled(skill, "train", "data.img=/data/images", "data.ann=/x.json")
    assert not answered.questions
    assert answered.spec["data"]["img"] == "/data/images"


def test_all_data_optional_and_none_given_is_a_question(make_skill: MakeSkill, compiled: Compile) -> None:
    sources = {
        "data.a": {"source": "train_datasets", "path": "a", "optional": True},
        "data.b": {"source": "train_wds_dataset", "path": "b", "optional": True},
    }
    skill = make_skill(
        info={"data_sources": {"train": sources}}, templates={"train": {"data": {"a": "", "b": ""}}}
    )
    [question] = compiled(skill, "train").questions
    assert question.key == "data.train"
    assert question.choices == ("--data train=LOCATION", "--data train_wds_dataset=LOCATION")
    assert not compiled(skill, "train", data=("train_wds_dataset=s3://b",)).questions


def test_data_that_nobody_reads_is_refused_with_the_nearest_name(
    make_skill: MakeSkill, compiled: Compile
) -> None:
    skill = make_skill(datasets="| train | data.ann | train_datasets | a.json | No |")
    with pytest.raises(UsageError, match=r"No action of toy reads 'trian' \(did you mean 'train'\?\)"):
        compiled(skill, "train", data=("trian=s3://b",))


@pytest.mark.parametrize(
    ("row", "source", "told"),
    [
        (
            "| train | data.a | train_datasets | the folder with all | No |",
            {"source": "train_datasets", "path": "a.json"},
            [
                "data.a: the table only describes it in words; skill_info data_sources: "
                "train_datasets/a.json is used"
            ],
        ),
        (
            "| train | data.a | train_datasets | b.json | No |",
            {"source": "train_datasets", "path": "a.json"},
            ["data.a: table and skill_info disagree (path 'b.json' against 'a.json'); the table is used"],
        ),
        (
            "| train | data.a | eval_dataset | a.json | No |",
            {"source": "train_datasets", "path": "a.json"},
            [
                "data.a: table and skill_info disagree (source 'eval_dataset' against 'train_datasets'); "
                "the table is used"
            ],
        ),
        (
            "| train | data.a | train_datasets | a.json | No |",
            {"source": "train_datasets", "path": "a.json"},
            [],
        ),
    ],
)
def test_where_a_table_and_skill_info_disagree_is_told(
    make_skill: MakeSkill, row: str, source: dict[str, str], told: list[str]
) -> None:
    skill = make_skill(datasets=row, info={"data_sources": {"train": {"data.a": source}}})
    action = skill.action("train")
    assert bindings(skill, action, {"data": {"a": ""}})[1] == told


def test_data_without_a_place_is_said(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        info={"actions": {"train": {"command": "toy", "inputs": {"data.src": {"type": "folder"}}}}}
    )
    plan = compiled(skill, "train", data=("train=s3://b",))
    assert [q.key for q in plan.questions] == ["data.src", "data.train"]
    assert "does not say which keys train_datasets fills" in plan.questions[1].why
    assert plan.questions[1].choices == ("--set data.src=s3://b",)


def test_keys_of_the_user_are_left_alone(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        datasets="| train | data | train_datasets | img: i.tar.gz, ann: a.json | No |",
        templates={"train": {"data": {"img": "", "ann": "", "n": 1}}},
    )
    plan = compiled(skill, "train", "data.ann=s3://mine/x.json", data=("train=s3://b",))
    assert plan.spec["data"] == {"img": "s3://b/i.tar.gz", "ann": "s3://mine/x.json", "n": 1}
    whole = compiled(skill, "train", "data={ann: s3://mine/x.json}", data=("train=s3://b",))
    assert whole.spec == plan.spec
    assert {i.key: (i.uri, i.runtime) for i in whole.inputs}["data.ann"] == ("s3://mine/x.json", "file")


TRAINED: dict[str, Any] = {"data": ("train=/t",), "automl": "off", "pretrained": "none"}


def test_data_that_is_set_by_half_is_asked_about(grounding_dino: Skill, compiled: Compile) -> None:
    half = "dataset.val_data_sources.image_dir=/v/pictures"
    [asked] = compiled(grounding_dino, "train", half, **TRAINED).questions
    assert asked.key == "data.eval"
    assert asked.why.startswith(
        "dataset.val_data_sources.image_dir is set and dataset.val_data_sources.json_file, which train reads"
    )
    both = (half, "dataset.val_data_sources.json_file=/v/a.json")
    assert not compiled(grounding_dino, "train", *both, **TRAINED).questions
    assert not compiled(grounding_dino, "train", **TRAINED).questions
