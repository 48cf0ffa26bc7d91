"""Each rule finds its own kind of mistake, with file and line, and our own bank has none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from skills_ref import validate
from typer.testing import CliRunner

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.home import bank_root
from skillbank.bank.lint import lint_bank

HEAD = "---\nname: toy\ndescription: A toy.\n---\n"
DATA = "| Action | Spec Key | Source | Files | List? |\n|---|---|---|---|---|\n"
FUNCTIONS = "| Action | Spec Field | Inference Function | Meaning |\n|---|---|---|---|\n"
INFO = """network_arch: toy
container_image: registry/toy:1
actions:
  train:
    command: toy train -e {config_path}
    inputs:
      data.ann:
        type: file
data_sources:
  train:
    data.ann:
      source: train_datasets
      path: a.json
spec_params:
  train:
    results_dir: output_dir
"""
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "results_dir": {"type": "string", "default": ""},
        "data": {"type": "object", "properties": {"ann": {"type": "string", "default": ""}}},
        "n": {"type": "integer", "default": 3, "minimum": 1},
    },
    "default": {"results_dir": "", "data": {"ann": ""}, "n": 3},
}
TEMPLATE = "results_dir: ''\ndata:\n  ann: ''\nn: 3\n"

Lint = Callable[[dict[str, str]], list[Diagnostic]]


@pytest.fixture
def lint(tmp_path: Path) -> Lint:
    """Lint a clean skill in which some files are replaced."""

    def run(changes: dict[str, str]) -> list[Diagnostic]:
        files = {
            "SKILL.md": HEAD,
            "references/skill_info.yaml": INFO,
            "references/spec_template_train.yaml": TEMPLATE,
            "schemas/train.schema.json": json.dumps(SCHEMA, indent=1),
            **changes,
        }
        for name, text in files.items():
            file = tmp_path / "toy" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return [d for _, d in lint_bank(tmp_path).findings]

    return run


@pytest.mark.slow
def test_our_bank_is_clean() -> None:
    report = lint_bank(bank_root())
    assert report.skills == len(list((bank_root() / "skills").iterdir()))
    assert [str(d) for _, d in report.findings] == []


def test_a_clean_skill_has_no_findings(lint: Lint) -> None:
    assert lint({}) == []


INFO_FILE, TEMPLATE_FILE, SCHEMA_FILE = (
    "references/skill_info.yaml",
    "references/spec_template_train.yaml",
    "schemas/train.schema.json",
)


@pytest.mark.parametrize(
    ("changes", "code", "severity", "place"),
    [
        (
            {"SKILL.md": HEAD.replace("---\n", "---\ntags: x\n", 1)},
            "standard-unknown-field",
            "error",
            "SKILL.md:2",
        ),
        (
            {"SKILL.md": HEAD.replace("toy\n", "toy\nmetadata: {a: b}\n", 1)},
            "standard-flow",
            "error",
            "SKILL.md:3",
        ),
        (
            {"SKILL.md": HEAD.replace("toy\n", "toy\nlicense: MIT\nlicense: MIT\n", 1)},
            "standard-duplicate",
            "error",
            "SKILL.md:4",
        ),
        (
            {"SKILL.md": HEAD.replace("toy\n", "toy\nallowed-tools: 3\n", 1)},
            "standard-type",
            "error",
            "SKILL.md:3",
        ),
        (
            {"SKILL.md": HEAD.replace("toy\n", f"toy\ncompatibility: {'x' * 501}\n", 1)},
            "standard-compatibility",
            "error",
            "SKILL.md:3",
        ),
        ({"SKILL.md": HEAD + "see [it](references/no.md)"}, "link-broken", "warning", "SKILL.md:5"),
        (
            {"SKILL.md": f"{HEAD}{DATA}| train | data.ann | train_datasets | b.json | No |"},
            "table-data",
            "warning",
            "SKILL.md:7",
        ),
        (
            {"SKILL.md": f"{HEAD}{DATA}| train | data.img | train_datasets | b.json | No |"},
            "table-data",
            "warning",
            "SKILL.md:7",
        ),
        (
            {"SKILL.md": f"{HEAD}{DATA}| fly | data.img | train_datasets | b.json | No |"},
            "table-action",
            "warning",
            "SKILL.md:7",
        ),
        (
            {"SKILL.md": f"{HEAD}{FUNCTIONS}| train | results_dir | key | x |"},
            "table-function",
            "warning",
            "SKILL.md:7",
        ),
        (
            {"SKILL.md": f"{HEAD}{FUNCTIONS}| train | data.ann | key | x |"},
            "table-function",
            "warning",
            "SKILL.md:7",
        ),
        (
            {
                INFO_FILE: INFO + "    n: key\n",
                "SKILL.md": f"{HEAD}{FUNCTIONS}| train | results_dir | output_dir | x |",
            },
            "table-function",
            "warning",
            f"{INFO_FILE}:17",
        ),
        (
            {INFO_FILE: INFO.replace("      data.ann:\n        type", "      data.img:\n        type")},
            "unknown-key",
            "warning",
            f"{INFO_FILE}:7",
        ),
        (
            {INFO_FILE: INFO.replace("      data.ann:\n        type", "      n:\n        type")},
            "unbound-input",
            "warning",
            f"{INFO_FILE}:7",
        ),
        (
            {INFO_FILE: INFO + "spec_shorthand_keys:\n  epochs: train.epochs\n"},
            "unknown-key",
            "warning",
            f"{INFO_FILE}:18",
        ),
        (
            {INFO_FILE: INFO.replace("registry/toy:1", "toys.no_such")},
            "image-unresolved",
            "error",
            f"{INFO_FILE}:2",
        ),
        ({INFO_FILE: INFO.replace("registry/toy:1", "null")}, "image-missing", "note", f"{INFO_FILE}:2"),
        (
            {INFO_FILE: INFO.replace("registry/toy:1", "a/b:1  # versions-key: images.tao_toolkit.pyt")},
            "image-stamp",
            "warning",
            f"{INFO_FILE}:2",
        ),
        (
            {INFO_FILE: INFO + "spec_templates:\n  train: ../references/no.yaml\n"},
            "template-missing",
            "error",
            f"{INFO_FILE}:18",
        ),
        ({INFO_FILE: INFO + "  broken: [\n"}, "skill-info-yaml", "error", INFO_FILE),
        (
            {INFO_FILE: INFO + "data_format: a\ndata_format: b\n"},
            "skill-info-repeated-key",
            "warning",
            f"{INFO_FILE}:18",
        ),
        ({TEMPLATE_FILE: TEMPLATE + "n: 3\n"}, "template-repeated-key", "warning", f"{TEMPLATE_FILE}:5"),
        ({TEMPLATE_FILE: "a: [\n"}, "template-yaml", "error", TEMPLATE_FILE),
        ({TEMPLATE_FILE: TEMPLATE.replace("3", "4")}, "template-differs", "warning", f"{TEMPLATE_FILE}:4"),
        ({SCHEMA_FILE: "{"}, "schema-json", "error", SCHEMA_FILE),
        ({SCHEMA_FILE: "[]"}, "schema-json", "error", SCHEMA_FILE),
        (
            {SCHEMA_FILE: json.dumps(SCHEMA, indent=1).replace(": 1", ": -Infinity")},
            "schema-infinity",
            "error",
            f"{SCHEMA_FILE}:21",
        ),
        (
            {SCHEMA_FILE: json.dumps(SCHEMA, indent=1).replace('"integer"', '"int"')},
            "schema-dialect",
            "error",
            SCHEMA_FILE,
        ),
        (
            {SCHEMA_FILE: json.dumps(SCHEMA, indent=1).replace('"minimum": 1', '"minimum": 5')},
            "schema-default",
            "error",
            SCHEMA_FILE,
        ),
    ],
)
def test_rule(lint: Lint, changes: dict[str, str], code: str, severity: str, place: str) -> None:
    found = [d for d in lint(changes) if d.code == code]
    assert found, [str(d) for d in lint(changes)]
    assert {d.severity for d in found} == {severity}
    assert f"toy/{place}" in str(found[0])


HEADS = {
    "good": HEAD,
    "tags": "---\nname: toy\ndescription: d\ntags:\n- a\n---\n",
    "no description": "---\nname: toy\n---\n",
    "no name": "---\ndescription: d\n---\n",
    "other name": "---\nname: other\ndescription: d\n---\n",
    "capitals": "---\nname: Toy\ndescription: d\n---\n",
    "double hyphen": "---\nname: to--y\ndescription: d\n---\n",
    "no head": "# toy",
    "open head": "---\nname: toy\ndescription: d\n",
    "long description": f"---\nname: toy\ndescription: {'d' * 1025}\n---\n",
    "long compatibility": f"---\nname: toy\ndescription: d\ncompatibility: {'d' * 501}\n---\n",
    "flow": "---\nname: toy\ndescription: d\nmetadata: {a: b}\n---\n",
    "twice": "---\nname: toy\nname: toy\ndescription: d\n---\n",
    "metadata": "---\nname: toy\ndescription: d\nmetadata:\n  version: 1.0\n---\n",
    "list": "---\n- name: toy\n---\n",
    "broken": "---\nname: 'toy\n---\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_standard_is_judged_as_its_validator_does(tmp_path: Path, head: str) -> None:
    skill = tmp_path / "toy"
    skill.mkdir()
    (skill / "SKILL.md").write_text(head)
    ours = [d for _, d in lint_bank(tmp_path).findings if d.code.startswith("standard-")]
    assert bool(ours) == bool(validate(skill)), (ours, validate(skill))


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    [(_, found)] = lint_bank(tmp_path).findings
    assert found.code == "bank-empty"


def test_command(tmp_path: Path, lint: Lint) -> None:
    from skillbank.cli import app

    runner = CliRunner()
    lint({})
    clean = runner.invoke(app, ["lint", str(tmp_path)])
    assert (clean.exit_code, clean.output) == (0, "1 skill, no findings\n")
    lint({SCHEMA_FILE: "{"})
    broken = runner.invoke(app, ["lint", str(tmp_path)])
    assert broken.exit_code == 1
    assert f"toy/{SCHEMA_FILE}" in broken.output
    as_json = runner.invoke(app, ["lint", str(tmp_path), "--json", "--summary"])
    document = json.loads(as_json.output)
    assert document["errors"] == 1
    assert document["coverage"]["toy"]["actions"] == 1
    table = runner.invoke(app, ["lint", str(tmp_path), "--summary"])
    assert "schema-json 1" in table.output
