"""Packages add platforms, algorithms, formats and inference functions; a broken one harms nothing else."""

from __future__ import annotations

import ast
import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skillbank.datasets.document import DataSet
from skillbank.datasets.formats.foreign import ForeignFormat
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, PlatformError, PluginError, StateError
from skillbank.plan.reader.lexicon import Lexicon
from skillbank.plan.reader.tokens import Token
from skillbank.platforms.base import Handle, NativeStatus
from skillbank.platforms.fake import FakePlatform
from skillbank.platforms.foreign import ForeignPlatform
from skillbank.plugins import Group, Offer, names
from tests.cli.conftest import Answer, bank, data, environment
from tests.plugin_site import Run, imaged, install, install_sample, run, searched

__all__ = ["bank", "data", "environment", "imaged", "run"]

RUNTIME = Path(__file__).parents[1] / "runtime" / "skillbank"
slow = pytest.mark.slow

with_bank = pytest.mark.usefixtures("imaged")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample package installed, the same for all tests: one process forks for it."""
    return install_sample(tmp_path_factory.mktemp("packages") / "site")


def plug_ins(answer: Answer) -> list[dict[str, Any]]:
    return [check for check in answer.document["checks"] if check["name"] == "plug-in"]


@slow
def test_the_doctor_lists_what_packages_add(run: Run, site: Path) -> None:
    assert plug_ins(run("doctor", "--json")) == []
    answer = run("doctor", "--platform", "sample_cluster", "--json", packages=site)
    found = plug_ins(answer)
    assert answer.code == 0 and {check["state"] for check in found} == {"ok"}
    assert all("of the package skillbank-sample 1.0" in check["said"] for check in found)
    said = " ".join(check["said"] for check in found)
    for thing in (
        "platform 'sample_cluster'",
        "AutoML algorithm 'sample_search'",
        "label format 'sample_lines'",
        "label format 'sample_lines.writer'",
        "inference function 'sample_notes'",
    ):
        assert thing in said
    assert "1 node is up" in answer.out


@slow
@with_bank
def test_a_platform_of_a_package_runs_a_job_and_can_go_away(run: Run, tmp_path: Path, data: Path) -> None:
    site = install_sample(tmp_path / "going")
    words = f"train toy detector on {data} on the sample cluster, no HPO"
    plan = run("plan", words, "--json", packages=site).document
    assert plan["platform"] == "sample_cluster" and plan["questions"] == []
    by_option = run(
        "plan",
        f"train toy detector on {data}, no HPO",
        "--platform",
        "sample_cluster",
        "--json",
        packages=site,
    ).document
    again = run("plan", plan["sentence"], "--json", packages=site).document
    assert by_option["plan_id"] == again["plan_id"] == plan["plan_id"]
    done = run("run", words, "--yes", "--json", packages=site)
    assert done.code == 0, done.out + done.err
    job = done.document
    assert job["state"] == "COMPLETE" and job["platform"] == "sample_cluster"
    waiting = run(
        "run", words, "--set", "train.seconds=60", "--yes", "--detach", "--json", packages=site
    ).document["id"]

    # Without the package its jobs are told of, and nothing else is harmed.
    shutil.move(site, site.with_name("elsewhere"))
    listed = run("jobs", "--json")
    assert listed.code == 0, listed.out + listed.err
    assert {each["id"] for each in listed.document["jobs"]} == {job["id"], waiting}
    status = run("status", waiting, "--json")
    assert status.document["state"] == "UNKNOWN" and "there is no platform 'sample_cluster'" in status.out
    refused = run("cancel", waiting, "--json")
    assert refused.code == 1 and "install the package that brings it again" in refused.out
    missing = run("plan", words, "--platform", "sample_cluster", "--json")
    assert missing.code == 2 and "there is no platform 'sample_cluster'" in missing.out
    shutil.move(site.with_name("elsewhere"), site)
    assert run("status", waiting, "--json", packages=site).document["state"] == "RUNNING"
    assert run("cancel", waiting, "--json", packages=site).code == 0


@slow
def test_help_names_what_is_registered(run: Run, site: Path) -> None:
    assert "sample_cluster" not in run("plan", "--help").out
    assert "sample_cluster" in run("plan", "--help", packages=site).out
    near = run("doctor", "--platform", "sample", packages=site)
    assert near.code == 2 and "did you mean 'sample_cluster'?" in near.out + near.err


def _with_functions(bank: Path) -> None:
    info = bank / "toy-detector" / "references" / "skill_info.yaml"
    info.write_text(
        info.read_text().replace(
            "evaluate.checkpoint: parent_model}", "evaluate.checkpoint: sample_weights, fail: sample_notes}"
        )
    )


@slow
def test_a_function_of_a_package_fills_a_field(run: Run, site: Path, bank: Path, data: Path) -> None:
    _with_functions(bank)
    words = ("plan", f"evaluate toy detector on {data}", "--json")
    with_package = run(*words, packages=site)
    assert with_package.document["spec"]["fail"] == "{results_dir}/evaluate-notes.txt"
    assert [question["key"] for question in with_package.document["questions"]] == ["evaluate.checkpoint"]
    without = run(*words).document
    assert without["spec"]["fail"] == ""
    assert [note for note in without["warnings"] if "unknown inference function 'sample_notes'" in note]


@slow
def test_lint_finds_functions_that_nobody_registers(run: Run, site: Path, bank: Path) -> None:
    _with_functions(bank)
    clean = run("lint", bank, "--json", packages=site)
    assert "unknown-function" not in clean.document["by_code"]
    wrong = run("lint", bank, "--json")
    found = [each for each in wrong.document["findings"] if each["code"] == "unknown-function"]
    assert wrong.code == 1 and {each["severity"] for each in found} == {"error"}
    assert {word for each in found for word in each["message"].split("'") if "sample" in word} >= {
        "sample_weights", "sample_notes"}  # fmt: skip
    assert "install the package that brings it" in found[0]["message"]


@slow
def test_an_algorithm_of_a_package_is_planned_and_searches(
    run: Run, site: Path, environment: dict[str, str]
) -> None:
    ours = ("plan", "train Grounding DINO on s3://b/d with 4 trials", "--json")
    by_option = run(*ours, "--algorithm", "sample_search", packages=site).document
    in_words = run(
        "plan",
        "train Grounding DINO on s3://b/d, validate on s3://b/v, with 4 trials, algorithm sample_search",
        "--json",
        packages=site,
    ).document
    assert by_option["automl"]["algorithm"] == in_words["automl"]["algorithm"] == "sample_search"
    assert (
        run("plan", in_words["sentence"], "--json", packages=site).document["plan_id"] == in_words["plan_id"]
    )
    refused = run(*ours, "--algorithm", "sample_search")
    assert refused.code == 2 and "sample_search" in refused.out
    done = searched(site, environment, "sample_search")
    assert done.stdout == "2 ['by the sample search', 'by the sample search']\n", done.stderr


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A data set in the format of the sample package."""
    folder = tmp_path / "lines"
    (folder / "pictures").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        Image.new("RGB", (64, 48), "red" if name == "a.png" else "blue").save(folder / "pictures" / name)
    (folder / "boxes.sample.txt").write_text("a.png|1|2|30|40|cat\na.png|5|5|20|20|dog\nb.png\n")
    return folder


