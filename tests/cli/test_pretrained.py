"""What a training starts from, in every way to name it: models of the hub, jobs, files that are not there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Answer, Command
from tests.hub import TOKEN, Hub, model_hub, save_model

TRAIN = "train Grounding DINO on shapes"
WHOLE = "train.pretrained_model_path"
BACKBONE = "model.pretrained_backbone_path"
RESUME = "train.resume_training_checkpoint_path"
NAME = "owner/small-dino"
STILL = ("train.optim.lr=1e-12", "train.optim.lr_backbone=1e-12")
"""A training that moves nothing: what it leaves is what it started from."""
SMALL = ("engine.threads=1", "dataset.batch_size=4")


def settings(*pairs: str) -> list[str]:
    return [word for pair in pairs for word in ("--set", pair)]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small data set named ``shapes``."""
    from skillbank_engine.families.grounding_dino.data.shapes import write_shapes

    folder = tmp_path_factory.mktemp("work")
    write_shapes(folder / "shapes", seed=3, train=12, val=4, size=64)
    return folder


@pytest.fixture
def here(shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with the data, and none of this machine's own settings of the hub."""
    for name in list(os.environ):
        if name.startswith(("HF_", "HUGGING", "TRANSFORMERS_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub-cache"))
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "shapes").symlink_to(shapes / "shapes")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def hub(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    served = tmp_path / "served"
    served.mkdir()
    (served / "config.json").write_text("{}")
    with model_hub() as running:
        running.models[NAME] = served
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def start_of(answer: Answer) -> dict[str, Any]:
    """What is known of the weights' place."""
    places = {place["key"]: place for place in answer.document["checks"]["places"]}
    found: dict[str, Any] = places[WHOLE]
    return found


WAYS: dict[str, Callable[[str], list[str]]] = {
    "from": lambda what: [f"{TRAIN} from {what}, no HPO"],
    "starting from": lambda what: [f"{TRAIN} starting from {what}, no HPO"],
    "option": lambda what: [f"{TRAIN}, no HPO", "--pretrained", what],
    "key": lambda what: [f"{TRAIN}, no HPO", "--set", f"{WHOLE}={what}"],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_name_on_the_hub_is_asked_for_when_it_matters(inline: Command, hub: Hub, way: str) -> None:
    planned = inline("plan", *WAYS[way](NAME), "--json")
    assert planned.code == 0, planned.err
    assert planned.document["spec"]["train"]["pretrained_model_path"] == NAME
    assert (start_of(planned)["state"], start_of(planned)["kind"]) == ("unseen", "model hub")
    assert not hub.requests, "a plan asks nobody"
    assert "not looked at" in inline("plan", *WAYS[way](NAME)).out
    checked = inline("plan", *WAYS[way](NAME), "--check", "--json")
    assert (checked.code, start_of(checked)["state"]) == (0, "found")
    assert checked.document["plan_id"] == planned.document["plan_id"]
    assert hub.asked(f"/api/models/{NAME}")
    assert {"HF_ENDPOINT", "HF_TOKEN"} <= set(planned.document["env_names"]), "the job asks the same hub"


@pytest.mark.parametrize("way", WAYS)
def test_a_name_that_the_hub_lacks_starts_nothing(inline: Command, hub: Hub, way: str) -> None:
    assert inline("plan", *WAYS[way]("owner/smal-dino")).code == 0
    checked = inline("plan", *WAYS[way]("owner/smal-dino"), "--check", "--json")
    assert checked.code == 5 and start_of(checked)["state"] == "missing"
    refused = inline("run", *WAYS[way]("owner/smal-dino"), "--yes")
    assert refused.code == 5, refused.err
    assert "owner/smal-dino" in refused.err and f"did you mean '{NAME}'" in refused.err
    assert inline("jobs", "--json").document == {"jobs": []}


@pytest.mark.parametrize("fault", ["500", "unreachable", "offline"])
def test_a_hub_that_cannot_be_asked_matters_where_the_job_runs(
    inline: Command, hub: Hub, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.fault = "500"
    if fault == "unreachable":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    elif fault == "offline":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    refused = inline("run", f"{TRAIN} from {NAME}, no HPO", "--yes")
    assert refused.code == 1 and NAME in refused.err and "give its folder" in refused.err
    assert inline("jobs", "--json").document == {"jobs": []}
    assert inline("plan", f"{TRAIN} from {NAME}, no HPO", "--check").code == 1
    elsewhere = inline("plan", f"{TRAIN} from {NAME}, no HPO", "--platform", "docker", "--check", "--json")
    assert elsewhere.code == 0 and start_of(elsewhere)["state"] == "unseen"
    assert any("the job on docker asks for itself" in note for note in elsewhere.document["checks"]["notes"])


@pytest.mark.parametrize("way", WAYS)
def test_a_folder_of_that_name_wins_and_the_plan_says_where_it_is(
    inline: Command, hub: Hub, here: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / NAME).mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (here / NAME / name).write_text("{}")
    plan = inline("plan", *WAYS[way](NAME), "--check", "--json")
    assert plan.code == 0
    assert plan.document["spec"]["train"]["pretrained_model_path"] == str(here / NAME)
    assert (start_of(plan)["state"], start_of(plan)["kind"]) == ("found", "folder")
    assert len(plan.document["spec"]["dataset"]["train_data_sources"]) == 1, "it is no second data set"
    assert not hub.requests
    assert "HF_TOKEN" not in plan.document["env_names"]


NOT_THERE = {
    "nowhere": ("/nope/x.pth", "/nope/x.pth"),
    "near": ("./weights/swint.pht", "did you mean '{here}/weights/swint.pth'"),
    "folder": ("weigths/swint.pth", "did you mean '{here}/weights'"),
    "inside a file": ("weights/swint.pth/x.pth", "{here}/weights/swint.pth is a file"),
    "broken link": ("weights/link.pth", "{here}/weights/link.pth"),
    "home": ("~/none/x.pth", "{home}/none"),
    "absolute": ("{here}/weights/none.pth", "{here}/weights/none.pth"),
}
WORDS = ("starting from", "from")
KEYS = ("option", *(f"key {key}" for key in (WHOLE, BACKBONE, RESUME)), *WORDS)


@pytest.mark.parametrize(
    ("case", "door"), [pair for pair in product(NOT_THERE, KEYS) if pair != ("near", "from")]
)
def test_what_is_named_and_not_there_is_refused_at_once(
    inline: Command, here: Path, tmp_path: Path, case: str, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (here / "weights").mkdir()
    (here / "weights" / "swint.pth").touch()
    (here / "weights" / "link.pth").symlink_to(here / "gone.pth")
    given, said = (text.format(here=here, home=tmp_path) for text in NOT_THERE[case])
    arguments = [f"{TRAIN} {door} {given}, no HPO" if door in WORDS else f"{TRAIN}, no HPO"]
    arguments += ["--pretrained", given] if door == "option" else []
    arguments += ["--set", f"{door[4:]}={given}"] if door.startswith("key") else []
    planned = inline("plan", *arguments, "--json")
    assert planned.code == 5, planned.out
    [problem] = planned.document["checks"]["problems"]
    assert said in problem
    refused = inline("run", *arguments, "--yes")
    assert refused.code == 5 and said in refused.err and refused.err.count("\n") == 1
    assert inline("jobs", "--json").document == {"jobs": []}


def test_a_place_that_may_be_data_or_weights_is_asked_about_with_its_near_name(
    inline: Command, here: Path
) -> None:
    (here / "weights").mkdir()
    (here / "weights" / "swint.pth").touch()
    arguments = [f"{TRAIN} from ./weights/swint.pht, no HPO"]  # no ending of weights: a folder may have it
    planned = inline("plan", *arguments, "--json")
    assert planned.code == 3, planned.out
    [question] = planned.document["questions"]
    assert "./weights/swint.pht" in str(question)
    assert f"did you mean '{here}/weights/swint.pth'" in str(planned.document["checks"]["problems"])
    assert inline("run", *arguments, "--yes").code in (3, 5)
    assert inline("jobs", "--json").document == {"jobs": []}


@pytest.mark.parametrize("door", ["option", f"key {BACKBONE}"])
def test_a_relative_path_is_the_one_of_the_folder_where_it_was_said(
    inline: Command, here: Path, tmp_path: Path, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "swint.pth").write_bytes(b"weights")
    arguments = ["--pretrained", "swint.pth"] if door == "option" else ["--set", f"{BACKBONE}=swint.pth"]
    data = f"train Grounding DINO on {here / 'shapes'}, no HPO"
    found = inline("plan", data, *arguments, "--json")
    assert found.code == 0 and str(here / "swint.pth") in str(found.document["spec"])
    monkeypatch.chdir(tmp_path)
    assert inline("plan", data, *arguments).code == 5


def test_a_path_that_looks_like_a_name_on_the_hub_is_said(inline: Command, hub: Hub, here: Path) -> None:
    (here / "weights").mkdir()
    (here / "weights" / "swint.pth").touch()
    plan = inline("plan", f"{TRAIN}, no HPO", "--pretrained", "weights/swint.pht", "--json")
    [note] = plan.document["checks"]["notes"]
    assert "is meant as a model of the hub" in note and "did you mean 'weights/swint.pth'" in note
    refused = inline("run", f"{TRAIN}, no HPO", "--pretrained", "weights/swint.pht", "--yes")
    assert refused.code == 5 and "did you mean 'weights/swint.pth'" in refused.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_weights_that_may_not_be_read_are_refused(inline: Command, here: Path) -> None:
    (here / "swint.pth").touch(0o000)
    refused = inline("run", f"{TRAIN}, no HPO", "--pretrained", "swint.pth", "--yes")
    assert refused.code != 0 and "cannot be read by this user" in refused.err
    (here / "closed").mkdir(0o000)
    try:
        refused = inline("run", f"{TRAIN}, no HPO", "--pretrained", "closed/swint.pth", "--yes")
        assert refused.code != 0 and "cannot be looked at" in refused.err
    finally:
        (here / "closed").chmod(0o700)


def test_a_job_that_there_is_not_is_said(inline: Command, here: Path) -> None:
    for arguments in (["--pretrained", "last:train"], ["--set", f"{WHOLE}=last:train"], ["--parent", "last"]):
        answer = inline("plan", f"{TRAIN}, no HPO", *arguments)
        assert answer.code == 5 and "there is no" in answer.err


# -- with the real engine ----------------------------------------------------------------------


@pytest.mark.slow
def test_a_private_model_of_the_hub_is_trained_from(
    inline: Command, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skillbank_engine.families.grounding_dino.checkpoint import read_checkpoint

    served = save_model(tmp_path / "model").state_dict()
    hub.models[NAME] = tmp_path / "model"
    hub.private.add(NAME)
    request = f"{TRAIN} from {NAME}, no HPO, 1 epoch"
    sizes = settings("engine.profile=full", "engine.image_size=64", "dataset.workers=0", *SMALL, *STILL)
    assert inline("run", request, *sizes, "--yes").code == 5, "not shown without the token"
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.requests.clear()
    done = inline("run", request, *sizes, "--yes", "--json")
    assert done.code == 0, done.err
    assert {r.token for r in hub.asked(f"{NAME}/resolve")} == {TOKEN}, "the job got the token, and used it"
    results = Path(done.document["results_dir"])
    file = sorted(results.glob("train/model_epoch_000*.pth"))[-1]
    trained = read_checkpoint(file, "x").detector().network.state_dict()
    for name, tensor in served.items():
        assert trained[name].sub(tensor).abs().max() < 1e-6, f"{name} is not what the hub gave"
    assert not [p for p in results.rglob("*.*") if p.is_file() and TOKEN.encode() in p.read_bytes()]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offline = inline("plan", request, "--check", "--json")
    assert (offline.code, start_of(offline)["state"]) == (0, "found"), "it is cached now"


@pytest.fixture(scope="module")
def family(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Commands in a home with a small training of two epochs in sizes of its own, and its export."""
    home = tmp_path_factory.mktemp("family")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SKILLBANK_") and k != "COLUMNS"}

    def run(*arguments: str) -> Answer:
        command = [sys.executable, "-m", "skillbank", *arguments]
        env = {**kept, "SKILLBANK_HOME": str(home)}
        done = subprocess.run(command, env=env, cwd=shapes, capture_output=True, text=True, check=False)
        return Answer(done.returncode, done.stdout, done.stderr)

    trained = run(
        "run", f"{TRAIN}, no HPO, 2 epochs",
        *settings("engine.profile=small", "engine.image_size=96", "model.hidden_dim=32", *SMALL),
        "--yes", "--json",
    )  # fmt: skip
    assert trained.code == 0, trained.err
    exported = run("run", "export Grounding DINO from last:train", "--yes", "--json")
    assert exported.code == 0, exported.err
    return run


def jobs_of(family: Command) -> dict[str, dict[str, Any]]:
    """The first job of each action."""
    return {job["action"]: job for job in family("jobs", "--json").document["jobs"]}


PARENTS: dict[str, Callable[[str], list[str]]] = {
    "from the last training": lambda _: ["fine-tune Grounding DINO on shapes from the last training, no HPO"],
    "starting from last:train": lambda _: [f"{TRAIN} starting from last:train, no HPO"],
    "the model of job J": lambda job: [f"{TRAIN} from the model of job {job}, no HPO"],
    "--parent": lambda job: [f"{TRAIN}, no HPO", "--parent", job],
    "--pretrained": lambda job: [f"{TRAIN}, no HPO", "--pretrained", job],
    "--pretrained last": lambda _: [f"{TRAIN}, no HPO", "--pretrained", "last:train"],
    "--set last": lambda _: [f"{TRAIN}, no HPO", "--set", f"{WHOLE}=last:train"],
}


@pytest.mark.slow
def test_a_training_starts_from_its_parent_in_every_way_to_say_it(family: Command) -> None:
    from skillbank_engine.families.grounding_dino.checkpoint import read_checkpoint

    parent = jobs_of(family)["train"]
    specs = []
    for way, say in PARENTS.items():
        plan = family("plan", *say(parent["id"]), *settings(*SMALL, *STILL, "train.num_epochs=1"), "--json")
        assert plan.code == 0, f"{way}: {plan.err}"
        assert [p["job"] for p in plan.document["parents"]] == [parent["id"]], way
        assert plan.document["spec"]["train"]["pretrained_model_path"] == "{parent_model}", way
        assert not plan.document["spec"]["model"]["pretrained_backbone_path"], way
        assert not plan.document["warnings"] and not plan.document["questions"], way
        specs.append(plan.document["spec"])
    assert all(spec == specs[0] for spec in specs), "one meaning, one spec"
    words = PARENTS["from the last training"](parent["id"])
    done = family("run", *words, *settings(*SMALL, *STILL, "train.num_epochs=1"), "--yes", "--json")
    assert done.code == 0, done.err
    before = Path(family("results", parent["id"], "--json").document["results_dir"])
    after = Path(done.document["results_dir"])
    assert_same_model(before, after)
    theirs = family("results", parent["id"], "--json").document["metrics"]
    assert done.document["metrics"]["val_loss"] == pytest.approx(theirs["val_loss"], rel=1e-4)
    file = sorted(after.glob("train/model_epoch_000*.pth"))[-1]
    start = yaml.safe_load((after / "train" / "experiment.yaml").read_text())["train"][
        "pretrained_model_path"
    ]
    given = read_checkpoint(Path(start), "x").weights
    for name, tensor in read_checkpoint(file, "x").weights.items():
        assert tensor.sub(given[name]).abs().max() < 1e-6, name


def assert_same_model(before: Path, after: Path) -> None:
    """The child's spec is the parent's small model in the parent's sizes."""
    parent, child = (
        yaml.safe_load((folder / "train" / "experiment.yaml").read_text()) for folder in (before, after)
    )
    assert child["engine"]["profile"] == parent["engine"]["profile"] == "small"
    assert child["engine"]["image_size"] == 96 and child["model"]["hidden_dim"] == 32
    assert child["dataset"]["workers"] == 0, "the recipe of a laptop, not eight workers"
    kept = {"pretrained_backbone_path"}
    assert {k: v for k, v in child["model"].items() if k not in kept} == {
        k: v for k, v in parent["model"].items() if k not in kept
    }


@pytest.mark.slow
def test_the_file_of_a_small_model_keeps_the_small_profile(family: Command) -> None:
    parent = jobs_of(family)["train"]
    before = Path(family("results", parent["id"], "--json").document["results_dir"])
    file = sorted(before.glob("train/model_epoch_001*.pth"))[-1]
    done = family(
        "run", f"{TRAIN}, no HPO, 1 epoch", "--pretrained", str(file), *settings(*SMALL, *STILL),
        "--yes", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert_same_model(before, Path(done.document["results_dir"]))
    theirs = family("results", parent["id"], "--json").document["metrics"]
    assert done.document["metrics"]["val_loss"] == pytest.approx(theirs["val_loss"], rel=1e-4)


@pytest.mark.slow
def test_a_parent_that_gives_nothing_is_a_question(family: Command) -> None:
    export = jobs_of(family)["export"]["id"]
    ways = [
        ["fine-tune Grounding DINO on shapes from the last export, no HPO"],
        [f"{TRAIN}, no HPO", "--parent", export],
        [f"{TRAIN}, no HPO", "--pretrained", export],
        *([f"{TRAIN}, no HPO", "--set", f"{key}={export}"] for key in (WHOLE, BACKBONE, RESUME)),
    ]
    before = len(family("jobs", "--json").document["jobs"])
    for way in ways:
        plan = family("plan", *way, "--json")
        assert plan.code == 3, way
        assert any("leaves onnx" in question["why"] for question in plan.document["questions"]), way
        assert family("run", *way, "--yes").code == 3, way
    assert len(family("jobs", "--json").document["jobs"]) == before


@pytest.mark.slow
def test_a_job_named_for_one_key_goes_there_alone(family: Command) -> None:
    train = family("plan", f"{TRAIN}, no HPO", "--set", f"{BACKBONE}=last:train", "--json").document["spec"]
    assert train["model"]["pretrained_backbone_path"] == "{parent_model}"
    assert not train["train"]["pretrained_model_path"]
    both = family(
        "plan", f"{TRAIN}, no HPO", "--pretrained", "last:train", "--set", f"{BACKBONE}=last:train", "--json"
    ).document["spec"]
    assert both["model"]["pretrained_backbone_path"] == both["train"]["pretrained_model_path"]
