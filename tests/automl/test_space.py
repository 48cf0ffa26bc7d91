"""The search space: what a schema, a spec and a user say of it, and that every point of it is valid."""

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.automl.parameters import Kind, Parameter
from skillbank.automl.space import SearchSpace, space_from_schema
from skillbank.automl.space_features import features_of
from skillbank.automl.space_optuna import optuna_params, suggest
from skillbank.automl.space_parameter import make_parameter
from skillbank.automl.space_ranges import Range
from skillbank.bank.limits import Limits
from skillbank.bank.relations import parse_relation
from skillbank.bank.schema import SpecSchema
from skillbank.bank.values import check, check_relations
from skillbank.errors import SpecError, UsageError
from skillbank.plan.paths import get_path, parse_path, set_path

SKILL = Path(__file__).resolve().parents[2] / "skills" / "tao-train-grounding-dino"
SCHEMA = json.loads((SKILL / "schemas" / "train.schema.json").read_text())
OPTIM = "train.optim."


def template() -> dict[str, Any]:
    spec: dict[str, Any] = yaml.safe_load((SKILL / "references" / "spec_template_train.yaml").read_text())
    return spec


def leaf(key: str, **words: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a schema and spec with one searched key."""
    spec: dict[str, Any] = {}
    set_path(spec, key, words.get("default"))
    node: dict[str, Any] = {"automl_enabled": True, **words}
    for part in reversed(key.split(".")):
        node = {"type": "object", "properties": {part: node}}
    return {**node, "automl_default_parameters": [key]}, spec


def one(key: str, ranges: dict[str, Any] | None = None, **words: Any) -> Parameter:
    schema, spec = leaf(key, **words)
    return space_from_schema(schema, spec, ranges=ranges).by_name[key]


def odd() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a schema with everything odd that the family's schemas have, and its spec."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "model": {
                "type": "collection",
                "properties": {
                    "num_queries": {
                        "type": "int",
                        "minimum": 1,
                        "maximum": math.inf,
                        "parent_param": "TRUE",
                        "default": 300,
                    },
                    "num_select": {
                        "type": "int",
                        "minimum": 1,
                        "maximum": 1000,
                        "depends_on": "model.num_queries",
                        "default": 300,
                    },
                    "hidden_dim": {
                        "type": "int",
                        "minimum": 60,
                        "maximum": 1024,
                        "math_cond": "/ 8",
                        "default": 256,
                    },
                    "rank": {"type": "int", "minimum": 1, "maximum": 256, "math_cond": "^ 2", "default": 8},
                    "points": {
                        "type": "int",
                        "minimum": -2,
                        "maximum": 2,
                        "math_cond": "!= 0",
                        "default": -1,
                    },
                    "depth": {"type": "ordered_int", "enum": [50, 18, 101], "default": 50},
                },
            },
            "train": {
                "type": "collection",
                "properties": {
                    "decay": {
                        "type": "categorical",
                        "enum": ["linear", "sqrt", "cosine", "none"],
                        "option_weights": [0.1, 0.1, 0.8, 0.0],
                        "default": "linear",
                    },
                    "warm": {"type": "bool", "default": False},
                    "milestones": {"type": "list_2", "default": [35, 45]},
                    "lr_scheduler": {
                        "type": "categorical",
                        "enum": ["MultiStep", "StepLR"],
                        "default": "MultiStep",
                    },
                    "lr_step_size": {"type": "int", "minimum": 0, "maximum": math.inf, "default": 10},
                    "optim": {
                        "type": "collection",
                        "properties": {
                            "type": {"type": "categorical", "enum": ["adamw", "sgd"], "default": "adamw"},
                            "lr": {
                                "anyOf": [{"type": "number"}, {"type": "array"}],
                                "minimum": 0.0,
                                "maximum": math.inf,
                                "default": 1e-6,
                            },
                            "momentum": {
                                "type": "float",
                                "minimum": 0.0,
                                "maximum": math.inf,
                                "default": 0.9,
                            },
                            "betas": {"type": "list", "default": [0.9, 0.999]},
                            "low": {
                                "type": "float",
                                "minimum": 0.0,
                                "maximum": 1.0,
                                "default": 0.1,
                                "parent_param": "TRUE",
                            },
                            "middle": {
                                "type": "float",
                                "minimum": 0.0,
                                "maximum": 0.8,
                                "default": 0.3,
                                "math_cond": "> depends_on",
                                "depends_on": "train.optim.low",
                            },
                            "high": {
                                "type": "float",
                                "minimum": 0.2,
                                "maximum": 0.6,
                                "default": 0.4,
                                "math_cond": ">= depends_on",
                                "depends_on": "train.optim.middle",
                            },
                        },
                    },
                    "flip": {
                        "type": "collection",
                        "properties": {
                            "enable": {"type": "bool", "default": True},
                            "flip_probability": {
                                "type": "float",
                                "minimum": 0.0,
                                "maximum": 1.0,
                                "default": 0.5,
                            },
                        },
                    },
                },
            },
        },
    }
    parsed = SpecSchema.parse(schema)
    spec: dict[str, Any] = {}
    keys = []
    for key in parsed.keys:
        node = parsed.find(parse_path(key))[0]
        if node is not None and not node.children:
            keys.append(key)
            set_path(spec, key, node.words["default"])
    schema["automl_default_parameters"] = keys
    return schema, spec


SPACES = {"grounding_dino": (SCHEMA, template()), "odd": odd()}


def build(name: str) -> SearchSpace:
    schema, spec = SPACES[name]
    return space_from_schema(schema, spec)


def hold(schema: dict[str, Any], spec: dict[str, Any], values: dict[str, Any]) -> None:
    """Judge a suggestion as a user's own settings are judged, by checks that know no search space."""
    parsed = SpecSchema.parse(schema)
    whole = json.loads(json.dumps(spec, default=str))
    for key, value in values.items():
        check(key, value, parsed.find(parse_path(key))[0])
        set_path(whole, key, value)
    check_relations(parsed, values, lambda key: get_path(whole, key))
    for key, value in values.items():
        name = key.rpartition(".")[2]
        assert name != "momentum" or 0 <= value < 1
        assert name not in ("lr", "lr_backbone") or value > 0
        assert name != "betas" or all(0 <= b < 1 for b in value)


@pytest.mark.parametrize("name", SPACES)
def test_every_point_is_a_valid_configuration(name: str) -> None:
    space, (schema, spec) = build(name), SPACES[name]

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.floats(-0.5, 1.5), min_size=space.dimensions, max_size=space.dimensions))
    def law(point: list[float]) -> None:
        values = space.decode(point)
        assert space.violations(values) == []
        hold(schema, spec, values)
        # Encoding finds a point of the same configuration.
        assert space.decode(space.encode(values)) == values

    law()