@slow
def test_a_format_of_a_package_is_read_and_written(run: Run, site: Path, lines: Path, tmp_path: Path) -> None:
    checked = run("data", "check", lines, "--json", packages=site)
    assert checked.code == 0 and checked.document["format"] == "sample_lines", checked.out
    made = run("data", "convert", lines, "--to", "coco", "-o", tmp_path / "coco", packages=site)
    assert made.code == 0, made.err
    back = run(
        "data", "convert", tmp_path / "coco", "--to", "sample_lines", "-o", tmp_path / "back", packages=site
    )
    assert back.code == 0, back.err
    [written] = (tmp_path / "back").rglob("boxes.sample.txt")
    assert sorted(written.read_text().split()) == [
        "a.png|1.0|2.0|30.0|40.0|cat",
        "a.png|5.0|5.0|20.0|20.0|dog",
        "b.png",
    ]
    without = run("data", "convert", tmp_path / "coco", "--to", "sample_lines", "-o", tmp_path / "no")
    assert without.code == 2 and "'sample_lines' cannot be written" in without.err
    assert "sample_lines" in run("label", "--help", packages=site).out.replace("\n", "")


@slow
def test_a_job_converts_to_a_format_of_a_package(run: Run, site: Path, lines: Path) -> None:
    words = ("plan", "--skill", "tao-convert-dataset-format", "--action", "convert", "--data",
             f"source_dataset={lines}", "--set", "convert.to=sample_lines", "--json")  # fmt: skip
    assert run(*words, packages=site).document["spec"]["convert"]["to"] == "sample_lines"
    refused = run(*words)
    assert refused.code == 2 and "sample_lines" in refused.out


