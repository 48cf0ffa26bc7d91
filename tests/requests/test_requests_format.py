"""The evaluation set keeps its format, and every expected plan is one that the planner makes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
from benchmarks.requests.answers import leave_out, sources_of
from benchmarks.requests.cases import DEFAULTS, REASONS
from benchmarks.requests.cases import Case as Measured
from benchmarks.requests.comparing import OF_THE_PLACE

from skillbank.bank.documents import read_yaml
from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.request import DataLocation, Request, Setting, policy_word
from skillbank.plan.weights import SCRATCH
from skillbank.runtime import Runtime
from tests.requests import SETS

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
CAPTIONS = "dataset.infer_data_sources.captions"
PLAIN = (
    "skill", "action", "variant", "gpus", "nodes", "platform", "parent", "pretrained", "results_root",
    "image",
)  # fmt: skip
"""Slots that a request has under the same name."""
QUESTIONS = {
    "data.train", "data.eval", "data.inference", "parent", "automl", "pretrained", "image", CAPTIONS,
}  # fmt: skip
CATEGORIES = {
    "ordinary", "data", "negated", "numbers", "hardware", "search", "settings", "corrections", "conditions",
    "models", "chains", "parents", "captions", "wording", "refusals",
}  # fmt: skip
"""Of the sets that have ordinary requests; the earlier ones have those of development."""

Case = dict[str, Any]


@cache
def cases_of(folder: Path) -> dict[str, list[Case]]:
    """Return the cases of one set by category."""
    return {file.stem: read_yaml(file) for file in sorted(folder.glob("*.yaml"))}


def case_list(name: str) -> list[Case]:
    return [case for cases in cases_of(HERE / name).values() for case in cases]


JOBS = [job["id"] for job in read_yaml(HERE / "jobs.yaml")]
ALL = [case for name in SETS for case in case_list(name)]
PLANNED = [case for case in ALL if "plans" in case]


def slots(plan: Mapping[str, Any], *, optional: bool) -> dict[str, Any]:
    """Return a plan with its defaults; optional entries are in it or left out."""

    def kept(entries: Mapping[str, Any]) -> dict[str, Any]:
        return {k.removesuffix("?"): v for k, v in entries.items() if optional or not k.endswith("?")}

    full = {**DEFAULTS, **kept(plan)}
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
        leave_out(runtime)
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
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", case["id"]) and case["text"].strip(), case
        read = Measured.parse(case)
        assert set(read.refuse) <= set(REASONS), case
        assert not (read.may_ask and (read.ordinary or not read.plans)), case
        assert not (read.ordinary and (read.ask or not read.plans)), case
        for plan in case.get("plans", ()):
            names = [key.removesuffix("?") for key in plan]
            assert set(names) <= set(DEFAULTS) and "action" in plan and len(set(names)) == len(names), case
            asked = {q.removesuffix("?") for q in plan.get("questions", ())}
            assert {q for q in asked if not q.startswith(f"{plan['action']}.")} <= QUESTIONS, case


@pytest.mark.parametrize(
    ("name", "category"), [(name, category) for name in SETS for category in cases_of(HERE / name)]
)
def test_expected_plans_compile_to_themselves(runtime: Runtime, name: str, category: str) -> None:
    for case in cases_of(HERE / name)[category]:
        for optional in {"?" in str(case.get("plans")), False}:
            expected = [_read(runtime, slots(p, optional=optional), p) for p in case.get("plans", ())]
            plans = runtime.plan([request_of(slot) for slot in expected])
            for plan, slot in zip(plans, expected, strict=True):
                named = (slot["skill"], slot["action"], slot["variant"])
                assert (plan.skill.name, plan.action, plan.variant) == named, case
                assert plan.route.name == slot["route"], case
                asked = {q.key for q in plan.questions} - OF_THE_PLACE
                may = {q.removesuffix("?") for q in slot["questions"]}
                needed = {q for q in slot["questions"] if not q.endswith("?")}
                assert needed <= asked and (asked <= may or {"ask", "may_ask"} & set(case)), case
                bound = {i.source for i in plan.inputs}
                assert set(slot["data"]) <= bound, ("data that the action does not read", case)


def _read(runtime: Runtime, slot: dict[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the data that may be there and that the action does not read."""
    reads = sources_of(runtime.library.get(slot["skill"]), slot["action"], slot["variant"])
    optional = {k.removesuffix("?") for k in plan.get("data", ()) if k.endswith("?")}
    return slot | {"data": {k: v for k, v in slot["data"].items() if k in reads or k not in optional}}