@pytest.mark.parametrize("name", SPACES)
def test_values_that_nobody_has_checked_have_a_place(name: str) -> None:
    """Relations between them may leave nothing: what is above its own limit takes all room from the other."""
    space = build(name)

    @given(st.randoms(use_true_random=False))
    def law(chance: random.Random) -> None:
        values = space.decode([chance.random() for _ in range(space.dimensions)])
        for key, value in values.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                values[key] = type(value)(value * chance.choice((0.1, 1, 1.2, 30)))
        point = space.encode(values)
        assert point.shape == (space.dimensions,) and ((point >= 0) & (point <= 1)).all()
        assert space.violations(space.decode(point)) == []

    law()


def test_limits_that_leave_just_nothing_give_the_middle() -> None:
    space = build("grounding_dino")
    largest = "dataset.augmentation.train_random_crop_max"
    crop = space.by_name[largest]
    values = {**space.defaults, crop.relations[0].keys[0]: int(crop.high)}
    at = sum(p.dimensions for p in space.parameters[: space.parameters.index(crop)])
    assert space.encode(values)[at] == 0.5


@pytest.mark.parametrize("name", SPACES)
def test_features_of_many_points_are_those_of_each(name: str) -> None:
    space = build(name)
    points = np.random.default_rng(3).random((300, space.dimensions))
    slowly = space.features([space.decode(p) for p in points])
    assert np.abs(features_of(space, points) - slowly).max() < 1e-4


