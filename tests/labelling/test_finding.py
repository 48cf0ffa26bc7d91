"""Finding the pictures and the model that somebody means."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank import Runtime
from skillbank.errors import DataNotFoundError, JobNotFoundError, UsageError
from skillbank.labelling.batch import label_pictures
from skillbank.labelling.models import Model, find_model, hub_model
from skillbank.labelling.pictures import find_pictures, picture_names


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folders_are_searched_and_pictures_named_from_what_they_share(tmp_path: Path) -> None:
    one, two, deep = tmp_path / "one" / "b.PNG", tmp_path / "two" / "a.jpg", tmp_path / "two" / "x" / "a.jpg"
    touch(one, two, deep, tmp_path / "two" / "._a.jpg", tmp_path / "two" / "notes.txt")
    touch(tmp_path / "two" / ".hidden" / "c.jpg")
    found = find_pictures([tmp_path / "two", one, two])
    assert found == [two, deep, one], "each once, in the order given"
    assert picture_names(found) == ["two/a.jpg", "two/x/a.jpg", "one/b.PNG"]
    assert picture_names([two]) == ["a.jpg"]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=r"no picture or folder .*none"):
        find_pictures([tmp_path / "none"])
    with pytest.raises(DataNotFoundError, match="holds no picture"):
        find_pictures([tmp_path])


def test_models_are_files_folders_hub_names_or_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    file = tmp_path / "model.pth"
    touch(file)
    with Runtime() as runtime:
        assert find_model(runtime, None) == Model(hub_model(), hub_model())
        assert find_model(runtime, str(file)) == Model(str(file), "model.pth")
        assert find_model(runtime, str(tmp_path)) == Model(str(tmp_path), tmp_path.name)
        assert find_model(runtime, "owner/some-model") == Model("owner/some-model", "owner/some-model")
        for missing in ("runs/model.pth", "./model", "/no/where"):
            with pytest.raises(DataNotFoundError, match=f"no model {missing} here"):
                find_model(runtime, missing)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(DataNotFoundError, match=r"no model owner/some-model here nor in the cache"):
            find_model(runtime, "owner/some-model")
        snapshot = tmp_path / "hub" / "hub" / "models--owner--some-model" / "snapshots" / "abc"
        touch(snapshot / "model.safetensors")
        (snapshot.parents[1] / "refs").mkdir()
        (snapshot.parents[1] / "refs" / "main").write_text("abc")
        assert find_model(runtime, "owner/some-model").source == "owner/some-model"
        with pytest.raises(DataNotFoundError, match=r"did you mean '.*/model\.pth'"):
            find_model(runtime, str(tmp_path / "modle.pth"))
        (tmp_path / "latest.pth").symlink_to("gone.pth")
        with pytest.raises(DataNotFoundError, match=r"it is a link to gone\.pth, which is not there"):
            find_model(runtime, str(tmp_path / "latest.pth"))
        with pytest.raises(JobNotFoundError):
            find_model(runtime, "last:train")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kinds": ["cocoa"]}, "written as 'cocoa'.*mean 'coco'"),
        ({"threshold": 1.5}, "threshold 1.5"),
        ({"nms": -0.1}, "overlap -0.1"),
        ({"across": 1.5}, "overlap 1.5"),
    ],
)
def test_wrong_wishes_are_refused_before_anything_is_loaded(options: dict[str, object], words: str) -> None:
    with Runtime() as runtime, pytest.raises(UsageError, match=words):
        label_pictures(runtime, [Path("x.jpg")], ["x"], output=Path("labels"), **options)  # type: ignore[arg-type]


def test_annotated_copies_never_take_the_place_of_pictures(tmp_path: Path, tiny: Path) -> None:
    picture = tmp_path / "annotated" / "a.jpg"
    touch(picture)
    with Runtime() as runtime, pytest.raises(UsageError, match="holds annotated and no skillbank-labels"):
        label_pictures(runtime, [picture], ["x"], output=tmp_path, model=str(tiny))
