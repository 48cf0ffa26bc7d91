"""No text makes the loader raise anything but skillbank's own errors, or take long."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skillbank.bank.discovery import Bank, Library
from skillbank.bank.documents import parse_json, parse_yaml, read_text
from skillbank.bank.files import MAX_BYTES
from skillbank.bank.frontmatter import parse_frontmatter
from skillbank.bank.schema import SpecSchema
from skillbank.bank.skill import Skill
from skillbank.bank.skill_info import parse_skill_info
from skillbank.bank.tables import dataset_rows, inference_rows, markdown_tables, parse_files
from skillbank.bank.values import check, coerce
from skillbank.errors import SkillbankError, SkillFormatError, SkillNotFoundError, SpecError
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request

pytestmark = pytest.mark.slow

FAST = settings(max_examples=60, deadline=None)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["train", "???", "/data/x", "<a>", "1e-5", "off", "{x}", "a.b[0]", "[", "..", "key"]),
)
NAMES = """
actions inputs data_sources spec_params train command mode config_format mapping path_from_format args
spec_templates defaults one_of key_defaults metric type source path optional list spec_shorthand_keys enum
gpu_spec_key container_image outputs hardware unsupported aliases required_credentials items properties
"""
WORDS = st.one_of(st.text(max_size=8), st.sampled_from(NAMES.split()))
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=25,
)

BOMB = "a: &a [x, x]\n" + "".join(
    f"{c}: &{c} [*{p}, *{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)


@given(st.text(max_size=300))
@example("a: [1")
@example("? [1]\n: 2")
@example("a: 2024-99-99")
@example("!!binary aGk=")
@example("!!set {a, b}")
@example("!!python/object/apply:os.system ['true']")
@example("<<: [1]")
@example("\x00")
@example("\ud800")
@example("1" * 5000)
@example("a: 0x" + "f" * 300)
@example("- " * 200)
@example("&a a")
@example(".inf: .nan")
@FAST
def test_yaml_gives_plain_data_or_our_error(text: str) -> None:
    try:
        document = parse_yaml(text, "x.yaml")
    except SkillFormatError as error:
        assert str(error).startswith("x.yaml")
        return
    json.dumps(document, default=_never)


def _never(value: object) -> None:
    raise AssertionError(f"{value!r} is nothing that JSON can hold")


@given(st.text(max_size=200))
@example("[" * 500 + "]" * 500)
@example("[" * 100_000)
@example("1" * 5000)
@example('{"a": Infinity, "b": NaN}')
@FAST
def test_json_gives_a_document_or_our_error(text: str) -> None:
    try:
        parse_json(text, "x.json")
    except SkillFormatError as error:
        assert str(error).startswith("x.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "x:9 is not valid YAML: its aliases stand for more than 20000 nodes"),
        ("a: &a [*a]", "alias .a stands inside of what it names"),
        ("a: &a {b: {<<: *a}}", "alias .a stands inside of what it names"),
        ("a: &a {b: *c}\nc: &c [*a]", "alias .c has no anchor"),
        (f"a: &a {'x' * 10**6}\nb: [{'*a, ' * 10**4}]", "stand for more than 20000 nodes"),
        (f"a: &a {{{'k' * 1000}: 1}}\nb: [{'*a, ' * 10**4}]", "stand for more than 20000 nodes"),
        ("k0: &a0 [x]\n" + "".join(f"k{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 100)), "deeper than 64"),
        ("<<: 1", "takes a mapping or a list of mappings"),
        ("a: &a 1\nb: {<<: [*a]}", "takes a mapping or a list of mappings"),
        ("[" * 100 + "]" * 100, "nested deeper than 64"),
        # libyaml may give up before it is asked for the 64th level.
        ("[" * 3000, "nested deeper than 64|is not valid YAML"),
        ("\n".join(" " * i + f"k{i}:" for i in range(100)), "nested deeper than 64"),
        ("- " * 100 + "x", "nested deeper than 64"),
        ("a: 1\nb: *a", "x:2 is not valid YAML: the alias .a has no anchor"),
        ("x" * (MAX_BYTES + 1), "larger than 4 MiB"),
        ("a: 1\n  b: 2", "x:2 is not valid YAML"),
        ("a: 1\n---\nb: 2", "several documents"),
        ("? [1]\n: 2", "a key must be a word"),
        ("a: !!binary aGk=", "tag .*binary is not read"),
        ("a: !mine {b: 1}", "tag !mine is not read"),
        ("!!int x", "'x' is no int"),
    ],
)  # fmt: skip
def test_yaml_that_would_hurt_is_refused_quickly(text: str, words: str) -> None:
    start = time.perf_counter()
    with pytest.raises(SkillFormatError, match=words):
        parse_yaml(text, "x")
    assert time.perf_counter() - start < 1


MERGES: list[tuple[str, Any]] = [
    ("a: &x {p: 1, q: [1, 2]}\nb: *x", {"a": {"p": 1, "q": [1, 2]}, "b": {"p": 1, "q": [1, 2]}}),
    ("a: &x hello\nb: [*x, *x]\n*x : 4", {"a": "hello", "b": ["hello", "hello"], "hello": 4}),
    ("a: &x 1e-5\nb: *x", {"a": 1e-5, "b": 1e-5}),
    ("a: &x ~\nb: *x", {"a": None, "b": None}),
    # Its own keys win, wherever '<<' stands.
    ("a: &x {p: 1, q: 2}\nb: {q: 3, <<: *x}", {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}),
    ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}),
    # Of several mappings the first wins, and what a merged mapping says itself wins over what it merged in.
    ("a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}",
     {"a": {"p": 1}, "b": {"p": 2, "q": 2}, "c": {"p": 1, "q": 2}}),
    ("a: &x {p: 1, r: 1}\nb: &y {<<: *x, p: 2}\nc: {<<: *y, q: 3}",
     {"a": {"p": 1, "r": 1}, "b": {"p": 2, "r": 1}, "c": {"p": 2, "r": 1, "q": 3}}),
    ("a: &x {p: 1}\nb: {<<: [{p: 0, q: 0}, *x]}", {"a": {"p": 1}, "b": {"p": 0, "q": 0}}),
    # A merge is shallow: a mapping below is replaced as a whole.
    ("a: &x {o: {p: 1, q: 1}}\nb: {<<: *x, o: {p: 2}}", {"a": {"o": {"p": 1, "q": 1}}, "b": {"o": {"p": 2}}}),
    # An anchor set again names the later value from there on.
    ("a: &x 1\nb: *x\nc: &x 2\nd: *x", {"a": 1, "b": 1, "c": 2, "d": 2}),
    ("a: &x [&x 1, *x]\nb: *x", {"a": [1, 1], "b": 1}),
    # Quoted it is a name, and so is a value.
    ("'<<': 1\nb: <<", {"<<": 1, "b": "<<"}),
    ("a: &x {}\nb: {<<: *x, c: 1}", {"a": {}, "b": {"c": 1}}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "document"), MERGES)
def test_anchors_aliases_and_merge_keys(text: str, document: Any) -> None:
    assert parse_yaml(text, "x") == document


def test_an_alias_is_a_copy_of_its_own() -> None:
    document = parse_yaml("a: &x {p: [1]}\nb: *x\nc: {<<: *x}", "x")
    document["b"]["p"].append(2)
    assert document["a"] == document["c"] == {"p": [1]}


@given(tree=TREES, names=st.lists(st.sampled_from("xyz"), min_size=3, max_size=8))
@FAST
def test_what_is_written_with_aliases_is_read_as_written_out(tree: Any, names: list[str]) -> None:
    """PyYAML writes an object that occurs again as an alias; what is read has no trace of it."""
    shared = {"list": [tree, tree], "tree": tree}
    whole = {f"{name}{i}": shared if i % 2 else [shared, tree] for i, name in enumerate(names)}

    class Copying(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    text = yaml.dump(whole, Dumper=yaml.SafeDumper)
    assert "*id" in text
    assert repr(parse_yaml(text, "x")) == repr(parse_yaml(yaml.dump(whole, Dumper=Copying), "x"))


def test_the_last_of_a_repeated_key_counts() -> None:
    assert parse_yaml("a: 1\nb: 2\na: 3", "x") == {"a": 3, "b": 2}


def test_words_that_yaml_reads_in_its_own_way() -> None:
    text = "policy: off\nlr: 1e-5\nbig: 1E+3\ndate: 2024-01-01\ntime: 12:30:00\nnone: ~\ntext: '1e-5'"
    document = parse_yaml(text, "x")
    assert document["policy"] is False
    assert (document["lr"], document["big"]) == (1e-5, 1000.0)
    assert document["date"] == "2024-01-01"
    assert document["none"] is None
    assert document["text"] == "1e-5"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.md"
    latin.write_bytes(b"caf\xe9")
    with pytest.raises(SkillFormatError, match="not UTF-8"):
        read_text(latin)
    with pytest.raises(SkillFormatError, match="cannot be read"):
        read_text(tmp_path / "missing")
    with pytest.raises(SkillFormatError, match="cannot be read"):
        read_text(tmp_path)
    marked = tmp_path / "bom.md"
    marked.write_bytes(b"\xef\xbb\xbf---\n")
    assert read_text(marked) == "---\n"


@given(st.text(max_size=300))
@example("---\nname: x\n")
@example("---\n- a\n---\n")
@example("---\nname: [\n---\n")
@example("---\nname: ok\ndescription: d\ntags: {a: 1}\nmetadata: 3\n---\nbody")
@FAST
def test_any_text_is_some_frontmatter(text: str) -> None:
    for whole in (text, f"---\n{text}\n---\nbody"):
        head, found = parse_frontmatter(whole, "folder")
        assert head.name
        assert all(d.path == "SKILL.md" for d in found)


@given(TREES)
@FAST
def test_any_head_is_read(tree: Any) -> None:
    text = yaml.safe_dump({"name": tree, "description": tree, "metadata": tree, "tags": tree})
    head, _ = parse_frontmatter(f"---\n{text}---\n", "folder")
    assert head.name
    assert isinstance(head.description, str)


CELLS = st.lists(st.text(alphabet="ab.:;,{}()[]+*|`→ /_-", max_size=20), min_size=3, max_size=6)


@given(st.lists(CELLS, max_size=5), st.booleans())
@FAST
def test_any_table_is_read(rows: list[list[str]], inference: bool) -> None:
    header = (
        "| Action | Spec Field | Inference Function |"
        if inference
        else "| Action | Spec Key | Source | Files |"
    )
    text = "\n".join([header, "|---|---|---|---|", *("| " + " | ".join(r) + " |" for r in rows)])
    for row in dataset_rows(text, "SKILL.md"):
        assert row.files.kind
    inference_rows(text, "SKILL.md")


@given(st.text(max_size=200))
@example("|" * 10_000)
@example("a|b\n" + "-|" * 3000)
@example("| a |\n|" + " -" * 3000)
@FAST
def test_any_text_has_some_tables(text: str) -> None:
    list(markdown_tables(text))
    parse_files(text)


@given(TREES)
@FAST
def test_any_document_is_some_skill_info(tree: Any) -> None:
    for raw in (tree, {"actions": {"train": {"command": "x", "inputs": tree, "args": tree, "mode": "args"}}},
                {"actions": {"train": {"command": "x"}}, "data_sources": {"train": tree}, "spec_params": tree,
                 "spec_templates": tree, "key_defaults": tree, "metric": tree}):  # fmt: skip
        info, found = parse_skill_info(raw, "references/skill_info.yaml", None)
        assert all(isinstance(a.name, str) for a in info.actions)
        assert all(d.message for d in found)


@given(TREES, TREES)
@FAST
def test_any_document_is_some_schema(tree: Any, value: Any) -> None:
    for raw in (tree, {"properties": tree}, {"type": "collection", "properties": {"a": tree}}):
        schema = SpecSchema.parse(raw)
        for key in schema.keys:
            assert key
        node, _ = schema.find(("a",))
        try:
            check("a", coerce(value, node), node, partial(tuple, schema.keys))
        except SpecError as error:
            assert str(error).startswith("a")


@given(tree=TREES, template=TREES, schema=TREES)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_skill_compiles_or_says_why_not(tmp_path: Path, tree: Any, template: Any, schema: Any) -> None:
    root = tmp_path / "odd"
    (root / "references").mkdir(parents=True, exist_ok=True)
    (root / "schemas").mkdir(exist_ok=True)
    (root / "SKILL.md").write_text(
        "---\nname: odd\n---\n| Action | Spec Key | Files |\n|---|---|---|\n| train | a[0].b | x |"
    )
    keyed = {section: {"train": tree} for section in ("data_sources", "spec_params")}
    facts = dict.fromkeys(("key_defaults", "unsupported", "hardware", "multi_node"), tree)
    info = {"actions": {"train": {"command": "x", "inputs": tree}}, **keyed, **facts}
    (root / "references" / "skill_info.yaml").write_text(yaml.safe_dump(info))
    (root / "references" / "spec_template_train.yaml").write_text(yaml.safe_dump(template))
    (root / "schemas" / "train.schema.json").write_text(json.dumps(schema))
    skill = Skill(root, "test", tmp_path)
    try:
        plan = compile_plan(skill, Request(skill="odd", action="train"), "docker")
    except SkillbankError:
        return
    assert plan.plan_id == type(plan).from_document(plan.document()).plan_id


def test_a_broken_skill_does_not_take_the_bank_down(tmp_path: Path) -> None:
    for name, text in (("good", "---\nname: good\ndescription: d\n---\n"), ("bad", "no head at all")):
        (tmp_path / name / "references").mkdir(parents=True)
        (tmp_path / name / "SKILL.md").write_text(text)
        (tmp_path / name / "references" / "skill_info.yaml").write_text(
            "a: [" if name == "bad" else "type: model"
        )
    (tmp_path / "worse").mkdir()
    (tmp_path / "worse" / "SKILL.md").write_bytes(b"\xff\xfe")
    library = Library([tmp_path], own=False)
    assert [s.name for s in library.skills] == ["bad", "good", "worse"]
    assert {s.name for s, d in library.diagnostics if d.severity == "error"} == {"bad", "worse"}


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.yaml"
    outside.write_text("train: {secret: 1}")
    skill_dir = tmp_path / "bank" / "toy"
    (skill_dir / "references").mkdir(parents=True)
    (skill_dir / "SKILL.md").write_text("---\nname: toy\ndescription: d\n---\n")
    (skill_dir / "references" / "spec_template_train.yaml").symlink_to(outside)
    info = {"actions": {"train": {"command": "x"}}, "spec_templates": {"train": "../../../secret.yaml"}}
    (skill_dir / "references" / "skill_info.yaml").write_text(yaml.safe_dump(info))
    [skill] = Bank(tmp_path / "bank").skills
    assert skill.template(skill.actions[0]) == ({}, "empty")
    assert "references/spec_template_train.yaml" not in skill.file_digests


def test_a_bank_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SkillNotFoundError, match="is not a folder"):
        Bank(tmp_path / "nothing")