@pytest.mark.parametrize("name", SPACES)
def test_optuna_can_ask_and_be_told(name: str) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = build(name)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(50):
        trial = study.ask()
        values = suggest(space, trial)
        assert space.violations(values) == []
        params, distributions = optuna_params(space, values)
        assert params.keys() == trial.params.keys()
        told = optuna.trial.create_trial(value=0.0, params=params, distributions=distributions)
        assert suggest(space, optuna.trial.FixedTrial(told.params)) == values


def test_parameters_that_cannot_matter_do_not_count() -> None:
    usual = build("grounding_dino").decode([0.5] * 13)
    assert not {f"{OPTIM}momentum", f"{OPTIM}lr_step_size"} & usual.keys()
    spec = template()
    spec["train"]["optim"] |= {"optimizer": "SGD", "lr_scheduler": "StepLR"}
    space = space_from_schema(SCHEMA, spec)
    assert {f"{OPTIM}momentum", f"{OPTIM}lr_step_size"} <= space.decode([0.5] * 13).keys()
    assert len(space.defaults) == 13


def test_conditions_follow_values_that_are_searched_too() -> None:
    space = space_from_schema(SCHEMA, template(), parameters=[f"{OPTIM}momentum", f"{OPTIM}optimizer"])
    assert [p.name for p in space.parameters] == [f"{OPTIM}optimizer", f"{OPTIM}momentum"]
    seen = {
        (v[f"{OPTIM}optimizer"], f"{OPTIM}momentum" in v)
        for v in (space.sample(np.random.default_rng(i)) for i in range(20))
    }
    assert seen == {("AdamW", False), ("SGD", True)}
    assert "does not count" in space.violations({f"{OPTIM}optimizer": "AdamW", f"{OPTIM}momentum": 0.9})[0]
    assert "is missing" in space.violations({f"{OPTIM}optimizer": "SGD"})[0]


def test_infinity_and_zero_become_a_logarithmic_range_around_the_default() -> None:
    rate = one("train.optim.lr", type="float", minimum=0.0, maximum=math.inf, default=5e-4)
    assert (rate.low, rate.high, rate.log) == (5e-6, 0.05, True)
    decay = one("train.optim.weight_decay", type="float", minimum=0.0, maximum=1.0, default=1e-4)
    assert (decay.low, decay.high, decay.log) == (1e-6, 0.1, True)
    layers = one("model.enc_layers", type="int", minimum=1, default=6)
    assert (layers.low, layers.high, layers.log) == (1, 24, False)


@pytest.mark.parametrize(
    ("key", "words", "high"),
    [
        ("train.optim.momentum", {"minimum": 0.0, "maximum": math.inf, "default": 0.9}, 1.0),
        ("train.momentum", {"minimum": 0.0, "maximum": 1.0, "default": 0.9}, 1.0),
        ("train.ema.decay", {"minimum": 0.0, "maximum": 1.0, "default": 0.999}, 1.0),
        ("model.dropout_ratio", {"minimum": 0.0, "maximum": 1.0, "default": 0.1}, 1.0),
    ],
)
def test_physical_limits_hold_whatever_the_schema_allows(
    key: str, words: dict[str, Any], high: float
) -> None:
    parameter = one(key, type="float", **words)
    assert parameter.decode([0.0]) >= 0 and parameter.decode([1.0]) < high
    schema, spec = leaf(key, type="float", **words)
    with pytest.raises(SpecError, match="below 1"):
        space_from_schema(schema, spec, ranges={key: [0.1, 1.0]})


