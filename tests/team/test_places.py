"""Which places are there for a project: its own folders, in whatever way they are written."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbank import Request, Runtime
from skillbank.agent.toolbox import Toolbox
from skillbank.datasets.fitting import _Folder
from skillbank.errors import DataNotFoundError, SkillbankError, UsageError
from skillbank.home import home, results_root
from skillbank.labelling.models import find_model
from skillbank.labelling.pictures import find_pictures
from skillbank.labelling.words import read_file
from skillbank.plan.allowed import refuse_hidden_places_of
from skillbank.plan.model import Override, Source
from skillbank.plan.request import DataLocation, Setting
from skillbank.team.acting import acting_as
from skillbank.team.places import ALL, DataRoots, hidden, opened, places_in, refuse_hidden, serve_only
from skillbank.team_server.serving import read_serving
from tests.team.conftest import EVERY, MEMBER, Things, person

SKILL, MARK = "toy-detector", "quarzsecret"


@dataclass(frozen=True)
class Land:
    """A disk: what ``det`` has, and what is not its own, each with a place beside it that is not there."""

    mine: Path
    common: Path
    theirs: Path
    state: Path


@pytest.fixture
def land(tmp_path: Path, runtime: Runtime, pair: tuple[Things, Things]) -> Iterator[Land]:
    """Folders of two projects, and a server that knows them."""
    land = Land(tmp_path / "det", tmp_path / "common", tmp_path / "ocr", home())
    for folder in (land.mine, land.common, land.theirs):
        (folder / "in").mkdir(parents=True)
        (folder / "in" / "data.txt").write_text(MARK if folder == land.theirs else "seven")
        (folder / "model.pth").write_text("weights")
        (folder / "p.png").write_bytes(b"no picture")
    roots = {
        "det": (str(land.mine), "s3://det-data/mine"),
        "ocr": (str(land.theirs),),
        ALL: (str(land.common),),
    }
    serve_only(DataRoots(roots, runtime.jobs.store.has))
    yield land
    serve_only(None)


def foreign(land: Land, pair: tuple[Things, Things]) -> list[tuple[Path, Path]]:
    """Places that are there and not for ``det``, each with one that is not there at all."""
    _, theirs = pair
    results = results_root() / theirs.job
    (results / "train").mkdir(parents=True, exist_ok=True)
    (results / "train" / "model.pth").write_text(MARK)
    (land.state / "pictures").mkdir(exist_ok=True)
    (land.state / "pictures" / "p.png").write_bytes(b"no picture")
    return [
        (land.theirs / "in", land.theirs / "out"),
        (land.theirs / "model.pth", land.theirs / "other.pth"),
        (results, results_root() / "train-000000"),
        (results / "train" / "model.pth", results / "train" / "other.pth"),
        (land.state / "skillbank.db", land.state / "other.db"),
        (land.state / "pictures" / "p.png", land.state / "pictures" / "q.png"),
        (Path("/etc/passwd"), Path("/etc/quarz")),
        (results_root(), land.state / "quarz"),
    ]


WRITTEN: list[Callable[[Path, Land], str]] = [
    lambda place, land: str(place),
    lambda place, land: f"file://{place}",
    lambda place, land: f"FILE://localhost{place}",
    lambda place, land: f"file://{quote(str(place)).replace('e', '%65')}",
    lambda place, land: f"{land.mine}/../..{'/..' * 12}{place}",
    lambda place, land: f"{land.mine}/in/../../{os.path.relpath(place, land.mine.parent)}",
    lambda place, land: f"/{place}",
    lambda place, land: f"{place}/.",
    lambda place, land: f"/proc/self/root{place}",
    lambda place, land: os.path.relpath(place),
    lambda place, land: f" {place} ",
    lambda place, land: link_to(place, land),
]


def link_to(place: Path, land: Land) -> str:
    """Plant a link in the own folder, as somebody does who may write there."""
    link = land.mine / f"link-{abs(hash(place))}"
    if not link.is_symlink():
        link.symlink_to(place)
    return str(link)


def setting(key: str, value: Any) -> Request:
    return Request(skill=SKILL, action="train", settings=(Setting(key=key, value=value),))


def planned(runtime: Runtime, request: str | Request) -> Any:
    plans = runtime.plan(request)
    return [(runtime.check(plan), runtime.data_of(plan), runtime.keep(plan)) for plan in plans]


DOORS: dict[str, Callable[[Runtime, str], Any]] = {
    "words": lambda r, p: planned(r, f"train {SKILL} on {p}, no HPO"),
    "quoted": lambda r, p: planned(r, f'train {SKILL} on "{p}", no HPO'),
    "data": lambda r, p: planned(
        r, Request(skill=SKILL, action="train", data=(DataLocation(source="train_datasets", uri=p),))
    ),
    "from": lambda r, p: planned(r, f"evaluate {SKILL} from {p}"),
    "pretrained": lambda r, p: planned(r, Request(skill=SKILL, action="train", pretrained=p)),
    "results": lambda r, p: planned(r, Request(skill=SKILL, action="train", results_root=p)),
    "spec": lambda r, p: planned(r, setting("evaluate.checkpoint", p)),
    "spec, in a text": lambda r, p: planned(r, setting("fail", f"--load={p.strip()}")),
    "spec, in a list": lambda r, p: planned(r, setting("fail", ["a", {"b": p}])),
    "image": lambda r, p: planned(
        r, Request(skill=SKILL, action="train", image=p, platform="slurm")
    ),
    "tool": lambda r, p: Toolbox(r).call(
        "plan", {"skill": SKILL, "actions": ["train"], "data": [{"role": "train", "uri": p}]}
    ).document(),
    "tool, settings": lambda r, p: Toolbox(r).call(
        "plan",
        {
            "skill": SKILL,
            "actions": ["train"],
            "settings": [{"key": "dataset.file", "value_json": json.dumps(p)}],
        },
    ).document(),
    "label": lambda r, p: r.label(p.strip(), ["door"], output=Path.cwd() / "out"),
    "label_image": lambda r, p: Toolbox(r).call(
        "label_image", {"image": p.strip(), "descriptions": ["door"]}
    ).document(),
    "label with": lambda r, p: find_model(r, p.strip()),
    "pictures": lambda r, p: find_pictures([Path(p.strip())]),
    "descriptions": lambda r, p: read_file(Path(p.strip())),
}  # fmt: skip


def answer(runtime: Runtime, does: Callable[[Runtime, str], Any], place: str) -> str:
    """What somebody is answered, without the place that they named."""
    with acting_as(person("det"), "rest"):
        try:
            said = repr(does(runtime, place))
        except SkillbankError as error:
            said = f"{type(error).__name__}: {error.sentence}"
    said = re.sub(r"\b[0-9a-f]{64}\b", "PLAN", re.sub(r": what can be (read|written) here lies.*", "", said))
    given = {place, place.strip(), str(Path(place.strip())), str(Path(place.strip()).absolute())}
    for each in sorted(given, key=len, reverse=True):
        said = said.replace(each, "IT")
    said = re.sub(r"(\S{20,})…", lambda m: "IT" if any(g.startswith(m[1]) for g in given) else m[0], said)
    return re.sub(r"\S+ does not exist", "IT does not exist", said)  # a long name is cut off


@pytest.mark.parametrize("door", DOORS)
def test_a_foreign_place_is_answered_as_one_that_is_not_there(
    door: str, land: Land, runtime: Runtime, pair: tuple[Things, Things], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(land.mine)
    wrong = []
    for turn, (there, absent) in enumerate(foreign(land, pair)):
        for number, written in enumerate(WRITTEN):
            if (turn + number) % 3:  # of each place a third of the ways, of each way a third of the places
                continue
            found, lacking = (answer(runtime, DOORS[door], written(place, land)) for place in (there, absent))
            if found != lacking or MARK in found:
                wrong.append((number, str(there), found[:300], lacking[:300]))
    assert not wrong, "\n".join(map(str, wrong))


def test_own_places_are_there_at_every_door(
    land: Land, runtime: Runtime, pair: tuple[Things, Things]
) -> None:
    own = results_root() / pair[0].job
    (own / "model.pth").write_text("weights")
    with acting_as(person("det"), "rest"):
        for place in (land.mine / "in", land.common / "in", own, own / "model.pth"):
            assert not hidden(place) and not hidden(f"file://{place}")
        assert not hidden(land.mine / "new" / "results", to_write=True)
        assert hidden(land.common / "in", to_write=True) and hidden(own, to_write=True)
        assert not hidden("s3://det-data/mine/a") and not hidden("https://example.org/a")
        [plan] = runtime.plan(f"train {SKILL} on {land.mine / 'in'}, no HPO")
        assert runtime.check(plan).passed, runtime.check(plan)
        data = DataLocation(source="eval_dataset", uri=str(land.common / "in"))
        [plan] = runtime.plan(Request(skill=SKILL, action="evaluate", data=(data,), parent=pair[0].job))
        assert plan.parents and runtime.jobs.preflight(plan)
    administers = person("ocr", EVERY)
    with acting_as(administers, "rest"):
        assert not hidden(land.mine / "in") and not hidden(own)
        assert hidden(land.state / "skillbank.db") and hidden("/etc/passwd")
    with acting_as(person("new"), "rest"), pytest.raises(DataNotFoundError) as refused:
        refuse_hidden([land.mine])
    assert str(land.common) in str(refused.value) and "project new" in str(refused.value)


@pytest.mark.parametrize(
    "place",
    ["s3://det-data/", "s3://det-data/mine2", "s3://det-data/mine/../x", "s3://other/x", "S3://det-data//",
     "s3a://other/x", "s3://", "set:signs/../../x", "set://set-amberamber/0123456789abcdef/../../results/x",
     "a\0b", "/proc/self/environ", "/proc/self/cwd/../..", "~root/x", "~", "", "."],
)  # fmt: skip
def test_what_is_nobodys_is_hidden(place: str, land: Land) -> None:
    with acting_as(person("det"), "rest"):
        assert hidden(place)


def test_results_of_others_in_a_bucket_and_in_the_cache(
    land: Land, runtime: Runtime, pair: tuple[Things, Things]
) -> None:
    with acting_as(person("det"), "rest"):
        for uri in ("s3://ocr-data/results/job/x.pth", "s3://det-data/mine/../../ocr-data/x"):
            for request in (setting("dataset.file", uri), setting("fail", uri)):
                with pytest.raises((DataNotFoundError, UsageError)):
                    runtime.plan(request)
        for root in ("s3://ocr-data/x", "set://set-amberamber/0123456789abcdef", str(land.common)):
            with pytest.raises(DataNotFoundError):
                runtime.plan(Request(skill=SKILL, action="train", results_root=root))


def test_a_link_within_a_data_set_leads_nowhere(
    land: Land, runtime: Runtime, pair: tuple[Things, Things]
) -> None:
    within = land.mine / "set"
    (within / "train").mkdir(parents=True)
    (within / "data.txt").write_text("seven")
    request = Request(
        skill=SKILL, action="train", data=(DataLocation(source="train_datasets", uri=str(within)),)
    )
    for name, target in (("a", land.theirs), ("b", land.theirs / "p.png"), ("c", land.theirs / "none")):
        link = within / "train" / name
        link.symlink_to(target)
        with acting_as(person("det", MEMBER), "rest"), pytest.raises(DataNotFoundError) as refused:
            find_pictures([within]) if name == "b.png" else list(_listed(within))
        assert f"{link} does not exist" in str(refused.value)
        link.unlink()
    (within / "train" / "d").symlink_to(land.common)
    with acting_as(person("det"), "rest"):
        assert any("/d/" in name for name, _ in _listed(within))
        assert runtime.plan(request)


def test_a_launch_looks_again(land: Land, runtime: Runtime) -> None:
    """At what was there when the plan was made, and at links that came meanwhile."""
    serve_only(None)
    with acting_as(person("det"), "rest"):
        [foreign_one] = runtime.plan(f"train {SKILL} on {land.theirs / 'in'}, no HPO")
        [own] = runtime.plan(setting("dataset.file", str(land.mine / "in" / "data.txt")))
        serve_only(DataRoots({"det": (str(land.mine),)}, runtime.jobs.store.has))
        assert runtime.jobs.preflight(own).passed
        with pytest.raises(DataNotFoundError, match="does not exist for project det"):
            runtime.jobs.preflight(foreign_one)
        (land.mine / "in" / "data.txt").unlink()
        (land.mine / "in" / "data.txt").symlink_to(land.theirs / "in" / "data.txt")
        with pytest.raises(DataNotFoundError, match="does not exist for project det"):
            runtime.jobs.preflight(own)


def test_a_list_that_the_server_made_is_there_for_its_plan(land: Land, runtime: Runtime) -> None:
    made = land.state / "lists.jsonl"
    made.write_text("{}")
    with acting_as(person("det"), "rest"):
        assert hidden(made)
        with opened(made):
            [plan] = runtime.plan(setting("dataset.file", str(made)))
            assert not hidden(made) and hidden(made, to_write=True) and hidden(land.state / "other")
        assert hidden(made)
        assert runtime.jobs.preflight(plan).passed, "as the launch of the job that it was made for"
        with pytest.raises(DataNotFoundError):
            runtime.plan(setting("dataset.file", str(made)))


def test_blanks_around_a_name_are_a_part_of_it_or_not(land: Land) -> None:
    (land.mine / "link ").symlink_to(land.theirs)
    with acting_as(person("det"), "rest"):
        assert hidden(f"{land.mine}/link ") and hidden(f" {land.theirs}")
        assert not hidden(f"{land.mine}/in ")


def test_a_name_in_an_annotation_leads_nowhere_else(land: Land) -> None:
    """A program reads what an annotation names: such a file is not used as it lies, but made anew."""
    (land.mine / "in" / "sub").mkdir()
    for name in ("a.png", "sub/b.png"):
        (land.mine / "in" / name).write_bytes(b"x")
    folder = _Folder(land.mine / "in", "image_dir")
    assert not folder.misses("a.png") and not folder.misses("sub/b.png")
    for name in (str(land.theirs / "p.png"), "../../ocr/p.png", "sub/../../../ocr/p.png"):
        assert "leads out of image_dir" in folder.misses(name)


def _listed(folder: Path) -> Any:
    from skillbank.datasets.listing import listed

    return listed(folder, 1000)


def test_everything_is_there_for_the_owner_and_without_a_server(land: Land) -> None:
    assert not hidden("/etc/passwd") and not hidden(land.state)
    serve_only(None)
    with acting_as(person("det")):
        assert not hidden("/etc/passwd")


_PARTS = st.lists(
    st.sampled_from(["..", ".", "in", "det", "ocr", "link", "", "common", "~", "home"]), max_size=9
)


@given(_PARTS, st.booleans())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_way_of_writing_leads_out(land: Land, parts: list[str], absolute: bool) -> None:
    """What is not hidden lies, when the system opens it, in one of the own folders."""
    with suppress(FileExistsError):
        (land.mine / "link").symlink_to(land.theirs)
        (land.common / "link").symlink_to(land.state)
    text = "/".join([str(land.mine) if absolute else str(land.common), *parts])
    with acting_as(person("det"), "rest"):
        if not hidden(text):
            real = Path(os.path.realpath(text))
            assert real.is_relative_to(land.mine) or real.is_relative_to(land.common)


@given(st.text(max_size=30), st.sampled_from(["/etc/passwd", "~/x", "../x", "file:///etc/x", "s3://ocr/x"]))
@settings(max_examples=200, deadline=None)
def test_a_place_is_found_within_any_value(around: str, place: str) -> None:
    for value in ({"a": [place]}, {place: 1}, [around, place], f"{around} {place}", f"--x={place} {around}"):
        assert any(place in each or each in place for each in places_in(value))


@pytest.mark.parametrize("way", ["local://{}", "simplecache::local://{}", "--data=dir://{}", "a, gs://{}"])
def test_a_scheme_without_a_host_names_this_machine(way: str, land: Land) -> None:
    with acting_as(person("det"), "rest"):
        refuse_hidden(places_in(way.format(land.mine / "in")))
        refuse_hidden(places_in([f"gs://bucket{land.theirs}", "https://example.org/etc/passwd"]))
        for place in (str(land.theirs / "in"), quote(str(land.theirs)).replace("e", "%65"), "/etc/passwd"):
            with pytest.raises(DataNotFoundError, match="does not exist for project det"):
                refuse_hidden(places_in({"dataset": [way.format(place)]}))


def test_roots_of_two_projects_have_nothing_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    (tmp_path / "alias").symlink_to(tmp_path / "a")
    for roots, said in (
        ({"a": ["data"]}, "'data' must be an absolute folder"),
        ({"a": ["/"]}, "must be an absolute folder"),
        ({"a": [f"{tmp_path}/a"], "b": [f"{tmp_path}/a/b"]}, "must not lie in one another"),
        ({"a": [f"{tmp_path}/a"], "b": [f"{tmp_path}/alias/b"]}, "must not lie in one another"),
        ({"a": ["s3://x"], "*": ["s3://x/y"]}, "must not lie in one another"),
        ({"a": [str(tmp_path)]}, "the server's own home"),
        ({"a": [f"{tmp_path}/home/results"]}, "the server's own home"),
    ):
        with pytest.raises(UsageError, match=said):
            read_serving(None, {"data_roots": roots})
    good = {"a": [f"{tmp_path}/a", f"{tmp_path}/a/b"], "b": ["s3://x/b"], "*": ["s3://x/all"]}
    assert set(read_serving(None, {"data_roots": good}).data_roots) == {"a", "b", "*"}


@pytest.mark.parametrize(
    ("source", "refused"),
    [(each, each in (Source.USER, Source.SHORTHAND, Source.DATASET_TABLE, Source.AUTOML)) for each in Source],
)
def test_values_that_a_person_said_of_a_plan_are_places(
    land: Land, pair: tuple[Things, Things], source: Source, refused: bool
) -> None:
    plan = pair[0].plan
    there = plan.model_copy(update={"overrides": (Override(key="a", value=[str(land.mine)], source=source),)})
    away = {"x": f"--data={land.theirs}/in"}
    gone = plan.model_copy(update={"overrides": (Override(key="a", value=away, source=source),)})
    with acting_as(person("det"), "rest"):
        refuse_hidden_places_of(there)
        with pytest.raises(DataNotFoundError) if refused else nullcontext():
            refuse_hidden_places_of(gone)


@pytest.mark.parametrize(
    ("field", "value", "refused"),
    [
        ("automl", {"x": "THEIRS/in"}, True),
        ("automl", {"x": "COMMON/in"}, False),
        ("image", "THEIRS/in", True),
        ("image", "registry/toy:1", False),
        ("results_root", "THEIRS/out", True),
        ("results_root", "COMMON/out", True),
        ("results_root", "MINE/out", False),
        ("results_root", None, False),
    ],
)
def test_other_places_of_a_plan(
    land: Land, pair: tuple[Things, Things], field: str, value: Any, refused: bool
) -> None:
    said = json.dumps(value)
    for name in ("mine", "common", "theirs"):
        said = said.replace(name.upper(), str(getattr(land, name)))
    plan = pair[0].plan.model_copy(update={"overrides": (), "image": "toy:1", field: json.loads(said)})
    with acting_as(person("det"), "rest"), pytest.raises(DataNotFoundError) if refused else nullcontext():
        refuse_hidden_places_of(plan)