@slow
@with_bank
def test_the_mcp_server_knows_what_packages_add(
    site: Path, bank: Path, data: Path, environment: dict[str, str]
) -> None:
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    _with_functions(bank)
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "skillbank", "mcp", "--bank", str(bank)],
        env={**environment, "PYTHONPATH": str(site)},
    )

    def documents(*results: Any) -> list[dict[str, Any]]:
        return [each.structured_content or json.loads(each.content[0].text) for each in results]

    async def planned() -> list[dict[str, Any]]:
        async with Client(stdio_client(command)) as client:
            [tool] = [each for each in (await client.list_tools()).tools if each.name == "plan"]
            train = await client.call_tool(
                "plan", {"text": f"train toy detector on {data} on the sample cluster, no HPO"}
            )
            judged = await client.call_tool(
                "plan",
                {"text": f"evaluate toy detector on {data}", "platform": "sample_cluster"},
            )
            return [tool.input_schema, *documents(train, judged)]

    schema, train, judged = asyncio.run(planned())
    assert "sample_cluster" in json.dumps(schema)
    assert train["plans"][0]["platform"] == judged["plans"][0]["platform"] == "sample_cluster"
    assert "sample_notes" not in json.dumps(judged)  # an unknown one would be a note
    assert [each["key"] for each in judged["plans"][0]["questions"]] == ["evaluate.checkpoint"]


