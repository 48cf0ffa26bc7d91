"""The document tells of each client what its test shows."""

from __future__ import annotations

import importlib
import json
import re

from tests.clients.installation import HERE
from tests.clients.registry import CLIENTS
from tests.clients.table import DOCUMENT, with_table


def test_the_document_has_the_table_of_the_tests() -> None:
    text = DOCUMENT.read_text()
    assert with_table(text) == text, "run `python -m tests.clients.table`"


def test_each_client_is_played_by_a_test_of_its_own() -> None:
    assert len({client.test for client in CLIENTS}) == len(CLIENTS)
    for client in CLIENTS:
        module, _, name = client.test.partition(".py::")
        assert callable(getattr(importlib.import_module(f"tests.clients.{module}"), name.partition("[")[0]))


def test_the_lock_names_no_host_of_packages_and_pins_what_is_wanted() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert not any("resolved" in entry for entry in lock.values())
    wanted = json.loads((HERE / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["optionalDependencies"]}.items():
        assert lock[f"node_modules/{name}"]["version"] == version.rpartition("@")[2]
    for requirements in (HERE / "python").glob("*.txt"):
        lines = requirements.read_text().splitlines()
        assert lines and all(re.match(r"[a-z0-9-]+==[\w.]+( ;|$)", line) for line in lines)
