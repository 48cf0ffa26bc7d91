"""JSON Schemas of skillbank's own documents and tools, generated from their models into ``schemas/``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from skillbank.bank.format import ManifestDocument, SkillInfoDocument
from skillbank.jobs.record import JobRecord
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Plan
from skillbank.web.sets_documents import SetsApi

with lazy_imports():
    from skillbank.agent import catalogue

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODELS: dict[str, type[BaseModel]] = {
    "job_record": JobRecord,
    "manifest": ManifestDocument,
    "plan": Plan,
    "sets_api": SetsApi,
    "skill_info": SkillInfoDocument,
}
"""Document name, which is also the file's stem, and its model."""


def contract(name: str) -> dict[str, Any]:
    """Return the JSON Schema of one document.

    A plan as it is printed carries its ``plan_id`` beside the model's own fields.
    """
    schema = MODELS[name].model_json_schema(mode="validation")
    if "properties" not in schema:
        # A document that may hold others of its kind refers to itself; its own fields stand at the top too.
        schema = {**schema["$defs"][MODELS[name].__name__], "$defs": schema["$defs"]}
    if name == "plan":
        plan_id = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
        schema["properties"] = {**schema["properties"], "plan_id": plan_id}
    return {"$schema": DIALECT, "$id": f"{name}.schema.json", **schema}


def tools_document() -> dict[str, Any]:
    """Return the definitions of all tools of agents."""
    return {"tools": [tool.document() for tool in catalogue.TOOLS]}


def generate_contracts(folder: Path, check: bool) -> list[Path]:
    """Bring the generated files of a folder up to date and return them; with `check` only return them."""
    documents = {f"{name}.schema.json": contract(name) for name in MODELS} | {"tools.json": tools_document()}
    wanted = {
        folder / name: json.dumps(document, indent=2, sort_keys=True) + "\n"
        for name, document in documents.items()
    }
    stale = [f for f, text in wanted.items() if not f.is_file() or f.read_text(encoding="utf-8") != text]
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for file in stale:
            file.write_text(wanted[file], encoding="utf-8")
    return stale