BROKEN = {
    "skillbank.platforms": {
        "gone": "broken_package.nowhere:Platform",
        "no_platform": "broken_package:NoPlatform",
        "half": "broken_package:Half",
        "hasty": "broken_package:Hasty",
        "train": "broken_package:Half",
        "docker": "broken_package:Half",
        "Big Name": "broken_package:Half",
    },
    "skillbank.automl_algorithms": {"no_search": "broken_package:NoPlatform", "exits": "exiting_package:X"},
    "skillbank.inference_functions": {"raises": "broken_package:raises", "odd": "broken_package:odd"},
    "skillbank.label_formats": {
        "bursts": "broken_package:Bursts",
        "untitled": "broken_package:Untitled",
        "json.writer": "broken_package:Bursts",
        "empty": "no module at all",
    },
}
MODULES = {
    "exiting_package": "raise SystemExit('bye')\n",
    "broken_package": """
from skillbank.platforms.base import Platform
class NoPlatform: name = "no_platform"
class Half(Platform): name = "half"
class Hasty(Platform):
    name, poll_seconds = "hasty", "soon"
    start = status = logs = cancel = problems = None
def raises(context): raise RuntimeError("it rains")
def odd(context): return 7
class Bursts:
    name, title = "bursts", "bursts"
    def recognise(self, tree): raise RuntimeError("it hails")
    def read(self, tree): raise RuntimeError("it snows")
class Untitled(Bursts):
    name = "untitled"
    @property
    def title(self): raise RuntimeError("it freezes")
""",
}


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder with a package of which everything is broken, and one that claims what the sample has."""
    folder = install_sample(tmp_path / "broken")
    install(folder, "broken-package", BROKEN, MODULES)
    install(
        folder,
        "rival",
        {"skillbank.platforms": {"sample_cluster": "skillbank_sample.platform:SampleCluster"}},
    )
    (folder / "muddled-1.0.dist-info").mkdir()
    (folder / "muddled-1.0.dist-info" / "METADATA").write_text("Name: muddled\nVersion: 1.0\n")
    (folder / "muddled-1.0.dist-info" / "entry_points.txt").write_text(
        "skillbank.platforms without a section\n"
    )
    (folder / "nobody.dist-info").mkdir()
    (folder / "nobody.dist-info" / "entry_points.txt").write_text("[skillbank.platforms]\nx = x:x\n")
    return folder


@slow
def test_the_doctor_says_of_each_broken_one_whose_it_is(run: Run, broken: Path) -> None:
    # Others that read all metadata stop at this one, so that it is the doctor's to name it.
    (broken / "western-1.0.dist-info").mkdir()
    (broken / "western-1.0.dist-info" / "METADATA").write_text("Name: western\nVersion: 1.0\n")
    (broken / "western-1.0.dist-info" / "entry_points.txt").write_bytes(b"[console_scripts]\nx = caf\xe9:x\n")
    answer = run("doctor", "--json", packages=broken)
    failed = [check["said"] for check in plug_ins(answer) if check["state"] == "failed"]
    assert answer.code == 1
    wrong = {name for entries in BROKEN.values() for name in entries} - {"raises", "odd", "bursts"}
    for name in wrong - {"Big Name"}:
        [said] = [each for each in failed if f"'{name}'" in each]
        assert "broken-package 2.0" in said and "\n" not in said
    assert [each for each in failed if "small letters" in each and "broken-package 2.0" in each]
    assert [each for each in failed if "rival 2.0" in each and "skillbank-sample 1.0" in each]
    for unread in ("muddled 1.0", "western 1.0", "without a name"):
        assert [each for each in failed if f"the package {unread} cannot be read" in each]
    assert len(failed) == len(wrong) + 4
    assert "pip uninstall broken-package" in " ".join(failed)


@slow
@with_bank
def test_a_broken_one_is_one_sentence_where_it_is_asked_for(
    run: Run, broken: Path, bank: Path, data: Path, lines: Path
) -> None:
    words = f"train toy detector on {data}, no HPO"
    for name in ("gone", "no_platform", "half", "sample_cluster"):
        refused = run("plan", words, "--platform", name, "--json", packages=broken)
        error = refused.document["error"]
        assert refused.code == 1 and error["code"] == "plugin", refused.out
        assert "package" in error["message"] and "Traceback" not in refused.err
    search = run(
        "plan",
        "train Grounding DINO on s3://b/d with 4 trials",
        "--algorithm",
        "exits",
        "--json",
        packages=broken,
    )
    assert search.code == 1 and "broken-package 2.0" in search.document["error"]["message"]
    info = bank / "toy-detector" / "references" / "skill_info.yaml"
    text = info.read_text()
    for name, said in (("raises", "it rains"), ("odd", "gave int")):
        info.write_text(text.replace("results_dir: output_dir", f"results_dir: output_dir, fail: {name}", 1))
        refused = run("plan", words, "--json", packages=broken)
        assert refused.code == 1 and said in refused.document["error"]["message"]
        assert "broken-package 2.0" in refused.document["error"]["message"]
    info.write_text(text)
    refused = run("data", "check", lines, "--format", "bursts", packages=broken)
    assert refused.code == 1 and "it hails" in refused.err and "broken-package 2.0" in refused.err
    unread = run("data", "check", data, packages=broken)
    assert unread.code == 1 and "it hails" in unread.err


@slow
@with_bank
def test_broken_ones_harm_nothing_else(run: Run, broken: Path, data: Path, lines: Path) -> None:
    words = f"train toy detector on {data}, no HPO"
    assert run("plan", words, "--json", packages=broken).document == run("plan", words, "--json").document
    done = run("run", words, "--yes", "--json", packages=broken)
    assert done.code == 0 and done.document["state"] == "COMPLETE", done.out + done.err
    assert run("data", "check", lines, "--json", packages=broken).document["format"] == "sample_lines"
    assert run("--help", packages=broken).code == run("jobs", packages=broken).code == 0


@slow
def test_no_folder_that_one_stands_in_brings_plug_ins(run: Run, site: Path) -> None:
    """A data set or a bank may hold what looks like an installed package."""
    answer = run("doctor", "--json", cwd=site)
    assert plug_ins(answer) == [] and "sample_cluster" not in answer.out


def test_platforms_are_named_in_their_own_folders_only() -> None:
    known = set(names(Group.PLATFORMS))
    plain = {"local"}  # this machine, which plans, sentences and questions treat apart
    own = {"plan/coverage.py", *(f"platforms/{name}" for name in known)}
    found: dict[str, set[str]] = {}
    for path in RUNTIME.rglob("*.py"):
        place = path.relative_to(RUNTIME).as_posix()
        if place.startswith((*own, "trust/audit/")):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said = {node.value, node.value.removeprefix("--platform ")}
                if hit := said & (known - plain):
                    found.setdefault(place, set()).update(hit)
    assert found == {}


def test_words_of_packages_change_none_of_ours() -> None:
    made = Lexicon({"places": {"platform": {"docker": "docker, in docker"}}, "grammar": {"verbs": "train"}})
    made.add({"places": {"platform": {"mine": "docker, train, in  Docker, on mine"}}})
    assert made.classes["places.platform.mine"] == {"on mine"}
    assert [span.classes for span in made.spans([Token("word", "train", 0, 5)], 0)] == [{"grammar.verbs"}]


def test_errors_of_ours_that_a_package_raises_harm_nothing_else(tmp_path: Path) -> None:
    """Whoever lists jobs, or shows data to every format, is prepared for some errors and for no others."""

    class Muddled(FakePlatform):
        def status(self, handle: Handle) -> NativeStatus:
            raise StateError("the cluster has gone")

        def cancel(self, handle: Handle) -> None:
            raise PlatformError("the cluster sleeps")

    class Picky:
        name, title = "picky", "picky"

        def recognise(self, tree: Tree) -> None:
            raise DataError("such data I do not like")

        def read(self, tree: Tree) -> DataSet:
            raise DataError("such data I do not read")

    platform = ForeignPlatform(Muddled(), Offer(Group.PLATFORMS, "muddled", "x:Y", "muddled 1.0"))
    handle = Handle("job", None, tmp_path)
    with pytest.raises(PluginError, match=r"the package muddled 1\.0 stopped .*the cluster has gone"):
        platform.status(handle)
    with pytest.raises(PlatformError, match="the cluster sleeps"):
        platform.cancel(handle)
    picky = ForeignFormat(Picky(), Offer(Group.LABEL_FORMATS, "picky", "x:Y", "picky 1.0"))
    tree = Tree(tmp_path, {})
    assert picky.recognise(tree) is None and "the package picky 1.0" in str(picky.trouble)
    with pytest.raises(DataError, match="such data I do not read"):
        picky.read(tree)
