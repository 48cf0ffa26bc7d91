"""Models of the hub: fetched from one that answers, taken from the cache or refused where none does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillbank.errors import DataError
from skillbank.labelling.batch import Labels, label_pictures
from skillbank.runtime import Runtime
from tests.hub import Hub, model_hub, save_model
from tests.labelling.models import write_picture

pytestmark = pytest.mark.slow
NAME = "owner/tiny"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    save_model(tmp_path / "saved")
    with model_hub(**{NAME: tmp_path / "saved"}) as running:
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE", "HF_HUB_ETAG_TIMEOUT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**running.environment, "HF_HOME": str(tmp_path / "hub")}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
        yield running


def labelled(folder: Path, output: str) -> Labels:
    picture = write_picture(folder / "a.png")
    with Runtime() as runtime:
        return label_pictures(
            runtime,
            [picture],
            ["red circle"],
            model=NAME,
            output=folder / output,
            kinds=["json"],
            threshold=0,
        )


def test_a_model_in_the_cache_is_used_where_the_hub_is_out_of_reach(hub: Hub, tmp_path: Path) -> None:
    first = labelled(tmp_path, "first")
    assert first.pictures[0].findings
    for fault in ("hang", "500", "busy"):
        hub.fault = fault
        hub.requests.clear()
        assert labelled(tmp_path, fault).pictures == first.pictures, fault
        # The one that found out; nothing else waits for a hub that does not answer.
        assert len(hub.requests) == 1, fault


@pytest.mark.parametrize(("fault", "said"), [("hang", "does not answer, and"), ("503", "answers 503 for")])
def test_a_model_that_cannot_be_had_is_said_after_one_question(
    hub: Hub, tmp_path: Path, fault: str, said: str
) -> None:
    hub.fault = fault
    with pytest.raises(DataError, match=f"The model hub {hub.url} {said} {NAME}.* not in its cache; give a"):
        labelled(tmp_path, "labels")
    assert len(hub.requests) == 1


def test_a_model_that_the_hub_does_not_have(hub: Hub, tmp_path: Path) -> None:
    hub.models.clear()
    with pytest.raises(DataError, match=f"answers 401 for {NAME}, which is not in its cache"):
        labelled(tmp_path, "labels")
