"""A toy skill that a test writes in a few lines, and the packaged skill."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml
from benchmarks.requests.answers import alone, open_with_jobs

from skillbank.bank.discovery import Library
from skillbank.bank.skill import Skill
from skillbank.facade.composition import compose
from skillbank.plan.draft import Parent
from skillbank.plan.model import ParentRef, Plan
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request, parse_data, parse_settings
from skillbank.runtime import Runtime

DATASETS = "| Action | Spec Key | Source | Files | List? |\n|---|---|---|---|---|\n"
INFERENCE = "| Action | Spec Field | Inference Function | Meaning |\n|---|---|---|---|\n"


def composed(
    runtime: Runtime,
    text: str | None,
    skill: str | None = None,
    actions: Sequence[str] | None = None,
    *,
    data: Sequence[str] = (),
    settings: Sequence[str] = (),
    **slots: Any,
) -> tuple[list[Request], list[str]]:
    """Compose requests as the command line does, from ``ROLE=URI`` and ``KEY=VALUE``."""
    return compose(
        runtime, text, skill, actions, data=parse_data(data), settings=parse_settings(settings), **slots
    )


class MakeSkill(Protocol):
    def __call__(
        self,
        *,
        datasets: str = "",
        inference: str = "",
        info: Mapping[str, Any] | None = None,
        templates: Mapping[str, Any] | None = None,
        schemas: Mapping[str, Any] | None = None,
        overlay: Mapping[str, Any] | None = None,
    ) -> Skill: ...


@pytest.fixture
def make_skill(tmp_path: Path) -> MakeSkill:
    """Write a skill ``toy``; tables are rows without their head, templates and schemas go by stem."""

    def make(
        *,
        datasets: str = "",
        inference: str = "",
        info: Mapping[str, Any] | None = None,
        templates: Mapping[str, Any] | None = None,
        schemas: Mapping[str, Any] | None = None,
        overlay: Mapping[str, Any] | None = None,
    ) -> Skill:
        root = tmp_path / "toy"
        for folder in (root / "references", root / "schemas"):
            folder.mkdir(parents=True, exist_ok=True)
        prose = "---\nname: toy\ndescription: A toy.\n---\n\n# Toy\n\n"
        if datasets:
            prose += f"{DATASETS}{datasets}\n\n"
        if inference:
            prose += f"{INFERENCE}{inference}\n\n"
        (root / "SKILL.md").write_text(prose)
        document = {"network_arch": "toy", "container_image": "registry/toy:1", **(info or {})}
        document.setdefault("actions", {"train": {"command": "toy train -e {config_path}"}})
        _yaml(root / "references" / "skill_info.yaml", document)
        if overlay is not None:
            _yaml(root / "references" / "tao-deploy-toy.skill_info.yaml", dict(overlay))
        for stem, template in (templates or {}).items():
            _yaml(root / "references" / f"spec_template_{stem}.yaml", template)
        for stem, schema in (schemas or {}).items():
            (root / "schemas" / f"{stem}.schema.json").write_text(json.dumps(schema))
        return Skill(root, "test", tmp_path)

    return make


def _yaml(file: Path, document: Any) -> None:
    file.write_text(yaml.safe_dump(document, sort_keys=False))


REQUESTS = Path(__file__).resolve().parents[1] / "requests"
"""The sets of requests, with their bank and their jobs."""


@pytest.fixture(scope="module")
def sets_bank() -> Iterator[Runtime]:
    """A runtime with the bank and the jobs that the sets of requests have."""
    with alone(), open_with_jobs(REQUESTS) as opened:
        yield opened


@pytest.fixture(scope="module")
def own_bank() -> Iterator[Runtime]:
    """A runtime with skillbank's own bank alone and jobs of each of its skills."""
    with alone(), open_with_jobs(REQUESTS / "strangers" / "twenty_second") as opened:
        yield opened


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """A runtime with a home of its own and no platform of the environment's."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path))
    monkeypatch.delenv("SKILLBANK_PLATFORM", raising=False)
    with Runtime() as opened:
        yield opened


@pytest.fixture(scope="session")
def grounding_dino() -> Skill:
    return Library().get("tao-train-grounding-dino")


class Compile(Protocol):
    def __call__(
        self,
        skill: Skill,
        action: str,
        *settings: str,
        data: tuple[str, ...] = (),
        parent: str | Parent | None = None,
        **request: Any,
    ) -> Plan: ...


@pytest.fixture(scope="session")
def compiled() -> Compile:
    """Compile like the command line: settings and data as text, a parent by the action that it ran."""

    def compile_it(
        skill: Skill,
        action: str,
        *settings: str,
        data: tuple[str, ...] = (),
        parent: str | Parent | None = None,
        **request: Any,
    ) -> Plan:
        if isinstance(parent, str):
            parent = Parent(ParentRef(job="job-1", action=parent, skill=skill.name))
        asked = Request(
            skill=skill.name,
            action=action,
            settings=parse_settings(settings),
            data=parse_data(data),
            **request,
        )
        return compile_plan(skill, asked, "docker", parent)

    return compile_it
