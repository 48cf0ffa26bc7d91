"""Skills and requests in which two things that are nearly alike stand side by side: what of them counts."""

from __future__ import annotations

from typing import Any

import pytest

from skillbank.bank.skill import Skill
from skillbank.errors import SpecError
from skillbank.plan.captions import read_captions
from skillbank.plan.model import InputBinding, Override, Plan, Source
from skillbank.plan.request import clean_uri
from skillbank.plan.variables import name_problem
from skillbank.runtime import Runtime
from tests.plan.conftest import Compile, MakeSkill, composed

S3 = "s3://b"


def bound(plan: Plan) -> dict[str, object]:
    return {each.key: each.value for each in plan.overrides if each.source == "dataset_table"}


def test_of_a_variant_its_own_sources_are_nearer_than_the_rows_of_all(
    make_skill: MakeSkill, compiled: Compile
) -> None:
    """Rows that name no variant count for what it declares as an input, and for nothing else of it."""
    rows = [("data.ann", "far.json"), ("data.names", "names.txt"), ("data.more", "more.txt")]
    own = {"data.ann": {"source": "eval_dataset", "path": "near.json"}}
    evaluate = {"command": "toy evaluate", "inputs": {"data.names": {"type": "file"}}}
    skill = make_skill(
        datasets="\n".join(f"| evaluate | {key} | eval_dataset | {file} | No |" for key, file in rows),
        info={"actions": {"evaluate": {"command": "toy evaluate"}}},
        overlay={"actions": {"evaluate": evaluate}, "data_sources": {"evaluate": own}},
    )
    plain = compiled(skill, "evaluate", data=("eval=s3://b",))
    assert bound(plain) == {key: f"{S3}/{file}" for key, file in rows}
    deploy = compiled(skill, "evaluate", data=("eval=s3://b",), variant="deploy")
    assert bound(deploy) == {"data.ann": f"{S3}/near.json", "data.names": f"{S3}/names.txt"}
    assert not any("disagree" in each for each in deploy.warnings)


@pytest.mark.parametrize(
    ("path", "asks"), [("a.json", False), ("/results/{convert_job_id}/a.json", True), ("{split}.json", True)]
)
def test_a_path_with_a_part_that_is_not_known_is_asked_about(
    make_skill: MakeSkill, compiled: Compile, path: str, asks: bool
) -> None:
    skill = make_skill(
        info={"data_sources": {"train": {"data.ann": {"source": "train_datasets", "path": path}}}},
        templates={"train": {"data": {"ann": ""}}},
    )
    plan = compiled(skill, "train", data=("train=s3://b",))
    assert [each.key for each in plan.questions] == (["data.ann"] if asks else [])
    assert bound(plan) == ({} if asks else {"data.ann": f"{S3}/a.json"})


@pytest.mark.parametrize(
    ("place", "file"), [("", ""), ("s3://b", "x/a.json"), ("s3://b/", "x/a.json"), ("s3://b/x", "a.json")]
)
def test_the_file_of_an_input_is_told_below_its_place_alone(place: str, file: str) -> None:
    assert InputBinding(key="data.ann", uri="s3://b/x/a.json", place=place).file == file


@pytest.mark.parametrize(
    ("words", "options", "note"),
    [
        ("with 2 GPUs", {"gpus": 4}, "--gpus 4 counts, not the 2 of the words"),
        ("with 2 GPUs", {"gpus": 2}, ""),
        ("on 2 nodes", {"nodes": 3}, "--nodes 3 counts, not the 2 of the words"),
        ("in docker", {"platform": "local"}, "--platform local counts, not the docker of the words"),
        ("in docker", {"platform": "docker"}, ""),
        ("in docker", {"gpus": 1}, ""),
    ],
)
def test_an_option_that_says_otherwise_than_the_words_counts_and_is_noted(
    runtime: Runtime, words: str, options: dict[str, Any], note: str
) -> None:
    text = f"train Grounding DINO on s3://b/t {words}"
    [request], notes = composed(runtime, text, **options)
    assert {name: getattr(request, name) for name in options} == options
    assert [str(each) for each in notes if "counts, not" in each] == ([note] if note else [])


