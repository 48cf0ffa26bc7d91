"""The evaluation set keeps its format, and every expected plan is one that the planner makes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from skillbank.plan.evaluation import OF_THE_PLACE

from skillbank.bank.documents import read_yaml
from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.request import DataLocation, Request, Setting, policy_word
from skillbank.runtime import Runtime

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SETS = sorted(
    folder.name for folder in HERE.iterdir() if folder.name != "bank" and any(folder.glob("*.yaml"))
)
REASONS = {"out_of_scope", "no_skill", "ambiguous", "no_action", "conflict"}
CAPTIONS = "dataset.infer_data_sources.captions"
SKILL = "tao-train-grounding-dino"
SLOTS: dict[str, Any] = {
    "skill": SKILL, "action": None, "variant": None, "policy": "auto", "route": "direct", "set": {},
    "gpus": None, "nodes": None, "captions": [], "platform": None, "data": {}, "parent": None,
    "pretrained": None, "results_root": None, "questions": [],
}  # fmt: skip
PLAIN = ("skill", "action", "variant", "gpus", "nodes", "platform", "parent", "pretrained", "results_root")
"""Slots that a request has under the same name."""
QUESTIONS = {"data.train", "data.eval", "data.inference", "parent", "automl", CAPTIONS}

Case = dict[str, Any]


@cache
def cases_of(folder: Path) -> dict[str, list[Case]]:
    """Return the cases of one set by category."""
    return {file.stem: read_yaml(file) for file in sorted(folder.glob("*.yaml"))}


def case_list(name: str) -> list[Case]:
    return [case for cases in cases_of(HERE / name).values() for case in cases]


ALL = [case for name in SETS for case in case_list(name)]
PLANNED = [case for case in ALL if "plans" in case]


def slots(plan: Mapping[str, Any], *, optional: bool) -> dict[str, Any]:
    """Return a plan with its defaults; optional entries are in it or left out."""

    def kept(entries: Mapping[str, Any]) -> dict[str, Any]:
        return {k.removesuffix("?"): v for k, v in entries.items() if optional or not k.endswith("?")}

    full = {**SLOTS, **kept(plan)}
    return full | {"set": kept(full["set"]), "data": kept(full["data"])}


def one_of(value: Any) -> Any:
    """Of several allowed values, the first."""
    return value[0] if isinstance(value, list) else value


def request_of(slot: Mapping[str, Any]) -> Request:
    settings = [Setting(key=k, value=v) for k, v in slot["set"].items()]
    if slot["captions"]:
        settings.append(Setting(key=CAPTIONS, value=[one_of(c) for c in slot["captions"]]))
    return Request(
        data=tuple(DataLocation(source=s, uri=uri) for s, uris in slot["data"].items() for uri in uris),
        settings=tuple(settings),
        automl=policy_word(one_of(slot["policy"])) if slot["action"] == "train" else None,
        **{name: one_of(slot[name]) for name in PLAIN},
    )


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder = tmp_path_factory.mktemp("requests")
    with (
        pytest.MonkeyPatch.context() as patch,
        Runtime([HERE / "bank"], database_url=f"sqlite:///{folder}/jobs.db") as runtime,
    ):
        for name in ("PLATFORM", "IMAGE"):
            patch.delenv(f"SKILLBANK_{name}", raising=False)
        for job in read_yaml(HERE / "jobs.yaml"):
            stamp = re.search(r"\d{8}-\d{6}", job["id"])
            assert stamp is not None
            record = JobRecord(
                **job,
                created=datetime.strptime(stamp[0], "%Y%m%d-%H%M%S").replace(tzinfo=UTC),
                plan_id=job["id"],
                plan={},
                platform="local",
                results_dir=str(folder),
                state=JobState.COMPLETE,
            )
            runtime.jobs.store.create(record)
        yield runtime


@pytest.mark.parametrize("name", SETS)
def test_slots_are_known(name: str) -> None:
    for case in case_list(name):
        assert set(case) <= {"id", "text", "plans", "refuse", "not_understood", "why"}, case
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", case["id"]) and case["text"].strip(), case
        assert ("plans" in case) != ("refuse" in case), case
        if "refuse" in case:
            said = case["refuse"] if isinstance(case["refuse"], list) else [case["refuse"]]
            assert said and set(said) <= REASONS, case
        for fragment in case.get("not_understood", ()):
            assert fragment.casefold() in case["text"].casefold(), case
        for plan in case.get("plans", ()):
            names = [key.removesuffix("?") for key in plan]
            assert set(names) <= set(SLOTS) and "action" in plan and len(set(names)) == len(names), case
            assert {q.removesuffix("?") for q in plan.get("questions", ())} <= QUESTIONS, case


@pytest.mark.parametrize(
    ("name", "category"), [(name, category) for name in SETS for category in cases_of(HERE / name)]
)
def test_expected_plans_compile_to_themselves(runtime: Runtime, name: str, category: str) -> None:
    for case in cases_of(HERE / name)[category]:
        for optional in {"?" in str(case.get("plans")), False}:
            expected = [slots(plan, optional=optional) for plan in case.get("plans", ())]
            plans = runtime.plan([request_of(slot) for slot in expected])
            for plan, slot in zip(plans, expected, strict=True):
                named = (slot["skill"], slot["action"], slot["variant"])
                assert (plan.skill.name, plan.action, plan.variant) == named, case
                assert plan.route.name == slot["route"], case
                asked = {q.key for q in plan.questions} - OF_THE_PLACE
                may = {q.removesuffix("?") for q in slot["questions"]}
                assert {q for q in slot["questions"] if not q.endswith("?")} <= asked <= may, case
                bound = {i.source for i in plan.inputs}
                assert set(slot["data"]) <= bound, ("data that the action does not read", case)


def test_words_of_expected_plans_come_from_the_request() -> None:
    """Locations, files, parents and captions stand in the sentence; nothing was mistyped."""
    for case in PLANNED:
        text = re.sub(r"\s+", " ", case["text"]).casefold()
        for plan in (slots(p, optional=True) for p in case["plans"]):
            said = [uri for uris in plan["data"].values() for uri in uris]
            said += [caption for caption in plan["captions"] if isinstance(caption, str)]
            said += [v for v in plan["set"].values() if isinstance(v, str) and "/" in v]
            said += [plan[k] for k in ("pretrained", "results_root") if plan[k]]
            if plan["parent"] and not plan["parent"].startswith("last"):
                said.append(plan["parent"])
            assert [s for s in said if s.casefold() not in text] == [], case


def test_ids_and_sentences_are_unique() -> None:
    assert [i for i, n in Counter(case["id"] for case in ALL).items() if n > 1] == []
    assert [t for t, n in Counter(case["text"].strip().casefold() for case in ALL).items() if n > 1] == []


def words(text: str) -> list[str]:
    """The words of a sentence without locations, ids and numbers: what two wordings are compared by."""
    text = re.sub(r"\S+://\S+|(?<!\w)[~.]{0,2}/\S+|[a-z]:\\\S+|\b[0-9a-f]{6}\b|\d+", " ", text.casefold())
    return re.findall(r"[^\W_]+", text)


def test_sets_do_not_share_sentences() -> None:
    said = {name: [(c["id"], words(c["text"])) for c in case_list(name)] for name in SETS}
    for one, two in combinations(SETS, 2):
        assert [
            (a, b) for a, ours in said[one] for b, theirs in said[two] if _likeness(ours, theirs) > 0.8
        ] == []


def _likeness(one: list[str], two: list[str]) -> float:
    """Share of word pairs in common (Dice); very short sentences are the same or not."""
    if min(len(one), len(two)) < 5:
        return float(one == two)
    first, second = set(pairwise(one)), set(pairwise(two))
    return 2 * len(first & second) / (len(first) + len(second))


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_large_enough_and_has_something_of_everything(name: str) -> None:
    categories = {category: len(cases) for category, cases in cases_of(HERE / name).items()}
    assert len(case_list(name)) >= 160
    assert categories.keys() == cases_of(HERE / "development").keys()
    assert min(categories.values()) >= 4, categories
