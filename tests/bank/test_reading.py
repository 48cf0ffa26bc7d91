"""Heads, tables, images, searching and several banks at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from skillbank.bank.discovery import Bank, Library, normalise
from skillbank.bank.frontmatter import parse_frontmatter
from skillbank.bank.images import resolve_image
from skillbank.bank.manifest import build_manifest, manifest_problems, write_manifest
from skillbank.bank.tables import dataset_rows, inference_rows, parse_files
from skillbank.errors import ActionNotFoundError, SkillNotFoundError


def write_skill(
    folder: Path, name: str, description: str = "A skill.", info: Mapping[str, object] | None = None
) -> Path:
    (folder / "references").mkdir(parents=True)
    (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\n# {name}\n")
    if info is not None:
        (folder / "references" / "skill_info.yaml").write_text(yaml.safe_dump(dict(info)))
    return folder


TRAIN = {"actions": {"train": {"command": "x train"}}, "network_arch": "toy_net", "aliases": ["Toy Machine"]}


# -- heads -----------------------------------------------------------------------------------------


def test_a_standard_head_has_no_findings() -> None:
    text = '---\nname: a-b\ndescription: d\nmetadata:\n  version: "2"\n  tags: x, y z\n---\nbody\n'
    head, found = parse_frontmatter(text, "a-b")
    assert found == []
    assert (head.name, head.version, head.tags, head.body, head.body_line) == (
        "a-b",
        "2",
        ("x", "y", "z"),
        "body\n",
        8,
    )


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("# no head", {"frontmatter-missing", "frontmatter-name", "frontmatter-description"}),
        ("---\nname: a\n", {"frontmatter-missing", "frontmatter-name", "frontmatter-description"}),
        ("---\nname: [\n---\n", {"frontmatter-yaml", "frontmatter-name", "frontmatter-description"}),
        ("---\nname: Bad_Name\ndescription: d\n---\n", {"frontmatter-name"}),
        ("---\nname: other\ndescription: d\n---\n", {"frontmatter-name"}),
        ("---\nname: a\ndescription: d\ntags: [x]\n---\n", {"frontmatter-unknown-field"}),
        (f"---\nname: a\ndescription: {'d' * 1025}\n---\n", {"frontmatter-description"}),
    ],
)
def test_findings_of_a_head(text: str, codes: set[str]) -> None:
    _, found = parse_frontmatter(text, "a")
    assert {d.code for d in found} == codes


# -- tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "kind", "path"),
    [
        ("images.tar.gz", "file", "images.tar.gz"),
        ("a/b.json", "file", "a/b.json"),
        ("test/ extracted from test.tar.gz", "file", "test.tar.gz"),
        ("images.tar.gz → extracted folder", "file", "images.tar.gz"),
        ("images.tar.gz -> folder", "file", "images.tar.gz"),
        ("images/", "file", "images/"),
        ("", "root", ""),
        ("(root directory)", "root", ""),
        ("character_list", "literal", "character_list"),
        ("image_dir: i.tar.gz, json_file: a.json", "map", ""),
        ("image_dir: i.tar.gz, names: n.txt (optional)", "map", ""),
        ("coco: a.json; *: b.json", "format", ""),
        ("/results/{convert_job_id}/results_dir/info/", "job", "results_dir/info/"),
        ("{dataset_convert_job_id}/a.npy", "job", "a.npy"),
        ("the folder with everything", "prose", ""),
        ("data_file: a.txt + dataset_name", "map", ""),
        ("image_dir, json_file (COCO)", "prose", ""),
        ("s3://bucket/x y", "prose", ""),
    ],
)
def test_files_cells(cell: str, kind: str, path: str) -> None:
    files = parse_files(cell)
    assert (files.kind, files.path) == (kind, path)


def test_tables_in_code_fences_are_examples() -> None:
    table = "| Action | Spec Key | Files |\n|---|---|---|\n| train | a.b | x.json |\n"
    assert len(dataset_rows(table, "SKILL.md")) == 1
    assert dataset_rows(f"```\n{table}```\n", "SKILL.md") == []


def test_rows_know_their_line_and_lose_their_decoration() -> None:
    head = "| Action | Spec Key | Source | Files | List? |\n|:--|--:|---|---|---|\n"
    text = f"\n{head}| `train` | **a.b** | s | `x.json` | Yes |\n"
    [row] = dataset_rows(text, "references/x.md", first_line=10)
    assert (row.action, row.key, row.path, row.line, row.is_list) == (
        "train",
        "a.b",
        "references/x.md",
        13,
        True,
    )


def test_other_tables_are_left_alone() -> None:
    text = "| Action | Output |\n|---|---|\n| train | a |\n\n"
    text += "| Spec Key | Description | Default |\n|---|---|---|\n| a | b | c |\n"
    assert dataset_rows(text, "SKILL.md") == []
    assert inference_rows(text, "SKILL.md") == []


# -- images ----------------------------------------------------------------------------------------


def test_images_by_uri_and_by_key(tmp_path: Path) -> None:
    (tmp_path / "versions.yaml").write_text("images:\n  tao_toolkit:\n    pyt: mine/pyt:9\n")
    assert resolve_image("host/a:1", tmp_path) == "host/a:1"
    assert resolve_image("tao_toolkit.pyt", tmp_path) == "mine/pyt:9"
    assert resolve_image("images.tao_toolkit.pyt", tmp_path) == "mine/pyt:9"
    assert str(resolve_image("tao_toolkit.deploy", tmp_path)).endswith("-deploy")
    assert resolve_image("no.such.key", tmp_path) is None
    assert resolve_image(None, tmp_path) is None


# -- banks -----------------------------------------------------------------------------------------


def test_names_in_any_spelling(tmp_path: Path) -> None:
    write_skill(tmp_path / "skills" / "tao-train-toy", "tao-train-toy", info=TRAIN)
    library = Library([tmp_path], own=False)
    for name in ("tao-train-toy", "toy", "Toy", "toy_net", "TOY NET", "toy machine", f"{tmp_path.name}:toy"):
        assert library.get(name).name == "tao-train-toy"
    assert normalise("Grounding  DINO") == normalise("grounding_dino") == normalise("grounding-dino")


def test_of_several_banks_the_first_answers_and_the_others_are_named(tmp_path: Path) -> None:
    for bank in ("one", "two"):
        write_skill(tmp_path / bank / "toy", "toy", description=bank)
    library = Library([tmp_path / "one", tmp_path / "two"], own=False)
    found = library.find("toy")
    assert found.skill.qualified == "one:toy"
    assert "two:toy claims the name as well" in found.note
    assert library.get("two:toy").frontmatter.description == "two"
    turned = Library([tmp_path / "one", tmp_path / "two"], own=False, order=["two"])
    assert turned.get("toy").qualified == "two:toy"


def test_banks_with_one_name_get_numbers(tmp_path: Path) -> None:
    for parent in ("a", "b"):
        write_skill(tmp_path / parent / "skills" / "toy", "toy", description=parent)
    library = Library([tmp_path / "a" / "skills", tmp_path / "b" / "skills"], own=False)
    assert [b.name for b in library.banks] == ["skills", "skills-2"]
    assert [s.qualified for s in library.skills] == ["skills:toy", "skills-2:toy"]


def test_unknown_skills_and_actions_name_the_nearest(tmp_path: Path) -> None:
    write_skill(tmp_path / "toy", "toy", info=TRAIN)
    library = Library([tmp_path], own=False)
    with pytest.raises(SkillNotFoundError, match=r"no skill 'toyy' \(did you mean 'toy'\?\)"):
        library.get("toyy")
    with pytest.raises(ActionNotFoundError, match=r"no action 'trian' \(did you mean 'train'\?\)"):
        library.get("toy").action("trian")
    with pytest.raises(ActionNotFoundError, match="no variant 'deploy'"):
        library.get("toy").action("train", "deploy")


def test_a_marketplace_names_its_skills(tmp_path: Path) -> None:
    write_skill(tmp_path / "plugins" / "p" / "skills" / "in", "in")
    write_skill(tmp_path / "plugins" / "q" / "listed", "listed")
    write_skill(tmp_path / "elsewhere" / "out", "out")
    market = {"name": "my-bank", "plugins": [
        {"name": "p", "source": "./plugins/p"},
        {"name": "q", "source": "./plugins/q", "skills": ["./gone/../listed"]},
        {"name": "far", "source": {"source": "github", "repo": "a/b"}},
        {"name": "evil", "source": "../../etc"}, "nonsense"]}  # fmt: skip
    (tmp_path / ".claude-plugin").mkdir()
    (tmp_path / ".claude-plugin" / "marketplace.json").write_text(json.dumps(market))
    bank = Bank(tmp_path)
    assert bank.name == "my-bank"
    assert [s.qualified for s in bank.skills] == ["my-bank:in", "my-bank:listed"]


def test_a_marketplace_hides_nothing_of_the_skills_beside_it(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        write_skill(tmp_path / "skills" / name, name)
    write_skill(tmp_path / "plugins" / "p" / "skills" / "four", "four")
    market = {"plugins": [
        {"name": "one", "source": "./", "skills": ["./skills/one", "./skills/../skills/one"]},
        {"name": "p", "source": "./plugins/p"},
        {"name": "far", "source": {"source": "url", "url": "https://host/far.git"}}]}  # fmt: skip
    (tmp_path / ".claude-plugin").mkdir()
    (tmp_path / ".claude-plugin" / "marketplace.json").write_text(json.dumps(market))
    bank = Bank(tmp_path)
    assert [s.name for s in bank.skills] == ["four", "one", "three", "two"]
    assert bank.elsewhere == (("far", "https://host/far.git"),)


def test_a_broken_marketplace_is_no_marketplace(tmp_path: Path) -> None:
    write_skill(tmp_path / "skills" / "toy", "toy")
    (tmp_path / ".claude-plugin").mkdir()
    for text in ("{", "[]", '{"name": 3, "plugins": {}}'):
        (tmp_path / ".claude-plugin" / "marketplace.json").write_text(text)
        assert [s.name for s in Bank(tmp_path).skills] == ["toy"]


def test_overlays_without_a_main_file_still_declare_actions(tmp_path: Path) -> None:
    folder = write_skill(tmp_path / "toy", "toy")
    (folder / "references" / "tao-deploy-toy.skill_info.yaml").write_text(yaml.safe_dump(TRAIN))
    [skill] = Bank(tmp_path).skills
    assert [(a.name, a.variant) for a in skill.actions] == [("train", "deploy")]
    assert skill.info.type == "document"


# -- manifest --------------------------------------------------------------------------------------


def test_a_manifest_follows_its_bank(tmp_path: Path) -> None:
    folder = write_skill(tmp_path / "skills" / "toy", "toy", info=TRAIN)
    assert "Run 'skillbank manifest build'" in manifest_problems(tmp_path)[0]
    write_manifest(tmp_path)
    assert manifest_problems(tmp_path) == []
    [entry] = build_manifest(tmp_path)["skills"]
    assert entry["actions"] == [{"name": "train", "variant": None}]
    assert set(entry["files"]) == {"SKILL.md", "references/skill_info.yaml"}
    (folder / "notes.txt").write_text("new")
    assert "toy has changed (notes.txt)" in manifest_problems(tmp_path)[0]
    write_manifest(tmp_path)
    write_skill(tmp_path / "skills" / "more", "more")
    assert "more is in the bank and not in the manifest" in manifest_problems(tmp_path)[0]
    write_manifest(tmp_path)
    document = json.loads((tmp_path / "manifest.json").read_text())
    document["schema_version"] = 2
    (tmp_path / "manifest.json").write_text(json.dumps(document))
    assert "edited by hand" in manifest_problems(tmp_path)[0]


@pytest.mark.parametrize("text", ["{", "[]", '{"skills": [1]}', '{"skills": [{"name": "toy", "files": 3}]}'])
def test_a_broken_manifest_is_a_problem_and_no_crash(tmp_path: Path, text: str) -> None:
    write_skill(tmp_path / "skills" / "toy", "toy")
    (tmp_path / "manifest.json").write_text(text)
    assert manifest_problems(tmp_path)
