"""The audit on texts that were written before its rules were read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.bank.home import bank_root
from skillbank.trust.audit.report import audit

from .conftest import Writer

ROWS: list[dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "heldout.yaml").read_text(encoding="utf-8")
)
RECALL = 0.9
ADVISORY = {
    "id": "GHSA-test-test-test",
    "summary": "Reads a table as code.",
    "database_specific": {"severity": "CRITICAL"},
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "tablefast"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0.5"}]}],
        }
    ],
}


def _info(**more: Any) -> dict[str, str | bytes]:
    document: dict[str, Any] = {
        "type": "model",
        "network_arch": "tables",
        "container_image": "nvcr.io/acme/tables@sha256:" + "0" * 64,
        "actions": {"train": {"command": "tables train -e {config_path}"}},
    }
    document.update(more)
    return {"references/skill_info.yaml": yaml.safe_dump(document, allow_unicode=True)}


def _action(text: str) -> dict[str, str | bytes]:
    return _info(actions={"train": {"command": text}})


def _schema(part: dict[str, Any]) -> dict[str, str | bytes]:
    schema = {"type": "object", "properties": {"rate": {"type": "string", **part}}}
    return {"schemas/train.schema.json": json.dumps(schema)}


def _front(text: str) -> dict[str, str | bytes]:
    head = yaml.safe_dump({"name": "acme-tables", "description": text}, allow_unicode=True)
    return {"SKILL.md": f"---\n{head}---\n# Tables\n"}


def _error(pattern: str, advice: str) -> dict[str, str | bytes]:
    return _info(
        error_patterns=[{"name": "e", "pattern": pattern, "explanation": "It failed.", "advice": advice}]
    )


PLACES: dict[str, Callable[[str], dict[str, str | bytes]]] = {
    "body": lambda t: {
        "SKILL.md": f"---\nname: acme-tables\ndescription: Finds tables.\n---\n# Tables\n\n{t}\n"
    },
    "doc": lambda t: {"references/notes.md": f"# Notes\n\n{t}\n"},
    "description": _front,
    "info_description": lambda t: _info(description=t),
    "advice": lambda t: _error("loss is nan", t),
    "pattern": lambda t: _error(t, "Lower the rate."),
    "schema_description": lambda t: _schema({"description": t}),
    "schema_title": lambda t: _schema({"title": t}),
    "schema_pattern": lambda t: _schema({"pattern": t}),
    "enum": lambda t: _schema({"enum": ["sgd", t]}),
    "command": _action,
    "settle": lambda t: _info(settle={"train": t}),
    "schema_source": lambda t: _info(schema_source=t),
    "image": lambda t: _info(container_image=t),
    "env": lambda t: _info(required_credentials=[t]),
    "alias": lambda t: _info(aliases=[t]),
    "link": lambda t: _info(link=t),
    "requirements": lambda t: {"requirements.txt": t},
    "dockerfile": lambda t: {"Dockerfile": t},
    "script": lambda t: {"scripts/prepare.sh": t},
}


def is_high(row: dict[str, str], folder: Path) -> bool:
    """Say whether the audit finds something HIGH in a skill that holds a row's text at its place."""
    writer = Writer(folder / "bank")
    writer.skill(files=PLACES[row["at"]](row["text"]))
    export = folder / "osv.json"
    export.write_text(json.dumps([ADVISORY]))
    report = audit(str(writer.bank), [str(bank_root())] if row["at"] == "alias" else [], osv=str(export))
    return any(finding.level == "HIGH" for finding in report.findings)


def test_the_set_is_large_enough() -> None:
    hostile = [row["id"] for row in ROWS if row["expected"] == "HIGH"]
    assert len(hostile) >= 80
    assert len(ROWS) - len(hostile) >= 80
    assert len({row["id"] for row in ROWS}) == len(ROWS)


def test_hostile_texts_are_found(tmp_path: Path) -> None:
    hostile = [row for row in ROWS if row["expected"] == "HIGH"]
    missed = [row["id"] for row in hostile if not is_high(row, tmp_path / row["id"])]
    assert 1 - len(missed) / len(hostile) >= RECALL, (
        f"missed {len(missed)} of {len(hostile)}: {shlex.join(missed)}"
    )


@pytest.mark.parametrize("row", [r for r in ROWS if r["expected"] != "HIGH"], ids=lambda r: r["id"])
def test_honest_texts_are_not_high(row: dict[str, str], tmp_path: Path) -> None:
    assert not is_high(row, tmp_path)
