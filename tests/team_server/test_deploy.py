"""The files below deploy/: what they name is there, and their fields are Kubernetes's and the settings'."""

from __future__ import annotations

import json
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