def test_words_of_expected_plans_come_from_the_request() -> None:
    """Locations, files, parents and captions stand in the sentence; nothing was mistyped."""
    for case in PLANNED:
        text = re.sub(r"\s+", " ", case["text"]).casefold()
        for plan in (slots(p, optional=True) for p in case["plans"]):
            said = [uri for uris in plan["data"].values() for uri in uris]
            said += [caption for caption in plan["captions"] if isinstance(caption, str)]
            said += [v for v in plan["set"].values() if isinstance(v, str) and "/" in v]
            said += [plan[k] for k in ("pretrained", "results_root") if plan[k] and plan[k] != SCRATCH]
            if (
                plan["parent"]
                and not plan["parent"].startswith("last")
                and not any(
                    job.endswith(plan["parent"])
                    for job in JOBS  # also said as "the second to last training"
                )
            ):
                said.append(plan["parent"])
            assert [s for s in said if not _stands_in(s.casefold(), text)] == [], case


def _stands_in(said: str, text: str) -> bool:
    """Whether a text has something in it, or all parts of a path that it puts together ("A, subfolder B")."""
    return said in text or ("/" in said and all(part in text for part in said.split("/")))


def test_ids_and_sentences_are_unique() -> None:
    assert [i for i, n in Counter(case["id"] for case in ALL).items() if n > 1] == []
    for name in SETS:
        said = Counter(case["text"].strip().casefold() for case in case_list(name))
        assert [t for t, n in said.items() if n > 1] == []


class Wording(NamedTuple):
    """The words of a sentence, and which follow each other."""

    words: tuple[str, ...]
    pairs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a sentence without locations, ids and numbers: what two wordings are compared by."""
        text = re.sub(r"\S+://\S+|(?<!\w)[~.]{0,2}/\S+|[a-z]:\\\S+|\b[0-9a-f]{6}\b|\d+", " ", text.casefold())
        found = re.findall(r"[^\W_]+", text)
        return cls(tuple(found), frozenset(pairwise(found)))


class Wordings:
    """The wordings of some sentences, by their pairs of words: most others share none with one."""

    def __init__(self) -> None:
        self._words: set[tuple[str, ...]] = set()
        self._sizes: list[int] = []
        self._holding: dict[tuple[str, str], list[int]] = defaultdict(list)

    def add(self, wording: Wording) -> None:
        self._words.add(wording.words)
        if len(wording.words) >= SHORT:
            for pair in wording.pairs:
                self._holding[pair].append(len(self._sizes))
            self._sizes.append(len(wording.pairs))

    def have_like(self, wording: Wording) -> bool:
        """Whether one has most word pairs in common (Dice); very short sentences are the same or not."""
        if wording.words in self._words or len(wording.words) < SHORT:
            return wording.words in self._words
        common = Counter(each for pair in wording.pairs for each in self._holding.get(pair, ()))
        return any(2 * n / (len(wording.pairs) + self._sizes[each]) > LIKE for each, n in common.items())


SHORT, LIKE = 5, 0.8
"""Words below which a sentence is very short, and the share of pairs above which two are one."""


def test_sets_do_not_share_sentences() -> None:
    """Of the sets with ordinary requests a few may: there are not many ways to say "train grounding dino"."""
    earlier = Wordings()
    for name in SETS:
        said = {case["id"]: Wording.of(case["text"]) for case in case_list(name)}
        shared = [number for number, wording in said.items() if earlier.have_like(wording)]
        assert len(shared) <= (0.05 * len(said) if _has_ordinary(name) else 0), sorted(shared)
        for wording in said.values():
            earlier.add(wording)


def _has_ordinary(name: str) -> bool:
    return "ordinary" in cases_of(HERE / name)


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_large_enough_and_has_something_of_everything(name: str) -> None:
    categories = {category: len(cases) for category, cases in cases_of(HERE / name).items()}
    assert len(case_list(name)) >= 160
    if not _has_ordinary(name):
        assert categories.keys() == cases_of(HERE / "development").keys()
        assert min(categories.values()) >= 4, categories
        return
    assert categories.keys() >= CATEGORIES
    read = [Measured.parse(case) for case in case_list(name)]
    assert 0.25 <= sum(case.ordinary for case in read) / len(read) <= 0.5
    assert sum(case.may_ask for case in read) / len(read) <= 0.12