def test_math_conditions() -> None:
    def read(text: object) -> Limits:
        return Limits.of({"math_cond": text})

    assert read("> 0.0 <= 1.0").low == (0.0, True)
    assert read("> 0.0 <= 1.0").high == (1.0, False)
    assert read(">=0").low == (0.0, False)
    assert read("> 1e-5, < .5").low == (1e-5, True) and read("> 1e-5, < .5").high == (0.5, True)
    assert read("> depends_on").order == ">"
    assert read("/ 8").multiple == 8 and read("^ 2").power == 2
    assert read("!= 0").forbidden == (0.0,)
    assert read(None) == Limits() == read("")
    assert read("whatever").unread == ("math_cond 'whatever'",)
    assert read("> 1 or so").unread and read("> 1 or so").low == (1.0, True)
    relation = parse_relation("<= model.a * 2 * model.b")
    assert relation is not None and (relation.keys, relation.factor) == (("model.a", "model.b"), 2.0)
    assert parse_relation("about model.a") is None


def test_multiples_powers_options_and_weights() -> None:
    space = build("odd")
    drawn = [space.sample(np.random.default_rng(i)) for i in range(300)]
    assert {v["model.hidden_dim"] % 8 for v in drawn} == {0}
    assert {v["model.rank"] for v in drawn} == {1, 2, 4, 8, 16, 32, 64, 128, 256}
    assert {v["model.points"] for v in drawn} == {-2, -1, 1, 2}
    assert {v["model.depth"] for v in drawn} == {18, 50, 101}
    assert space.by_name["model.depth"].choices == (18, 50, 101)
    assert {v["train.warm"] for v in drawn} == {True, False}
    decays = [v["train.decay"] for v in drawn]
    assert "none" not in decays and decays.count("cosine") > 200
    assert all(v["train.optim.low"] < v["train.optim.middle"] <= v["train.optim.high"] for v in drawn)
    lists = [v["train.milestones"] for v in drawn if "train.milestones" in v]
    assert lists and all(a < b and isinstance(a, int) for a, b in lists)


def test_relations_cut_ranges_beforehand_and_say_so() -> None:
    space = space_from_schema(
        SCHEMA,
        template(),
        parameters=[
            "dataset.augmentation.train_random_crop_min",
            "dataset.augmentation.train_random_crop_max",
        ],
        ranges={"dataset.augmentation.train_random_crop_max": [32, 700]},
    )
    assert space.by_name["dataset.augmentation.train_random_crop_min"].high == 699
    assert "ends at 32 to 699" in space.notes[0]


