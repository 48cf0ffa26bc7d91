"""Reports, tables and answers over HTTP write out what hides in the texts that they show."""

from __future__ import annotations

import json

import pytest
from starlette.requests import Request

from skillbank.automl.report.page import render_page
from skillbank.automl.report.table import trials_csv
from skillbank.errors import SpecError
from skillbank.visible import has_invisible
from skillbank.web.answers import Json, Refusal, explain
from tests.automl.test_report import data_of
from tests.trust.hostile import DIRT, HIDDEN, VOICE


@pytest.mark.parametrize("name", sorted(HIDDEN))
def test_a_report_hides_nothing(name: str) -> None:
    data = data_of(4)
    data["trials"][0]["reason"] = f"x{HIDDEN[name]}y"
    data["message"] = f"x{HIDDEN[name]}y"
    for text in (render_page(data), trials_csv(data)):
        assert not has_invisible(text)


def test_answers_over_http_are_json_that_hides_and_loses_nothing() -> None:
    body = bytes(Json({"a": DIRT}).body).decode()
    assert not has_invisible(body) and json.loads(body) == {"a": DIRT}
    refused = bytes(Refusal(400, "x", f"no {DIRT}").response().body).decode()
    assert not has_invisible(refused)
    with pytest.raises(ValueError, match="JSON compliant"):
        Json({"a": float("nan")})


def test_a_refusal_over_http_keeps_a_skills_words_apart() -> None:
    error = SpecError(f"train.mode cannot be b{DIRT}.")
    error.skill, error.skill_says = "odd", (f"{VOICE}\n{DIRT}",)
    found = json.loads(bytes(explain(Request({"type": "http"}), error).body))["error"]
    assert VOICE not in found["message"] and not has_invisible(found["message"])
    assert found["from_skill"]["skill"] == "odd" and found["from_skill"]["text"].startswith(VOICE)
