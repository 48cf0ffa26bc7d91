"""The model hub before a launch: what it is asked, with which token, and what its answers mean."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hub import COMMIT, TOKEN, Hub, model_hub

from skillbank.errors import DataNotFoundError, PlatformError
from skillbank.storage import hub

KEY = "train.pretrained_model_path"
NAME = "owner/small-dino"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep this machine's own settings, login and cache of the hub out of the tests."""
    for name in list(os.environ):
        if name.startswith(("HF_", "HUGGING", "TRANSFORMERS_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with model_hub() as running:
        running.models[NAME] = folder
        monkeypatch.setenv("HF_ENDPOINT", f"{running.url}/")
        yield running


def test_a_model_that_is_there_and_one_that_is_not(server: Hub) -> None:
    hub.find(NAME, KEY)
    with pytest.raises(DataNotFoundError) as caught:
        hub.find("owner/smal-dino", KEY)
    said = str(caught.value)
    assert f"owner/smal-dino ({KEY}) is no file or folder here and the model hub {server.url}" in said
    assert "(did you mean 'owner/small-dino'?)" in said and "set HF_TOKEN" in said


@pytest.mark.parametrize("name", ["Owner/Small-Dino", "ovner/small-dino", "owner/small_dino"])
def test_near_names_are_found_by_owner_or_by_name(server: Hub, name: str) -> None:
    with pytest.raises(DataNotFoundError, match=r"did you mean 'owner/small-dino'"):
        hub.find(name, KEY)


def test_a_folder_called_nearly_so_is_offered(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "finetuned").mkdir(parents=True)
    with pytest.raises(DataNotFoundError, match=r"did you mean 'models/finetuned'"):
        hub.find("models/finetund", KEY)


def test_nothing_near_is_said_where_nothing_is_near(server: Hub) -> None:
    with pytest.raises(DataNotFoundError) as caught:
        hub.find("somebody/else", KEY)
    assert "did you mean" not in str(caught.value)


def test_a_private_model_is_shown_to_its_token_alone(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    server.private.add(NAME)
    with pytest.raises(DataNotFoundError, match="does not show it to you"):
        hub.find(NAME, KEY)
    monkeypatch.setenv("HF_TOKEN", f" {TOKEN}\n")
    hub.find(NAME, KEY)
    with pytest.raises(DataNotFoundError, match="what HF_TOKEN may read"):
        hub.find("owner/nothing", KEY)
    monkeypatch.setenv("HF_TOKEN", "hf_expired4711")
    with pytest.raises(DataNotFoundError, match="does not take the token") as caught:
        hub.find(NAME, KEY)
    assert "4711" not in str(caught.value)
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    with pytest.raises(DataNotFoundError, match="does not show it to you"):
        hub.find(NAME, KEY)


def test_a_login_counts_for_jobs_of_this_machine(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.private.add(NAME)
    login = tmp_path / ".cache" / "huggingface" / "token"
    login.parent.mkdir(parents=True)
    login.write_text(f"{TOKEN}\n")
    hub.find(NAME, KEY)
    with pytest.raises(DataNotFoundError, match="set HF_TOKEN"):
        hub.find(NAME, KEY, logged_in=False)
    other = tmp_path / "other"
    other.write_text("")
    monkeypatch.setenv("HF_TOKEN_PATH", str(other))
    with pytest.raises(DataNotFoundError):
        hub.find(NAME, KEY)


def test_a_gated_model_is_seen_by_all_and_given_to_some(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    server.gated.add(NAME)
    with pytest.raises(DataNotFoundError, match=f"accept them at {server.url}/{NAME}"):
        hub.find(NAME, KEY)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.find(NAME, KEY)


def test_the_token_follows_a_renamed_model_but_to_no_other_host(
    server: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    server.private.add(NAME)
    server.moved["owner/old-dino"] = NAME
    hub.find("owner/old-dino", KEY)
    assert {request.token for request in server.requests} == {TOKEN}
    with model_hub() as elsewhere:
        elsewhere.models[NAME] = tmp_path
        for host in ("127.0.0.1", "localhost"):
            port = elsewhere.url.rpartition(":")[2]
            server.moved["owner/gone-dino"] = f"http://{host}:{port}/api/models/{NAME}"
            hub.find("owner/gone-dino", KEY)
        assert elsewhere.requests and {request.token for request in elsewhere.requests} == {""}


def test_a_model_that_moves_round_and_round(server: Hub) -> None:
    server.moved |= {"owner/a": "owner/b", "owner/b": "owner/a"}
    with pytest.raises(PlatformError, match="cannot be asked"):
        hub.find("owner/a", KEY)


@pytest.mark.parametrize("fault", ["500", "502", "429", "400"])
def test_a_hub_that_is_out_of_order(server: Hub, fault: str) -> None:
    server.fault = fault
    with pytest.raises(PlatformError, match=f"answers {fault} for {NAME}.*download the model"):
        hub.find(NAME, KEY)


@pytest.mark.parametrize("fault", ["hang", "busy", "trickle"])
def test_a_slow_hub_is_not_waited_for(server: Hub, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_SECONDS", 0.2)
    server.fault = fault
    start = time.monotonic()
    if fault == "trickle":
        hub.find(NAME, KEY)  # it said that the model is there
    else:
        with pytest.raises(PlatformError, match=r"cannot be asked|answers 429"):
            hub.find(NAME, KEY)
    assert time.monotonic() - start < 30, "a minute of silence, an hour's Retry-After, an endless answer"


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:9", "huggingface.co", "ftp://host", "http://", "http://no-such-host.invalid"],
)
def test_a_hub_that_is_not_there(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(PlatformError, match=f"{endpoint.rstrip('/')} cannot be asked for {NAME}"):
        hub.find(NAME, KEY)


def test_secrets_of_the_address_stay_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://me:passw0rd4711@127.0.0.1:9")
    with pytest.raises(PlatformError, match="cannot be asked") as caught:
        hub.find(NAME, KEY)
    assert "passw0rd4711" not in str(caught.value)


def test_a_proxy_is_used_as_programs_use_it(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("http_proxy", server.url)
    hub.find(NAME, KEY)
    assert server.asked(f"http://hub.invalid/api/models/{NAME}")
    monkeypatch.setenv("no_proxy", "hub.invalid")
    with pytest.raises(PlatformError, match="cannot be asked"):
        hub.find(NAME, KEY)


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_asks_nothing(server: Hub, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(PlatformError, match="forbids to ask; download"):
        hub.find(NAME, KEY)
    assert not server.requests


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, ".cache/huggingface/hub"),
        ({"XDG_CACHE_HOME": "$HOME/x"}, "x/huggingface/hub"),
        ({"HF_HOME": "~/h", "XDG_CACHE_HOME": "/nowhere"}, "h/hub"),
        ({"HUGGINGFACE_HUB_CACHE": "~/old", "HF_HOME": "/nowhere"}, "old"),
        ({"HF_HUB_CACHE": "~/c", "HF_HOME": "/nowhere"}, "c"),
    ],
)
def test_what_was_fetched_before_lies_where_programs_look(
    tmp_path: Path, variables: dict[str, str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("$HOME", str(tmp_path)))
    assert not hub.cached(NAME) and hub.revision(NAME) is None
    write_cached(tmp_path / place)
    assert hub.cached(NAME) and not hub.cached("owner/other")
    assert hub.revision(NAME) == COMMIT


def test_a_download_that_broke_off_is_not_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshot = write_cached(tmp_path)
    weights = snapshot / "model.safetensors"
    weights.unlink()
    assert not hub.cached(NAME), "the configuration came, the weights did not"
    weights.symlink_to(tmp_path / "blob-that-was-deleted")
    assert not hub.cached(NAME)
    parts = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = {"weight_map": {"a": parts[0], "b": parts[1]}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index))
    (snapshot / parts[0]).write_text("weights")
    assert not hub.cached(NAME), "one part of two"
    (snapshot / parts[1]).write_text("weights")
    assert hub.cached(NAME)
    (tmp_path / "models--owner--small-dino" / "refs" / "main").unlink()
    assert not hub.cached(NAME), "programs do not find it without"


def write_cached(cache: Path) -> Path:
    """Write a fetched model as huggingface_hub leaves it; return the folder of its files."""
    folder = cache / "models--owner--small-dino"
    snapshot = folder / "snapshots" / COMMIT
    for path, text in (
        (folder / "refs" / "main", COMMIT),
        (snapshot / "config.json", "{}"),
        (snapshot / "model.safetensors", "weights"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return snapshot