@pytest.mark.parametrize(
    ("metric", "directions"),
    [({}, None), ({"metric": "val_f1", "metric_direction": "maximize"}, ["maximize"])],
    ids=["none", "one"],
)
def test_a_search_without_a_metric_says_no_directions(
    make_skill: MakeSkill, compiled: Compile, metric: dict[str, str], directions: list[str] | None
) -> None:
    number = {"type": "float", "default": 0.1, "minimum": 0.0, "maximum": 1.0, "automl_enabled": True}
    skill = make_skill(
        info={"automl_enabled": True, **metric},
        templates={"train": {"lr": 0.1}},
        schemas={"train": {"type": "collection", "properties": {"lr": number}}},
    )
    plan = compiled(skill, "train")
    assert plan.route.name == "automl" and plan.automl is not None
    assert plan.automl.get("directions") == directions
    assert bool({q.key for q in plan.questions} & {"automl.metrics", "automl.metric"}) is not bool(metric)


def test_what_a_plan_keeps_says_its_ways_out_in_the_words_of_whoever_opens_it(
    grounding_dino: Skill, compiled: Compile
) -> None:
    plan = compiled(grounding_dino, "train")
    kept = plan.kept()
    assert {"ways": kept["ways"], **plan.document()} == kept and kept["ways"]
    again = Plan.from_document(kept)
    assert again == plan
    assert [q.choices for q in again.questions] == [q.choices for q in plan.questions]


@pytest.mark.parametrize(
    ("said", "place"),
    [("/", "/"), (" /a/b/ ", "/a/b"), ("/a/b", "/a/b"), ("s3://b/", "s3://b"), ("s3://b/x//", "s3://b/x")],
)
def test_equal_places_are_equal_texts_and_the_root_is_one(said: str, place: str) -> None:
    assert clean_uri(said) == place


@pytest.mark.parametrize(
    ("pretrained", "handed"), [("IDEA-Research/grounding-dino-tiny", True), ("none", False)]
)
def test_who_fetches_a_model_from_the_hub_is_handed_its_token(
    grounding_dino: Skill, compiled: Compile, pretrained: str, handed: bool
) -> None:
    plan = compiled(grounding_dino, "train", automl="off", data=("train=s3://b/t",), pretrained=pretrained)
    assert plan.env_names == (("HF_ENDPOINT", "HF_TOKEN") if handed else ())


def test_a_setting_that_is_said_twice_alike_is_one(grounding_dino: Skill, compiled: Compile) -> None:
    once, twice = (
        compiled(grounding_dino, "train", *["train.num_epochs=4"] * count, automl="off") for count in (1, 2)
    )
    assert once.overrides == twice.overrides
    assert sum(each.key == "train.num_epochs" for each in twice.overrides) == 1


@pytest.mark.parametrize(("said", "known"), [("train.new=1", True), ("new=1", False), ("new.deep=1", False)])
def test_a_template_alone_knows_its_own_sections(
    make_skill: MakeSkill, compiled: Compile, said: str, known: bool
) -> None:
    skill = make_skill(templates={"train": {"train": {"epochs": 1}}})
    if known:
        assert compiled(skill, "train", said).spec["train"] == {"epochs": 1, "new": 1}
        return
    with pytest.raises(SpecError, match="is not a key of this spec"):
        compiled(skill, "train", said)


@pytest.mark.parametrize("key", ["head", "backbone"])
def test_a_part_beside_a_whole_model_is_a_question_where_it_is_its_backbone(
    make_skill: MakeSkill, compiled: Compile, key: str
) -> None:
    skill = make_skill(
        inference=f"| train | train.model | ptm | Whole |\n| train | train.{key} | ptm | Part |",
        templates={"train": {"train": {"model": None, key: None}}},
    )
    plan = compiled(skill, "train", "train.model=/w/a.pth", f"train.{key}=/w/b.pth", automl="off")
    assert ("pretrained" in [each.key for each in plan.questions]) is (key == "backbone")


@pytest.mark.parametrize(
    ("block", "captions"),
    [
        (
            {"infer_data_sources": {"captions": "red cup . blue cup", "image_dir": "/p"}},
            ["red cup", "blue cup"],
        ),
        ({"infer_data_sources": {"image_dir": "/p"}}, None),
    ],
)
def test_captions_are_taken_apart_in_a_block_of_blocks(
    grounding_dino: Skill, compiled: Compile, block: dict[str, Any], captions: list[str] | None
) -> None:
    given = [Override(key="dataset", value=block, source=Source.USER, detail="set by the user")]
    [read], told = read_captions(given)
    expected = (
        block if captions is None else {"infer_data_sources": {"captions": captions, "image_dir": "/p"}}
    )
    assert (read.value, told) == (expected, [])


def test_of_a_name_that_is_none_forty_characters_are_shown() -> None:
    assert str(name_problem("A-" + "b" * 60)).count("b") in (36, 37, 38)
    assert str(name_problem("A-" + "b" * 38)).count("b") == 38