def test_a_relation_to_a_fixed_value_that_leaves_nothing() -> None:
    spec = template()
    spec["dataset"]["augmentation"]["train_random_crop_min"] = 1400
    name = "dataset.augmentation.train_random_crop_max"
    assert (
        name
        not in space_from_schema(SCHEMA, spec, parameters=None, fixed=[name.replace("max", "min")]).by_name
    )
    with pytest.raises(SpecError, match="is empty"):
        space_from_schema(SCHEMA, spec, parameters=[name])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            {"parameters": ["train.optim.lrr"]},
            "train.optim.lrr is not a key of this spec (did you mean 'train.optim.lr'?)",
        ),
        ({"parameters": ["train.optim"]}, "train.optim is a section"),
        ({"parameters": ["train.optim.lr_steps"]}, "the schema disables it for AutoML"),
        ({"parameters": ["train.results_dir"]}, "cannot be searched"),
        ({"ranges": {"train.optim.lr": [0.0, 1e-3]}}, "reaches 0, but it must be above 0"),
        ({"ranges": {"train.optim.lr": [1e-5, 3]}}, "reaches 3, but it must be at most 1"),
        ({"ranges": {"train.optim.lr": [1e-3, 1e-5]}}, "low 0.001 is above its high 1e-05"),
        ({"ranges": {"train.optim.lr": "small"}}, "must be [low, high]"),
        ({"ranges": {"train.optim.lr": {"low": 1e-5, "hihg": 1}}}, "did you mean 'high'?"),
        ({"ranges": {"train.optim.momentum": [0.5, 1.0]}}, "below 1"),
        ({"ranges": {"train.optim.optimizer": {"choices": ["AdamW", "Adam"]}}}, "must be one of AdamW, SGD"),
        ({"ranges": {"model.enc_layers": [1.5, 4]}}, "whole numbers"),
        (
            {"parameters": ["train.optim.lr"], "ranges": {"model.enc_layers": [1, 4]}},
            "not among automl.parameters",
        ),
        ({"parameters": ["train.optim.momentum"]}, "Nothing is left to search"),
    ],
)
def test_what_a_user_gets_wrong_is_one_sentence(said: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        space_from_schema(SCHEMA, template(), **said)
    assert words in str(caught.value) and str(caught.value).count(". ") == 0


def test_own_ranges_in_any_form() -> None:
    rate = f"{OPTIM}lr"
    nested = space_from_schema(SCHEMA, template(), ranges={"train": {"optim": {"lr": [1e-5, 1e-3]}}})
    flat = space_from_schema(SCHEMA, template(), ranges={rate: {"min": 1e-5, "max": 1e-3}})
    assert nested.by_name[rate] == flat.by_name[rate]
    assert (flat.by_name[rate].low, flat.by_name[rate].high, flat.by_name[rate].log) == (1e-5, 1e-3, True)
    chosen = space_from_schema(SCHEMA, template(), ranges={"train.precision": ["fp16", "bf16"]})
    assert chosen.by_name["train.precision"].choices == ("fp16", "bf16")
    assert len(chosen.parameters) == 14
    stepped = space_from_schema(
        SCHEMA, template(), ranges={"model.nheads": {"low": 4, "high": 16, "step": 4}}
    )
    assert {stepped.sample(np.random.default_rng(i))["model.nheads"] for i in range(40)} == {4, 8, 12, 16}


def test_what_the_user_has_set_is_not_searched_by_default() -> None:
    space = space_from_schema(SCHEMA, template(), fixed=[f"{OPTIM}lr"])
    assert f"{OPTIM}lr" not in space.by_name and "was set by the user" in space.notes[0]


def test_the_default_configuration_is_the_specs_own_even_outside_of_the_range() -> None:
    spec = template()
    spec["train"]["optim"]["lr"] = 0.5
    space = space_from_schema(SCHEMA, spec)
    assert space.defaults[f"{OPTIM}lr"] == 0.5
    assert space.by_name[f"{OPTIM}lr"].high == 0.01


def test_rows_to_print() -> None:
    rows = {r["key"]: r for r in build("grounding_dino").describe()}
    assert rows[f"{OPTIM}lr"]["log"] is True and rows[f"{OPTIM}lr"]["low"] == 1e-6
    assert rows[f"{OPTIM}momentum"]["counts_now"] is False
    assert json.dumps(list(rows.values()), allow_nan=False)


def test_kinds_know_their_size() -> None:
    assert Parameter("a", Kind.FLOAT, low=0, high=1).size == math.inf
    assert build("odd").by_name["model.rank"].size == 9


def test_the_command_line_prints_the_space(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from skillbank.cli import main

    monkeypatch.delenv("COLUMNS", raising=False)

    def show(*more: str) -> str:
        words = ["skillbank", "show", "grounding-dino", "train", "--search-space", *more]
        monkeypatch.setattr("sys.argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    assert json.loads(show("--json"))["parameters"] == build("grounding_dino").describe()
    said = show("--find", "momentum")
    assert "0.5 .. 0.99" in said and "not when train.optim.optimizer is Adam-like" in said


def test_an_end_near_zero_is_no_multiple() -> None:
    entry = {"type": "number", "math_cond": "/ 2", "minimum": 0}
    node = SpecSchema.parse({"properties": {"x": entry}}).node("x")
    assert node is not None
    with pytest.raises(SpecError, match="holds no multiple of 2"):
        make_parameter("x", node, 0, Range(1e-9, 1e-9))
    assert make_parameter("x", node, 0, Range(0.0, 4.0)).choices == (0.0, 2.0, 4.0)
