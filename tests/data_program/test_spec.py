"""The spec of the program: every fault is told, in words, before anything is read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from skillbank.data_program.spec import SPECS, ConvertSpec, SplitSpec, all_schemas, load_spec
from skillbank.datasets.formats import FORMATS, WRITERS
from skillbank.errors import SpecError, UsageError


def spec(tmp_path: Path, **blocks: object) -> Path:
    file = tmp_path / "spec.yaml"
    file.write_text(yaml.safe_dump({"results_dir": "/r", "dataset": {"place": "/d"}, **blocks}))
    return file


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    read = load_spec("convert", spec(tmp_path, convert={"to": "coco"}))
    assert isinstance(read, ConvertSpec)
    assert (read.convert.pictures, read.dataset.on_broken, read.convert.decode) == ("link", "refuse", True)


def test_amounts_are_read_as_numbers_and_as_text(tmp_path: Path) -> None:
    read = load_spec("split", spec(tmp_path, split={"val": 0.25, "test": "10%"}))
    assert isinstance(read, SplitSpec) and (read.split.val, read.split.test) == ("0.25", "10%")
    none = load_spec("split", spec(tmp_path, split={"val": 200, "test": None}))
    assert isinstance(none, SplitSpec) and (none.split.val, none.split.test) == ("200", "")


@pytest.mark.parametrize(
    ("action", "blocks", "said"),
    [
        ("convert", {"convert": {"to": "coko"}}, ["convert.to: 'coko' is none of", "did you mean 'coco'?"]),
        ("convert", {"convert": {}}, ["convert.to has no value yet, and convert needs one."]),
        (
            "convert",
            {"convert": {"to": "coco", "pictres": "copy"}, "dataset": {"place": "/d", "format": "x"}},
            ["no key convert.pictres (did you mean 'convert.pictures'?)", "dataset.format: 'x' is none of"],
        ),
        ("convert", {"dataset": {}, "results_dir": ""}, ["dataset.place and convert.to and results_dir"]),
        ("split", {"split": {"val": "1.5"}}, ["split.val 1.5 is no amount"]),
        ("split", {"split": {"by": "class"}}, ["split.by is class, but it must be "]),
        ("check", {"check": {"decode": "maybe"}}, ["check.decode is maybe, but it must be true or false"]),
        ("check", {"check": 3}, ["check is 3, but it must be a mapping"]),
    ],
)
def test_all_faults_of_a_spec_are_told(
    tmp_path: Path, action: str, blocks: dict[str, object], said: list[str]
) -> None:
    with pytest.raises(SpecError) as refused:
        load_spec(action, spec(tmp_path, **blocks))
    assert all(each in str(refused.value) for each in said), refused.value


@pytest.mark.parametrize("content", ["[1, 2]", "{", "\0"])
def test_a_spec_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "spec.yaml").write_text(content)
    with pytest.raises(SpecError):
        load_spec("check", tmp_path / "spec.yaml")


def test_an_action_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no action 'chek' \(did you mean 'check'\?\)"):
        load_spec("chek", spec(tmp_path))


def test_schemas_list_the_formats_of_the_registry() -> None:
    schemas = {action: entry["schema"]["properties"] for action, entry in all_schemas(list(SPECS)).items()}
    readable = {each.name for each in FORMATS}
    for properties in schemas.values():
        assert set(properties["dataset"]["properties"]["format"]["enum"]) == {"", *readable}
    assert set(schemas["convert"]["convert"]["properties"]["to"]["enum"]) == {each.name for each in WRITERS}


def test_the_module_prints_the_document_of_the_named_actions() -> None:
    command = [sys.executable, "-m", "skillbank.data_program"]
    done = subprocess.run([*command, "check"], capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == {"check"}
    refused = subprocess.run([*command, "chekc"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "there is no action 'chekc'" in refused.stderr
