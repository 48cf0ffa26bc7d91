"""The files below deploy/: what they name is there, and their fields are Kubernetes's and the settings'."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.team_server.serving import Serving, read_serving

DEPLOY = Path(__file__).parents[2] / "deploy"
POSTGRES = {"database_url": "postgresql://skillbank:x@postgres/skillbank"}


def documents() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))


class Answer:
    def __init__(self, document: Any) -> None:
        self.data = json.dumps(document)


@pytest.mark.parametrize(
    "document", documents(), ids=lambda each: f"{each['kind']}-{each['metadata']['name']}"
)
def test_every_field_is_one_of_kubernetes(document: dict[str, Any]) -> None:
    client = pytest.importorskip("kubernetes.client")
    api = client.ApiClient()
    found = api.deserialize(Answer(document), f"V1{document['kind']}")
    assert api.sanitize_for_serialization(found) == document, "what Kubernetes does not know would be lost"


def test_the_settings_can_be_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    assert read_serving(DEPLOY / "serve.yaml", POSTGRES).processes == 2
    [config] = [each for each in documents() if each["kind"] == "ConfigMap"]
    file = tmp_path / "serve.yaml"
    file.write_text(config["data"]["serve.yaml"])
    assert isinstance(read_serving(file, POSTGRES), Serving)


def test_compose_starts_the_server_with_its_database() -> None:
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    server = told["services"]["server"]
    assert (DEPLOY / server["build"]["context"] / server["build"]["dockerfile"]).is_file()
    assert set(server["depends_on"]) == {"postgres"}
    named = {volume.split(":")[0] for each in told["services"].values() for volume in each["volumes"]}
    assert {name for name in named if not name.startswith(".")} == set(told["volumes"])
    assert (DEPLOY / "serve.yaml").is_file() and "./serve.yaml" in named


REPO = DEPLOY.parent
DOCKERFILES = [DEPLOY / "Dockerfile", REPO / "engine-image" / "Dockerfile"]


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda each: each.parent.name)
def test_a_dockerfile_begins_and_goes_on_as_docker_reads_it(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    told = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    words = [word for word, _ in told]
    assert set(words) <= {
        "ARG",
        "FROM",
        "COPY",
        "RUN",
        "ENV",
        "LABEL",
        "USER",
        "EXPOSE",
        "ENTRYPOINT",
        "CMD",
        "WORKDIR",
    }
    assert words[:2] == ["ARG", "FROM"], "only an ARG may stand before the first stage"
    name, _, default = told[0][1].partition("=")
    bases = [rest for word, rest in told if word == "FROM"]
    assert default and bases[0] == f"${{{name}}} AS build" and bases[-1] == f"${{{name}}}"
    copies = [rest for word, rest in told if word == "COPY"]
    assert copies[0] == ". /src" and copies[1].startswith("--from=build ")
    # Comments that Docker would take for directives of its parser.
    assert not any(line.replace(" ", "").startswith(("#syntax=", "#escape=")) for line in lines)


def given_to_a_build(file: Path, target: Path) -> None:
    """Copy just the files that the ignore file of a Dockerfile lets into its build."""
    rules = file.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert rules[0] == "*" and rules[-1] == "**/__pycache__"
    for rule in rules[1:-1]:
        source, copy = REPO / rule.removeprefix("!"), target / rule.removeprefix("!")
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)


@pytest.mark.slow
@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda each: each.parent.name)
def test_what_a_build_is_given_is_enough_to_install(file: Path, tmp_path: Path) -> None:
    """The wheel is built of just the files that the ignore file lets into the build."""
    given_to_a_build(file, tmp_path / "src")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "out")]
    subprocess.run(command, cwd=tmp_path / "src", check=True, capture_output=True, timeout=300)
    [wheel] = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert {"skillbank/cli/serve.py", "skillbank/web/page/index.html"} <= names
