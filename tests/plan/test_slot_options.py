"""Options of slots: where they go in a chain, what they take the place of, and what they cannot mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbank.errors import SkillbankError, UsageError
from skillbank.plan.option_steps import step_of
from skillbank.plan.paths import get_path
from skillbank.plan.request import Request, Setting, parse_settings
from skillbank.plan.search import take_settings
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import SLOTS, Fills, Kind, slot
from skillbank.runtime import Runtime
from tests.plan.conftest import MakeSkill, composed

SKILL = "tao-train-grounding-dino"
TEXT = "train Grounding DINO on s3://b/t, 10 epochs, no HPO"
DATA = ("train=s3://b/t", "eval=s3://b/e")


def said(requests: list[Request]) -> list[dict[str, Any]]:
    return [{s.key: s.value for s in r.settings} for r in requests]


def test_each_step_gets_the_slots_that_it_has(runtime: Runtime) -> None:
    requests, _ = composed(
        runtime, None, SKILL, ["train", "evaluate", "export"], data=DATA, automl="off",
        epochs=5, seed=3, threshold=0.4, batch_size=2, precision="FP16", gpu_ids=[0, 1], gpus=2,
    )  # fmt: skip
    assert said(requests) == [
        {"train.num_epochs": 5, "train.seed": 3, "batch_size": 2, "train.precision": "FP16",
         "train.gpu_ids": [0, 1]},
        {"evaluate.conf_threshold": 0.4, "evaluate.batch_size": 2, "evaluate.gpu_ids": [0, 1]},
        {"export.batch_size": 2},
    ]  # fmt: skip
    train = runtime.plan(requests)[0]
    assert train.spec["train"]["precision"] == "fp16"
    assert train.spec["dataset"]["batch_size"] == 2


def test_slots_of_a_search_stand_in_the_plan(runtime: Runtime) -> None:
    requests, _ = composed(
        runtime, None, SKILL, ["train"], data=DATA, automl="on", trials=4, parallel_trials=2,
        algorithm="ASHA", time_budget="8h", gpu_hours=2.5, trial_timeout="90m", patience=3,
    )  # fmt: skip
    [plan] = runtime.plan(requests)
    assert plan.automl is not None
    expected = {"max_recommendations": 4, "parallel": 2, "algorithm": "asha", "time_budget": 28800.0,
                "cost_budget": 2.5, "trial_timeout": 5400.0, "patience": 3}  # fmt: skip
    assert {key: plan.automl[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("actions", "slots", "named"),
    [
        (["evaluate"], {"epochs": 5}, "--epochs has no meaning for evaluate"),
        (
            ["evaluate", "export"],
            {"epochs": 5, "seed": 1},
            "--epochs, --seed have no meaning for evaluate, export",
        ),
        (["train"], {"captions": ["red sign"]}, "--captions has no meaning for train"),
        (["evaluate"], {"trials": 3}, "--trials has no meaning for evaluate"),
        (["export"], {"precision": "fp16"}, "--precision has no meaning for export"),
        (["evaluate"], {"automl": "on"}, "--automl has no meaning for evaluate"),
    ],
)
def test_what_has_no_meaning_is_refused(
    runtime: Runtime, actions: list[str], slots: dict[str, Any], named: str
) -> None:
    with pytest.raises(UsageError, match=f"{named}; leave it out"):
        composed(runtime, None, SKILL, actions, **slots)


def test_a_model_of_what_is_no_training_is_named_otherwise(runtime: Runtime) -> None:
    with pytest.raises(UsageError) as refused:
        composed(runtime, None, SKILL, ["evaluate", "export"], pretrained="m.pth")
    assert str(refused.value) == (
        "--pretrained is what a training starts from; the model of evaluate, export is named with "
        "--parent JOB or --set evaluate.checkpoint=FILE or --set export.checkpoint=FILE."
    )


def test_what_holds_anyway_may_be_said(runtime: Runtime) -> None:
    [request], notes = composed(runtime, None, SKILL, ["evaluate"], automl="off")
    assert (request.automl, notes) == ("off", [])


def test_a_slot_that_could_be_several_keys_names_them(runtime: Runtime, make_skill: MakeSkill) -> None:
    template = {"train": {"a": {"seed": 1}, "b": {"seed": 2}}}
    properties = {k: {"type": "object", "properties": {"seed": {"type": "integer"}}} for k in ("a", "b")}
    schema = {"type": "object", "properties": {"train": {"type": "object", "properties": properties}}}
    skill = make_skill(
        info={"actions": {"train": {"command": "toy"}}},
        templates={"train": template},
        schemas={"train": schema},
    )
    step = step_of(skill, Request(skill="toy", action="train"), 0, 1)
    step.take_slots({"seed": 3})
    assert not step.took("seed")
    assert step.could_be(slot("seed")) == ("train.a.seed", "train.b.seed")


def test_all_wrong_values_are_told_at_once(runtime: Runtime) -> None:
    with pytest.raises(UsageError, match=r"--epochs is 0.*--trials is x.*--time-budget is 8"):
        composed(runtime, None, SKILL, ["train"], epochs=0, trials="x", time_budget="8")


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 20},
        {"settings": ["num_epochs=20"]},
        {"settings": ["train.num_epochs=20"]},
        {"settings": ["train={num_epochs: 20}"]},
        {"epochs": 20, "settings": ["train.num_epochs=20"]},
    ],
)
def test_an_option_counts_however_it_is_spelled(runtime: Runtime, options: dict[str, Any]) -> None:
    requests, notes = composed(runtime, TEXT, **options)
    assert [n for n in notes if n.endswith("counts, not the 10 of the words")]
    [plan] = runtime.plan(requests)
    assert plan.spec["train"]["num_epochs"] == 20


def test_an_option_that_says_the_same_is_not_mentioned(runtime: Runtime) -> None:
    requests, notes = composed(runtime, TEXT, epochs=10)
    assert (said(requests), notes) == ([{"train.num_epochs": 10}], [])


def test_what_an_option_does_not_touch_of_a_block_stays(runtime: Runtime) -> None:
    step_words = Request(
        skill=SKILL, action="train", settings=(Setting(key="train", value={"num_epochs": 5, "seed": 7}),)
    )
    step = step_of(runtime.library.get(SKILL), step_words, 0, 1)
    step.take_slots({"epochs": 9})
    assert said([step.merged()]) == [{"train.seed": 7, "train.num_epochs": 9}]
    assert step.notes == ["--epochs 9 counts, not the 5 of the words"]


@pytest.mark.parametrize(
    ("words", "options", "notes"),
    [
        ({"num_epochs": 5}, ["num_epochs=6"], ["--set num_epochs=6 counts, not the 5 of the words"]),
        ({"num_epochs": 5}, ["train.num_epochs=5"], []),
        ({"num_epochs": 5}, ["train.seed=5"], []),
        ({"train.freeze": ["a"]}, ["train.freeze=[b, c]"],
         ['--set train.freeze=["b", "c"] counts, not the ["a"] of the words']),
        ({"train.freeze": ["a"]}, ["train.freeze[0]=b"],
         ['--set train.freeze[0]=b counts, not the ["a"] of the words']),
        ({"train.optim": {"lr": 1, "momentum": 2}}, ["train.optim={lr: 3}"],
         ["--set train.optim={\"lr\": 3} counts, not the 1 of the words"]),
        ({"train.precision": "FP16"}, ["train.precision=fp16"], []),
        ({"train.precision": "FP16"}, ["train.precision=fp32"],
         ["--set train.precision=fp32 counts, not the FP16 of the words"]),
        ({"train.verbose": True}, ["train.verbose=1"],
         ["--set train.verbose=1 counts, not the True of the words"]),
        ({"automl.time_budget": 28800.0}, ["automl.time_budget=3600"],
         ["--set automl.time_budget=3600 counts, not the 8h of the words"]),
    ],
)  # fmt: skip
def test_what_an_option_takes_the_place_of_is_told_by_both(
    runtime: Runtime, words: dict[str, Any], options: list[str], notes: list[str]
) -> None:
    asked = tuple(Setting(key=key, value=value) for key, value in words.items())
    step = step_of(runtime.library.get(SKILL), Request(skill=SKILL, action="train", settings=asked), 0, 1)
    step.take_settings(parse_settings(options))
    step.merged()
    assert step.notes == notes


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["seed=1", "train.seed=2"], "--set seed=1 and --set train.seed=2 both set train.seed; keep one."),
        (["seed=1", "train.seed=true"], "--set seed=1 and --set train.seed=True both set train.seed; keep "
        "one."),
        (["train.freeze=[a]", "train.freeze=[b]"],
         '--set train.freeze=["a"] and --set train.freeze=["b"] both set train.freeze; keep one.'),
    ],
)  # fmt: skip
def test_two_settings_of_one_key_are_named_as_they_were_said(
    runtime: Runtime, settings: list[str], said: str
) -> None:
    step = step_of(runtime.library.get(SKILL), Request(skill=SKILL, action="train"), 0, 1)
    step.take_settings(parse_settings(settings))
    with pytest.raises(UsageError) as caught:
        step.merged()
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("key", "length", "concerns"),
    [
        ("automl", 1, False), ("automl.patience", 1, False), ("automlx", 1, True), ("train.seed", 1, True),
        ("train.seed", 2, False), ("model.backbone", 2, True), ("export.batch_size", 2, False),
        ("export.batch_size", 1, True), ("evaluate.batch_size", 2, True), ("batch_size", 2, True),
    ],
)  # fmt: skip
def test_settings_that_concern_a_step(runtime: Runtime, key: str, length: int, concerns: bool) -> None:
    skill = runtime.library.get(SKILL)
    assert step_of(skill, Request(skill=SKILL, action="evaluate"), 0, length).concerns(key) is concerns
    train = step_of(skill, Request(skill=SKILL, action="train"), 0, length)
    assert train.concerns(key) is (key.startswith(("automl", "train", "model", "batch")) or length == 1)
    unknown = step_of(skill, Request(skill=SKILL, action="fly"), 0, length)
    assert unknown.action is None and unknown.concerns(key)


def test_a_setting_goes_to_the_step_of_a_chain_whose_skill_has_its_section(runtime: Runtime) -> None:
    text = "label cats and dogs in /d/p and train RT-DETR on the labels, no HPO"
    given = ["train.num_epochs=1", "teach.least=0.4"]
    requests, _ = composed(runtime, text, settings=given)
    least, epochs = (
        Setting(key=key, value=value) for key, value in (("teach.least", 0.4), ("train.num_epochs", 1))
    )
    assert [(each in r.settings) for r in requests for each in (least, epochs)] == [True, False, False, True]


@pytest.mark.parametrize(
    ("settings", "left", "said"),
    [
        ([], [], {}),
        (["a=1"], ["a"], {}),
        (["a=1", "automl.patience=2", "automlx=3"], ["a", "automlx"], {"patience": 2}),
        (["automl={patience: 2}", "automl.keep=all"], [], {"patience": 2, "keep": "all"}),
        (["automl.ranges.train.lr=[1, 2]", "automl.ranges.b=[3, 4]"], [],
         {"ranges": {"train.lr": [1, 2], "b": [3, 4]}}),
        (["automl.patience=2", "automl.patience=2"], [], {"patience": 2}),
        (["automl=on"], ["automl"], {}),
    ],
)  # fmt: skip
def test_settings_of_a_search_are_taken_out(
    settings: list[str], left: list[str], said: dict[str, Any]
) -> None:
    request = Request(skill=SKILL, action="train", settings=parse_settings(settings))
    kept, taken = take_settings(request)
    assert ([each.key for each in kept.settings], taken) == (left, said)
    twice = parse_settings(["automl.keep=1", "automl.keep=2"])
    with pytest.raises(UsageError, match=r"automl\.keep is set twice, to 1 and to 2; keep one\."):
        take_settings(request.model_copy(update={"settings": twice}))


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 20, "settings": ["num_epochs=21"]},
        {"epochs": 20, "settings": ["train={num_epochs: 21}"]},
        {"settings": ["num_epochs=20", "train.num_epochs=21"]},
        {"trials": 3, "settings": ["automl.max_trials=4"]},
        {"trials": 3, "settings": ["automl={max_recommendations: 4}"]},
        {"gpus": 2, "settings": ["train.num_gpus=4"]},
    ],
)
def test_two_options_that_say_two_things_are_refused(runtime: Runtime, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"both set .*; keep one"):
        composed(runtime, None, SKILL, ["train"], data=DATA, **options)


def test_the_count_of_gpus_is_that_of_their_numbers(runtime: Runtime) -> None:
    requests, _ = composed(runtime, None, SKILL, ["train"], data=DATA, automl="off", gpu_ids="2,3")
    [plan] = runtime.plan(requests)
    assert (plan.resources.gpus, plan.spec["train"]["num_gpus"], plan.spec["train"]["gpu_ids"]) == (
        2,
        2,
        [2, 3],
    )
    for options in ({"gpus": 4}, {"settings": ["train.num_gpus=4"]}):
        requests, _ = composed(runtime, None, SKILL, ["train"], data=DATA, gpu_ids="2,3", **options)
        with pytest.raises(SkillbankError, match=r"4 GPUs were asked for and 2 are named \(2, 3\); keep one"):
            runtime.plan(requests)


def test_a_skill_beside_the_words_is_meant_whatever_they_name(runtime: Runtime) -> None:
    requests, notes = composed(runtime, "train on s3://b/t for 3 epochs, no HPO", SKILL)
    assert [r.skill for r in requests] == ["skillbank:tao-train-grounding-dino"] and notes == []
    assert requests[0].text == "train on s3://b/t for 3 epochs, no HPO"


def test_a_skill_beside_the_words_counts_where_they_name_another(make_skill: MakeSkill) -> None:
    toy = make_skill(info={"actions": {"train": {"command": "toy"}}})
    with Runtime([toy.root.parent]) as runtime:
        [request], notes = composed(runtime, "train Grounding DINO on s3://b/t, no HPO", "toy")
    assert request.skill.rpartition(":")[2] == "toy"
    assert [n for n in notes if n.endswith(":toy counts, not the Grounding DINO of the words")]


def test_values_of_the_words_that_another_action_lacks_are_asked(runtime: Runtime) -> None:
    requests, _ = composed(runtime, TEXT, None, ["evaluate"])
    [plan] = runtime.plan(requests)
    why = plan.questions[0].why
    assert "num_epochs = 10, train s3://b/t of train, which has no meaning for evaluate" in why


def test_the_words_of_each_action_stay_where_actions_are_given_too(runtime: Runtime) -> None:
    text = "train Grounding DINO on s3://b/t for 3 epochs, no HPO, then evaluate on s3://b/e"
    plain, _ = composed(runtime, text)
    assert composed(runtime, text, None, ["train", "evaluate"])[0] == plain
    assert composed(runtime, text, None, ["evaluate"])[0] == plain[1:]


def test_an_action_more_than_in_the_words_gets_what_it_reads(runtime: Runtime) -> None:
    text = "train Grounding DINO on s3://b/t, validate on s3://b/e, for 3 epochs, no HPO"
    requests, _ = composed(runtime, text, None, ["train", "evaluate"])
    train, evaluate = runtime.plan(requests)
    assert not [q for plan in (train, evaluate) for q in plan.questions if q.key in ("words", "data.train")]
    assert train.spec["train"]["num_epochs"] == 3
    assert {i.uri for i in evaluate.inputs if i.source} == {
        "s3://b/e/images.tar.gz",
        "s3://b/e/annotations.json",
    }
    assert evaluate.parents[0].plan == train.plan_id


def test_a_value_in_the_section_of_another_action_is_told(runtime: Runtime) -> None:
    requests, _ = composed(runtime, None, SKILL, ["evaluate"], settings=["train.num_epochs=3"])
    [plan] = runtime.plan(requests)
    assert "train.num_epochs is a value of train, and evaluate may make nothing of it" in plan.warnings
    with pytest.raises(UsageError, match="--set num_epochs would have no effect on evaluate"):
        composed(runtime, None, SKILL, ["evaluate"], settings=["num_epochs=3"])
    with pytest.raises(UsageError, match=r"--set automl\.parallel would have no effect on evaluate"):
        composed(runtime, None, SKILL, ["evaluate"], settings=["automl.parallel=3"])


def test_data_and_models_whose_keys_are_set_are_asked(runtime: Runtime) -> None:
    keys = [f"dataset.test_data_sources.{name}=s3://c/{name}" for name in ("image_dir", "json_file")]
    requests, _ = composed(runtime, None, SKILL, ["evaluate"], data=["eval=s3://b/e"], settings=keys)
    asked = {q.key: q.why for q in runtime.plan(requests)[0].questions}
    assert "so that s3://b/e would not be used" in asked["data.eval"]
    requests, _ = composed(runtime, None, SKILL, ["evaluate"], data=["eval=s3://b/e"], settings=keys[:1])
    assert "data.eval" not in {q.key for q in runtime.plan(requests)[0].questions}


@pytest.mark.parametrize("model", ["s3://b/w.pth", "none"])
def test_a_model_whose_key_is_set_is_asked(runtime: Runtime, model: str) -> None:
    def asked(settings: list[str]) -> dict[str, str]:
        requests, _ = composed(
            runtime, None, SKILL, ["train"], data=DATA, automl="off", pretrained=model, settings=settings
        )
        return {q.key: q.why for q in runtime.plan(requests)[0].questions}

    assert (
        "said as pretrained, would not be used"
        in asked(["train.pretrained_model_path=s3://b/x.pth"])["pretrained"]
    )
    beside = asked(["model.pretrained_backbone_path=s3://b/x.pth"])
    assert ("pretrained" in beside) is (model != "none"), "a whole model brings its backbone"


BY_KIND: dict[Kind, list[Any]] = {
    Kind.COUNT: [2],
    Kind.NUMBER: [0.25, 0.001],
    Kind.COUNTS: [[0], [1, 2]],
    Kind.TEXTS: [["red sign"], ["cat", "dog"]],
}
VALUES = {
    each.name: st.sampled_from(BY_KIND.get(each.kind) or each.choices[:2])
    for each in SLOTS
    if each.fills is Fills.SETTING
}
ACTIONS = st.lists(st.sampled_from(["train", "evaluate", "inference", "export"]), min_size=1, max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(actions=ACTIONS, values=st.fixed_dictionaries({}, optional=VALUES))
def test_what_is_said_is_in_a_plan_or_refused_by_name(
    runtime: Runtime, actions: list[str], values: dict[str, Any]
) -> None:
    skill = runtime.library.get(SKILL)
    keys = {name: {a: key_of(skill, skill.action(a), slot(name)) for a in actions} for name in values}
    idle = [slot(name).option for name in values if not any(keys[name].values())]
    try:
        requests, _ = composed(runtime, None, SKILL, actions, automl="off", **values)
    except UsageError as error:
        assert idle and all(option in str(error) for option in idle)
        return
    assert not idle
    for plan in runtime.plan(requests):
        action = skill.action(plan.action, plan.variant)
        for name, value in values.items():
            key = key_of(skill, action, slot(name))
            if key is not None:
                there = get_path(plan.spec, skill.shorthands(action).get(key, key))
                assert there == (value.lower() if isinstance(value, str) else value)
