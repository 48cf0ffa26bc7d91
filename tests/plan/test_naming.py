"""What a request names holds from anywhere: paths, jobs where a model could stand, names on the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skillbank.bank.skill import Skill
from skillbank.errors import ConflictError, UsageError
from skillbank.plan.naming import resolve
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.storage.uri import parse_uri
from tests.plan.conftest import MakeSkill

WHOLE = "train.pretrained_model_path"
JOBS = {"last:train": "gd-train-1", "gd-train-1": "gd-train-1", "gd-train-2": "gd-train-2"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def resolved(skill: Skill, action: str = "train", **fields: Any) -> Request:
    settings = tuple(Setting(key=k, value=v) for k, v in fields.pop("settings", {}).items())
    return resolve(Request(skill=skill.name, action=action, settings=settings, **fields), skill, JOBS.get)


def test_local_places_become_absolute(grounding_dino: Skill, here: Path) -> None:
    data = (
        DataLocation(source="train_datasets", uri="d"),
        DataLocation(source="eval_dataset", uri="s3://b/x"),
    )
    request = resolved(
        grounding_dino, data=data, pretrained="w/a.pth",
        settings={"model.pretrained_backbone_path": "b.pth", "model.backbone": "resnet_50"},
    )  # fmt: skip
    assert [d.uri for d in request.data] == [str(here / "d"), "s3://b/x"]
    assert request.pretrained == str(here / "w" / "a.pth")
    assert {s.key: s.value for s in request.settings} == {
        "model.pretrained_backbone_path": str(here / "b.pth"), "model.backbone": "resnet_50",
    }  # fmt: skip


def test_a_home_that_there_is_not_is_a_folder_called_so(grounding_dino: Skill, here: Path) -> None:
    data = (DataLocation(source="train_datasets", uri="~nobody-here/d"),)
    request = resolved(
        grounding_dino, data=data, pretrained="~nobody-here/a.pth", results_root="~nobody-here/r",
        settings={"model.pretrained_backbone_path": "~nobody-here/b.pth"},
    )  # fmt: skip
    assert request.data[0].uri == str(here / "~nobody-here" / "d")
    assert request.pretrained == str(here / "~nobody-here" / "a.pth")
    assert request.results_root == str(here / "~nobody-here" / "r")
    assert request.settings[0].value == str(here / "~nobody-here" / "b.pth")


def test_descriptions_are_no_places(grounding_dino: Skill, here: Path) -> None:
    request = resolved(
        grounding_dino, "inference", settings={"dataset.infer_data_sources.captions": ["bold"]}
    )
    assert request.settings[0].value == ["bold"]


def test_short_names_hold_in_every_variant(make_skill: MakeSkill, here: Path) -> None:
    action = {"command": "toy train", "inputs": {"train.start": {"type": "file"}}}
    skill = make_skill(
        info={"spec_shorthand_keys": {"start": "train.start"}},
        overlay={"actions": {"train": action}, "spec_shorthand_keys": {"go_on": "train.start"}},
    )
    variant = next(a.variant for a in skill.actions if a.variant is not None)
    for name in ("start", "go_on"):
        assert resolved(skill, variant=variant, settings={name: "a.pth"}).settings[0] == Setting(
            key=name, value=str(here / "a.pth")
        )


@pytest.mark.parametrize("said", ["last:train", "gd-train-1"])
def test_a_job_where_a_model_could_stand_is_the_parent(grounding_dino: Skill, here: Path, said: str) -> None:
    by_option = resolved(grounding_dino, pretrained=said)
    assert (by_option.parent, by_option.pretrained) == ("gd-train-1", None)
    by_key = resolved(grounding_dino, settings={WHOLE: said})
    assert (by_key.parent, by_key.settings[0].value) == ("gd-train-1", "{parent_model}")
    evaluated = resolved(grounding_dino, "evaluate", settings={"evaluate.checkpoint": said})
    assert (evaluated.parent, evaluated.settings[0].value) == ("gd-train-1", "{parent_model}")


def test_a_file_of_that_name_comes_first(grounding_dino: Skill, here: Path) -> None:
    (here / "gd-train-1").touch()
    request = resolved(grounding_dino, pretrained="gd-train-1")
    assert (request.parent, request.pretrained) == (None, str(here / "gd-train-1"))


def test_the_same_job_twice_is_one_and_two_jobs_are_refused(grounding_dino: Skill, here: Path) -> None:
    assert resolved(grounding_dino, parent="last:train", pretrained="gd-train-1").parent == "gd-train-1"
    with pytest.raises(ConflictError, match="gd-train-1 and gd-train-2"):
        resolved(grounding_dino, parent="gd-train-1", settings={WHOLE: "gd-train-2"})


@pytest.mark.parametrize("said", ["none", "None", "scratch", "nothing", "from scratch"])
def test_scratch_in_other_words(grounding_dino: Skill, here: Path, said: str) -> None:
    assert resolved(grounding_dino, pretrained=said).pretrained == "none"


def test_names_on_the_hub_stay_where_the_input_takes_them(grounding_dino: Skill, here: Path) -> None:
    assert resolved(grounding_dino, pretrained="a/b").pretrained == "a/b"
    assert resolved(grounding_dino, settings={WHOLE: "a/b"}).settings[0].value == "a/b"
    backbone = resolved(grounding_dino, settings={"model.pretrained_backbone_path": "a/b"})
    assert backbone.settings[0].value == str(here / "a" / "b")


@pytest.mark.parametrize(
    "address",
    [
        "https://s3cret@host.org/x.pth",
        "https://ann:s3cret@host.org/x.pth",
        "https://ann:s3/cret@host.org/x.pth",
        "s3://AKIA:s3cret@bucket/x.pth",
    ],
)
@pytest.mark.parametrize("slot", ["data", "pretrained", "results_root", "setting", "list"])
def test_an_address_with_a_password_or_a_token_stands_in_no_plan(
    grounding_dino: Skill, slot: str, address: str
) -> None:
    said: dict[str, dict[str, Any]] = {
        "data": {"data": (DataLocation(source="train_datasets", uri=address),)},
        "setting": {"settings": {"model.pretrained_backbone_path": address}},
        "list": {"settings": {"dataset.train_data_sources": [{"image_dir": address}]}},
    }
    with pytest.raises(UsageError, match="a user, a password or a token") as caught:
        resolved(grounding_dino, **said.get(slot, {slot: address}))
    assert "cret" not in str(caught.value)
    with pytest.raises(UsageError, match="a user, a password or a token"):
        parse_uri(address)


def test_a_port_and_what_stands_behind_the_host_are_no_password(grounding_dino: Skill) -> None:
    for uri in ("https://host.org:8080/a:b/x@y.zip", "s3://bucket/a:b/c@d"):
        request = resolved(grounding_dino, data=(DataLocation(source="train_datasets", uri=uri),))
        assert request.data[0].uri == uri
