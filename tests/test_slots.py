"""Slots are declared once: the same set of things can be said at every door."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import pytest

from skillbank.agent.openai_tools import openai_tools
from skillbank.agent.planning import PlanArguments, Words
from skillbank.automl.settings import AutoMLSettings
from skillbank.cli.request_options import Asked, says_a_request
from skillbank.errors import UsageError
from skillbank.language_model.reading import _tool
from skillbank.plan.request import Request
from skillbank.plan.slot_values import seconds_of, shown, value_of
from skillbank.plan.slots import ANSWERS, SLOTS, Fills, Kind, slot
from skillbank.platforms.registry import known_platforms
from skillbank.plugins import Group, names
from tests.cli.tree import whole

NAMES = [each.name for each in SLOTS]
ANSWERED = [each.name for each in ANSWERS]


def options_of(command: str) -> list[Any]:
    return list(whole().commands[command].params)


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)
    said = [name for each in SLOTS if each.fills is not Fills.FIELD for name in each.names]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("command", ["plan", "run"])
def test_the_options_are_the_slots(command: str) -> None:
    options = {option.name: option for option in options_of(command)}
    words = {"text", "skill", "action", "data", "settings"}
    own = {"explain", "submission", "check", "checkpoint", "retries", "on_oom", "resume", "yes", "detach",
           "reader", "banks", "as_json"}  # fmt: skip
    assert set(options) - words - own == {*NAMES, *ANSWERED}
    for each in (*SLOTS, *ANSWERS):
        assert options[each.name].opts == [each.option]
        assert options[each.name].multiple is (each.kind is Kind.TEXTS)
        assert (options[each.name].help or "").startswith(each.help.removesuffix("."))


def test_the_tool_names_every_slot_and_takes_each_as_a_setting_or_an_argument() -> None:
    [plan] = [t["function"]["parameters"] for t in openai_tools() if t["function"]["name"] == "plan"]
    assert set(plan["properties"]) == set(Words.model_fields)
    said = plan["properties"]["settings"]["description"].removeprefix("Dotted keys, shorthands, or ")
    assert [each.partition("=")[0] for each in said.split(", ")] == NAMES
    assert set(PlanArguments.model_fields) - set(Words.model_fields) == {*NAMES, *ANSWERED}
    types = {name: get_args(PlanArguments.model_fields[name].annotation)[0] for name in NAMES}
    assert {types[each.name] for each in SLOTS if each.kind is Kind.COUNT} == {int}
    assert {types[each.name] for each in SLOTS if each.kind is Kind.NUMBER} == {float}
    assert types["captions"] == list[str] and types["gpu_ids"] == list[int]


def test_a_model_that_reads_fills_the_slots() -> None:
    value = _tool(True)["function"]["parameters"]["$defs"]["_Value"]
    assert value["properties"]["slot"]["enum"] == NAMES


def test_fields_and_settings_of_a_search_are_there() -> None:
    assert {each.name for each in SLOTS if each.fills is Fills.FIELD} <= set(Request.model_fields)
    search = [each for each in SLOTS if each.fills is Fills.SEARCH]
    assert {each.key.removeprefix("automl.") for each in search} <= set(AutoMLSettings.model_fields)
    assert slot("algorithm").choices == names(Group.AUTOML_ALGORITHMS)
    assert slot("platform").choices == known_platforms() == names(Group.PLATFORMS)


def test_a_command_made_so_gets_what_was_said() -> None:
    got: list[tuple[Asked, bool]] = []

    def command(asked: Asked, loud: bool = False) -> None:
        got.append((asked, loud))

    made = says_a_request(command)
    given: dict[str, Any] = dict.fromkeys(inspect.signature(made).parameters)
    made(**{**given, "seed": 0, "captions": [], "data": ["train=d"], "loud": True})
    [(asked, loud)] = got
    assert loud and asked.named == ["--data", "--seed"]


@pytest.mark.parametrize(
    ("name", "said", "value"),
    [
        ("epochs", "10", 10),
        ("epochs", 10.0, 10),
        ("gpus", 0, 0),
        ("learning_rate", "1e\u22124", 1e-4),
        ("learning_rate", 1, 1.0),
        ("gpu_ids", "2,3", [2, 3]),
        ("gpu_ids", "[0, 2]", [0, 2]),
        ("gpu_ids", "0-3", [0, 1, 2, 3]),
        ("gpu_ids", [1], [1]),
        ("gpu_ids", 3, [3]),
        ("gpu_ids", (0, "2"), [0, 2]),
        ("gpu_ids", "5-5", [5]),
        ("gpu_ids", "0-4095", [*range(4096)]),
        ("epochs", "+7", 7),
        ("epochs", 2.0**53 - 1, 2**53 - 1),
        ("learning_rate", 0, 0.0),
        ("learning_rate", ".5e+2", 50.0),
        ("learning_rate", 1e308, 1e308),
        ("captions", ("a",), ["a"]),
        ("automl", True, "on"),
        ("automl", False, "off"),
        ("captions", "a, b", ["a, b"]),
        ("automl", "True", "on"),
        ("automl", "no", "off"),
        ("algorithm", "CMA-ES", "cmaes"),
        ("algorithm", "hyperband-es", "hyperband_es"),
        ("precision", "bf16-mixed", "bf16-mixed"),
        ("time_budget", "8h", 28800.0),
        ("time_budget", "1h 30m", 5400.0),
        ("trial_timeout", "90 minutes", 5400.0),
        ("trial_timeout", 60, 60.0),
        ("trial_timeout", 0.5, 0.5),
        ("time_budget", "2 days, 3 hrs", 183600.0),
    ],
)
def test_a_value_is_read(name: str, said: Any, value: Any) -> None:
    read = value_of(slot(name), said)
    assert read == value and type(read) is type(value)
    assert value_of(slot(name), read) == read


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("epochs", 0, "--epochs is 0, but it must be at least 1"),
        ("epochs", "2.5", "--epochs is 2.5, but it must be a whole number"),
        ("epochs", True, "must be a whole number"),
        ("seed", "-1", "--seed is -1, but it must be at least 0"),
        ("learning_rate", "nan", "must be a number"),
        ("learning_rate", float("inf"), "must be a finite number"),
        ("learning_rate", "1,5", "must be a number"),
        ("gpu_ids", "1,1", "names one of them twice"),
        ("gpu_ids", "3-1", "does not go up"),
        ("gpu_ids", "a", "must be a whole number"),
        ("gpu_ids", ",", "such as 0,1"),
        ("captions", ["a", " "], "--captions is empty"),
        ("automl", "maybe", "must be one of auto, on, off"),
        ("algorithm", "bayesan", r"\(did you mean 'bayesian'\?\)"),
        ("platform", "", "--platform is empty; give it a value or leave it out"),
        ("time_budget", "8", "--time-budget is 8, but it must be a time with its unit, such as"),
        ("time_budget", "1,5 h", "must be a time with its unit"),
        ("time_budget", "0s", "must be longer than nothing"),
        ("results_root", 5, "must be text"),
        ("gpu_ids", True, "must be whole numbers"),
        ("gpu_ids", [], "is empty; give it a value"),
        ("gpu_ids", [-1], "must be at least 0"),
        ("gpu_ids", "0-4096", "does not go up"),
        ("epochs", 2.0**53, "must be a whole number"),
        ("epochs", 1.5, "must be a whole number"),
        ("epochs", "1" * 19, "must be a whole number"),
        ("learning_rate", True, "must be a number"),
        ("learning_rate", 1.1e308, "must be a finite number"),
        ("learning_rate", -1e-9, "must be at least 0"),
        ("captions", [], "is empty; give it a value"),
        ("captions", 5, "must be one text or several"),
        ("captions", [5], "must be text"),
        ("time_budget", True, "must be a time with its unit"),
        ("time_budget", "1h 2h", "must be a time with its unit"),
        ("time_budget", 1e10, "shorter than three centuries"),
    ],
)
def test_what_is_no_value_is_refused(name: str, said: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        value_of(slot(name), said)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("time_budget", 86400, "1d"),
        ("time_budget", 90000.0, "25h"),
        ("time_budget", 3660, "61m"),
        ("time_budget", 60, "1m"),
        ("time_budget", 59, "59s"),
        ("time_budget", 0.5, "0.5s"),
        ("gpu_ids", [0, 2], "0, 2"),
        ("learning_rate", 0.0001, "0.0001"),
        ("gpu_hours", 2.0, "2"),
        ("epochs", 10, "10"),
    ],
)
def test_a_value_is_shown_as_one_would_say_it(name: str, value: Any, said: str) -> None:
    assert shown(slot(name), value) == said


@pytest.mark.parametrize("text", ["8h", "90m", "1d", "45s", "36h"])
def test_a_duration_is_shown_as_it_is_read(text: str) -> None:
    value = value_of(slot("time_budget"), text)
    assert seconds_of(shown(slot("time_budget"), value)) == value
