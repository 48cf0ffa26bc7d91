"""One bad skill in a bank: the others are listed, found, checked and planned as if it were not there."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbank.bank import files
from skillbank.bank.discovery import Bank, Library
from skillbank.bank.files import MAX_BYTES, MAX_FILES
from skillbank.bank.folder import MAX_READ
from skillbank.bank.lint import lint_bank
from skillbank.bank.manifest import build_manifest
from skillbank.bank.search import SearchIndex
from skillbank.bank.skill import Skill
from skillbank.errors import SkillbankError, SkillFormatError
from skillbank.plan.description import describe_action, describe_skill
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request, parse_settings

INFO = "references/skill_info.yaml"
SCHEMA = "schemas/train.schema.json"
TEMPLATE = "references/spec_template_train.yaml"
pytestmark = pytest.mark.slow

LONGEST_S = 8.0
"""Seconds of computing that all commands over one hostile bank together may take."""


VALID: dict[str, Any] = {
    "type": "model", "network_arch": "toy", "aliases": ["one"], "automl_enabled": True,
    "container_image": "registry/toy:1", "data_format": "coco", "gpu_spec_key": "train.num_gpus",
    "metric": {"name": "m", "direction": "max"}, "required_credentials": ["HF_TOKEN", {"name": "NGC_KEY"}],
    "actions": {
        "train": {
            "command": "toy train -e {config_path}", "mode": "config", "config_format": "yaml",
            "inputs": {"data.file": {"type": "file", "optional": True},
                       "data.dir": {"type": "folder", "optional": True, "selective": {
                           "annotation": "data.file", "format": "json", "keys": ["name"]}}},
            "outputs": {"model": {"type": "folder"}}, "one_of": [["data.file", "data.dir"]],
            "upload_excludes": ["*.tmp"],
        },
        "evaluate": {"command": "toy evaluate", "mode": "args", "args": {"a.b": "{data}"},
                     "defaults": {"data": "x"}, "inputs": ["data"]},
    },
    "data_sources": {"train": {"data.file": {"source": "train_dataset", "path": "a.json"},
                               "data.dir": {"source": "train_dataset", "path_from_format": {"coco": ["x"]}},
                               "data.map": {"source": "train_dataset", "mapping": {"a": {"path": "p"}}}}},
    "spec_params": {"train": {"train.start": "ptm", "data.url": {"link": "https://a/b"}}},
    "key_defaults": {"train.epochs": 2}, "spec_shorthand_keys": {"num_epochs": "train.epochs"},
    "spec_templates": {"train": "references/spec_template_train.yaml"},
    "settle": {"train": "toy settle"}, "schema_source": "toy schemas",
    "hardware": {"min_gpus": 1, "gpu_memory_gb": 24,
                 "batch_size": {"key": "train.batch", "by_memory_gb": {16: 2}}},
    "weights": {"suggested": ["a/b"],
                "small_profile": {"key": "train.size", "always": "s", "without_gpu": "auto"}},
    "multi_node": {"launcher": "x", "strategies": ["ddp"], "env": ["RANK"]},
    "unsupported": [{"key": "train.batch", "value": 7, "reason": "no"}],
    "error_patterns": [{"name": "n", "pattern": "a", "explanation": "e", "advice": "b"}],
    "backend_selection": {"defaults": {"train": "a"}},
    "backend_contracts": {"a": {"container_image": "x:1"}},
}  # fmt: skip
SPEC = {"train": {"epochs": 1, "batch": 4, "num_gpus": 1, "start": "", "size": "s", "optim": {"lr": 0.1}},
        "data": {"file": "", "dir": "", "url": ""}}  # fmt: skip


def schema_of(optim: dict[str, Any]) -> dict[str, Any]:
    """The schema of the toy's training with other entries below ``train.optim``."""

    def entry(value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return {"type": "object", "properties": {name: entry(inner) for name, inner in value.items()}}
        return {"type": {"str": "string", "int": "integer", "float": "number"}[type(value).__name__]}

    document = entry(SPEC)
    document["properties"]["train"]["properties"]["optim"]["properties"] = optim
    return document


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """A bank of a good skill and one to spoil."""
    root = tmp_path / "bank"
    for name in ("bad", "good"):
        for folder in ("references", "schemas"):
            (root / name / folder).mkdir(parents=True)
        head = f"name: {name}\ndescription: Open vocabulary detection in pictures with a toy."
        (root / name / "SKILL.md").write_text(f"---\n{head}\n---\n# A toy\n")
        (root / name / INFO).write_text(yaml.safe_dump(VALID))
        (root / name / TEMPLATE).write_text(yaml.safe_dump(SPEC))
        (root / name / SCHEMA).write_text(json.dumps(schema_of({"lr": {"type": "number"}})))
    return root


def looked_at(root: Path) -> dict[str, str]:
    """Do with a bank what the commands do, and return what was refused of each skill.

    Anything but our own errors, and anything that takes long, fails the test.
    """
    start = time.process_time()
    library = Library([root], own=False)
    refused: dict[str, str] = {}
    index = SearchIndex(library.skills)
    hits = {hit.skill.name for hit in index.search("open vocabulary detection")}
    index.close()
    for skill in library.skills:
        try:
            json.dumps(describe_skill(skill), ensure_ascii=False).encode()
            for action in skill.actions[:4]:
                json.dumps(describe_action(skill, action), ensure_ascii=False).encode()
                said = parse_settings(["train.optim.lr=0.1"]) if action.name == "train" else ()
                request = Request(skill=skill.name, action=action.name, settings=said, gpu_memory_gb=1)
                plan = compile_plan(skill, request, "docker")
                json.dumps(plan.document(), ensure_ascii=False).encode()
        except SkillbankError as error:
            refused[skill.name] = str(error)
            assert "\n" not in str(error)
    json.dumps([d.document() for _, d in library.diagnostics], ensure_ascii=False).encode()
    assert json.dumps(lint_bank(root).document(), ensure_ascii=False).encode()
    took = time.process_time() - start
    assert took < LONGEST_S, f"{took:.1f} s"
    good = [s for s in library.skills if s.name == "good"]
    assert good, "the good skill is still there"
    assert good[0].actions and "good" in hits and "good" not in refused
    assert not [d for d in good[0].diagnostics if d.severity == "error" and not d.code.startswith("bank-")]
    return refused


DOCUMENTS = ("SKILL.md", INFO, SCHEMA, TEMPLATE, "references/extra.md", "references/x.skill_info.yaml")


def a_pipe(file: Path) -> None:
    os.mkfifo(file)


def a_socket(file: Path) -> None:
    here = Path.cwd()
    os.chdir(file.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(file.name)
    finally:
        os.chdir(here)


def a_device(file: Path) -> None:
    file.symlink_to("/dev/zero")


def a_system_file(file: Path) -> None:
    file.symlink_to("/proc/self/environ")


def a_sparse_file(file: Path) -> None:
    with file.open("wb") as made:
        made.truncate(1 << 40)


def a_folder(file: Path) -> None:
    file.mkdir()


def a_link_to_itself(file: Path) -> None:
    file.symlink_to(file.name)


def a_link_to_a_pipe_of_the_bank(file: Path) -> None:
    os.mkfifo(file.parent / "queue")
    file.symlink_to("queue")


def nul_bytes(file: Path) -> None:
    file.write_bytes(b"a: \0")


def random_bytes(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 40)


def half_a_pair(file: Path) -> None:
    file.write_text('{"a": "\\ud800", "properties": {"\\udc00": {"type": "string"}}}')


def only_brackets(file: Path) -> None:
    file.write_text("[" * 200_000)


def a_million_entries(file: Path) -> None:
    file.write_text("[" + "1," * 1_000_000 + "1]")


def many_keys(file: Path) -> None:
    file.write_text("\n".join(f"k{i}: 1" for i in range(300_000)))


WAYS: tuple[Callable[[Path], None], ...] = (
    a_pipe, a_socket, a_device, a_system_file, a_sparse_file, a_folder, a_link_to_itself,
    a_link_to_a_pipe_of_the_bank, nul_bytes, random_bytes, half_a_pair, only_brackets, a_million_entries,
    many_keys,
)  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_document_that_is_none_spoils_only_its_skill(
    bank: Path, way: Callable[[Path], None], document: str
) -> None:
    file = bank / "bad" / document
    file.unlink(missing_ok=True)
    way(file)
    looked_at(bank)
    if document in ("SKILL.md", INFO):
        [bad] = [s for s in Bank(bank).skills if s.root.name == "bad"]
        assert [d for d in bad.diagnostics if d.severity == "error" and Path(document).name in d.path]


def test_files_that_nobody_parses_are_digested_or_refused(bank: Path) -> None:
    for i, way in enumerate((a_pipe, a_socket, a_device, a_folder, a_link_to_itself)):
        way(bank / "bad" / f"other{i}.bin")
    looked_at(bank)
    [bad] = [s for s in Bank(bank).skills if s.root.name == "bad"]
    assert not [name for name in bad.file_digests if name.startswith("other")]
    a_sparse_file(bank / "bad" / "large.bin")
    assert "large.bin is larger than 512 MiB" in looked_at(bank)["bad"]


def test_too_many_files_are_refused(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 200)
    many = bank / "bad" / "many"
    many.mkdir()
    for i in range(201):
        (many / f"{i}").touch()
    assert "holds more than 200 files" in looked_at(bank)["bad"]
    assert MAX_FILES >= 1000


def test_folders_that_link_in_circles_are_looked_through_once(bank: Path) -> None:
    (bank / "bad" / "up").symlink_to("..")
    (bank / "bad" / "references" / "again").symlink_to("../references")
    (bank / "bad" / "out").symlink_to("/etc")
    looked_at(bank)
    [bad] = [s for s in Bank(bank).skills if s.root.name == "bad"]
    assert not [name for name in bad.file_digests if "hosts" in name or "again" in name]
    deep = bank / "bad"
    for _ in range(40):
        deep = deep / "d"
    deep.mkdir(parents=True)
    assert "nested deeper than 32 levels" in looked_at(bank)["bad"]


def test_names_that_are_not_utf8(bank: Path) -> None:
    (Path(os.fsdecode(os.fsencode(bank / "bad") + b"/\xff\xfe.md"))).write_text("x")
    (Path(os.fsdecode(os.fsencode(bank / "bad/references") + b"/\xff.skill_info.yaml"))).write_text(
        "actions: {x: {command: a}}"
    )
    odd = Path(os.fsdecode(os.fsencode(bank) + b"/odd\xff"))
    shutil.copytree(bank / "good", odd)
    (odd / "SKILL.md").write_text("no head")
    looked_at(bank)
    skills = {s.root.name: s for s in Bank(bank).skills}
    assert "\\xff\\xfe.md" in skills["bad"].file_digests
    json.dumps(build_manifest(bank), ensure_ascii=False).encode()


def test_what_was_read_is_what_the_digest_is_of(bank: Path) -> None:
    skill = Skill(bank / "good", "b", bank)
    before, digest = skill.infos, skill.digest
    (bank / "good" / INFO).write_text("actions: {train: {command: other}}")
    with pytest.raises(SkillFormatError, match="has changed while the skill was read"):
        skill.read(bank / "good" / INFO)
    assert skill.infos is before and skill.reread().digest != digest
    late = Skill(bank / "good", "b", bank)
    _ = late.digest
    (bank / "good" / TEMPLATE).write_text("train: {}")
    template, origin = late.template(late.actions[0])
    assert not template or origin == "schema default"
    assert [d for d in late.diagnostics if "has changed while" in d.message]


def test_documents_have_a_limit_together(bank: Path) -> None:
    for i in range(3):
        (bank / "bad" / "references" / f"{i}.md").write_text("x\n" * (MAX_BYTES // 2 - 10))
    [bad] = [s for s in Bank(bank).skills if s.root.name == "bad"]
    _ = bad.dataset_table
    assert [d for d in bad.diagnostics if f"more than {MAX_READ >> 20} MiB together" in d.message]
    looked_at(bank)


SPOILT_INFO = {
    "a list as a backend": {"backend_selection": {"defaults": {"train": ["a"]}}},
    "a mapping as a backend": {"backend_selection": {"defaults": {"train": {"a": 1}}}},
    "fractions of Unicode": {"hardware": {"gpu_memory_gb": 80, "batch_size": {
        "key": "dataset.batch_size", "by_memory_gb": {"²": 1, "1.2.3": 4, "16": 2, "x": [1], "24": {}}}}},
    "numbers without end": {"hardware": {"min_gpus": 10**299, "gpu_memory_gb": float("inf")}},
    "lists in lists": {"weights": {"suggested": [["a"], {"b": 1}], "small_profile": {"key": ["a"]}}},
    "environment of lists": {"multi_node": {"env": [["a"], {"b": 1}, None]}},
    "unsupported of all kinds": {"unsupported": [1, None, ["a"], {"key": ["a"]}, {"key": "train.optim.lr",
                                 "value": {"a": 1}}]},
    "settle of lists": {"settle": {"train": ["a"], "evaluate": {"a": 1}}},
    "patterns of all kinds": {"error_patterns": [None, 1, ["a"], {"name": ["a"], "pattern": {"a": 1}}]},
    "an action of a long name": {"actions": {"a" * 5000: {"command": "x"}, "../../x": {"command": "x"}}},
    "hundreds of actions": {"actions": {f"a{i}": {"command": "x"} for i in range(300)}},
    "hundreds of axes": {"spec_templates": {f"axis{i}": {"train": "x"} for i in range(300)}},
    "hundreds of aliases": {"aliases": [f"alias {i}" * 20 for i in range(300)]},
    "hundreds of shorthands": {"spec_shorthand_keys": {f"s{i}": "a b..c" for i in range(3000)}},
    "selective of lists": {"actions": {"train": {"command": "x", "inputs": {"train.a": {
        "selective": {"annotation": ["a"], "keys": {"a": 1}, "format": [1]}}}}}},
    "functions of lists": {"spec_params": {"train": {"train.pretrained_model_path": ["parent_model"],
                                                     "model.x": {"link": [1]}}}},
}  # fmt: skip


@pytest.mark.parametrize("spoilt", SPOILT_INFO.values(), ids=SPOILT_INFO)
def test_values_of_another_type_are_said_and_not_used(bank: Path, spoilt: dict[str, Any]) -> None:
    file = bank / "bad" / INFO
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **spoilt}))
    looked_at(bank)
    [bad] = [s for s in Bank(bank).skills if s.root.name == "bad"]
    assert [d for d in bad.diagnostics if d.path == INFO], "it is said"
    assert len(bad.diagnostics) < 300


TEXTS = {
    "sexagesimal": "a: " + ":".join(["1"] * 100_000),
    "digits": f"a: {'1' * 400}",
    "half a number": f"a: {'1' * 1_000_000}x",
    "hashes that are equal": "\n".join(f"{(2**61 - 1) * i}: 1" for i in range(50_000)),
    "merges": "b: &b {x: 1}\na:\n" + "  <<: *b\n" * 40_000,
    "one key": f"{'k' * 1_000_000}: 1",
    "CRLF and a mark": "\ufeffactions:\r\n  train:\r\n    command: x\r\n",
}


@pytest.mark.parametrize("document", [INFO, TEMPLATE])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_that_take_long_elsewhere(bank: Path, text: str, document: str) -> None:
    (bank / "bad" / document).write_bytes(text.encode())
    looked_at(bank)


def nested(depth: int, word: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {word: [schema, schema] if word != "properties" else None} if word != "properties" else {
            "type": "object", "properties": {"a": schema}}  # fmt: skip
    return schema


LR = {"type": "float", "default": 0.1}
SCHEMAS: dict[str, Any] = {
    "bounds without end": {"lr": {**LR, "minimum": -(10**299), "maximum": 10**299, "multipleOf": 1e-320}},
    "bounds of odd types": {"lr": {**LR, "minimum": {"a": 1}, "maximum": [[1]], "enum": {"a": 1}}},
    "long lists": {"lr": {"type": "list", "default": [[i] for i in range(20_000)], "uniqueItems": True,
                          "enum": [[-i] for i in range(20_000)]}},
    "many types": {"lr": {"anyOf": [{"type": "string", "pattern": f"a{i}"} for i in range(10_000)]}},
    "anyOf in anyOf": {"lr": nested(12, "anyOf")},
    "allOf in allOf": {"lr": nested(12, "allOf")},
    "objects in objects": {"lr": nested(28, "properties")},
    "a pattern that explodes": {"lr": {"type": "string", "pattern": "^(a+)+$", "default": "a" * 40 + "b"}},
    "references in a circle": {"lr": {"$ref": "#/properties/lr", **LR}},
    "a long condition": {"lr": {**LR, "math_cond": "> 0 " * 100_000}},
    "digits as a condition": {"lr": {**LR, "math_cond": "> " + "1" * 1_000_000}},
    "a relation of stars": {"lr": {**LR, "relation": "<= " + "a * " * 100_000 + "a"}},
    "types of all kinds": {"lr": {"type": [["a"], {"b": 1}, None, 1]}},
}  # fmt: skip


@pytest.mark.parametrize("entry", SCHEMAS.values(), ids=SCHEMAS)
def test_schemas_that_hurt(bank: Path, entry: dict[str, Any]) -> None:
    (bank / "bad" / SCHEMA).write_text(json.dumps(schema_of(entry)))
    looked_at(bank)


def test_tables_and_links_that_hurt(bank: Path) -> None:
    file = bank / "bad" / "SKILL.md"
    rows = "\n".join("| " + ",".join(["train"] * 600) + " | a.b | s | f |" for _ in range(300))
    text = f"\n| Action | Spec Key | Source | Files |\n|---|---|---|---|\n{rows}\n"
    file.write_text(file.read_text() + text + "](" * 500_000 + "\n" + "monitoring metric" * 50_000)
    looked_at(bank)


MARKETPLACES: tuple[Any, ...] = (
    {"plugins": [{"source": ".", "skills": ["."] * 50_000}]},
    {"plugins": [{"source": "\0", "skills": ["\0", "a" * 100_000, ["x"], None, {}]}]},
    {"plugins": [[1], None, {"source": [1]}, {"skills": {"a": 1}}], "name": ["x"]},
    {"plugins": [{"source": ".", "skills": "x"}], "name": "a:b\n"},
)


@pytest.mark.parametrize("document", MARKETPLACES)
def test_a_list_of_plugins_that_hurts(bank: Path, document: Any) -> None:
    (bank / ".claude-plugin").mkdir()
    (bank / ".claude-plugin" / "marketplace.json").write_text(json.dumps(document))
    looked_at(bank)


@pytest.mark.parametrize("way", [a_pipe, a_device, a_folder, a_sparse_file, nul_bytes, half_a_pair])
@pytest.mark.parametrize("name", [".claude-plugin/marketplace.json", "versions.yaml"])
def test_files_of_the_bank_itself(bank: Path, way: Callable[[Path], None], name: str) -> None:
    file = bank / name
    file.parent.mkdir(exist_ok=True)
    way(file)
    looked_at(bank)


VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, 0, -1, 10**299, 1e308, float("inf"), float("nan"), "", "x", "²", "\u202e",
                     [], [[]], [None], {}, {"a": {"b": []}}, {1: 2}, {"": ""}, {True: [1]}]),
    st.just(datetime.date(2024, 1, 1)),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of a document."""
    if path:
        yield path
    for name, inner in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        yield from places(inner, (*path, name))


def put(node: Any, path: tuple[Any, ...], value: Any) -> None:
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value


PLACES = list(places(VALID))


@given(at=st.sampled_from(PLACES), value=VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_of_skill_info_may_be_of_any_type(bank: Path, at: tuple[Any, ...], value: Any) -> None:
    document = yaml.safe_load(yaml.safe_dump(VALID))
    put(document, at, value)
    (bank / "bad" / INFO).write_text(yaml.safe_dump(document))
    looked_at(bank)
