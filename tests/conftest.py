"""Fixtures that several folders of tests share."""

from __future__ import annotations

import gc
import itertools
import multiprocessing.spawn
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from skillbank.ways import Voice, speak, spoken
from skillbank_engine.threads import wait_passively
from tests import forking, in_memory
from tests.compiled_once import compile_once
from tests.postgres import Cluster, cluster, programs
from tests.s3 import CREDENTIALS, moto_server
from tests.slurm import PrivateSlurm, missing, private_slurm
from tests.unsynced import let_sqlite_not_wait

_LONGEST = (
    "test_image", "test_recipe", "test_paraphrases", "test_two_reviewers", "test_hostile_agent",
    "test_typed", "test_kubernetes", "test_strangers", "test_light", "test_queue", "test_page",
    "test_review_page", "test_hostile_banks", "test_slurm", "test_student_chain", "test_docker_engine",
    "test_label_into", "test_docker_crashes", "test_plugins", "test_slurm_engine", "test_pretrained",
    "test_in_a_run", "test_supervisor_crashes", "test_crash_controller", "test_kubernetes_nodes",
    "test_sets", "test_label", "test_environments", "test_mcp_http_attacks", "test_hub_models",
    "test_one_bad_skill", "test_docker", "test_controller_commands", "test_chat_cli", "test_processes",
    "test_versions", "test_loop_at_page", "test_load", "test_families", "test_accepting",
    "test_transformers", "test_sentence_laws", "test_python_agents", "test_requests_format",
    "test_families_run", "test_round_trips", "test_check_formats", "test_inspector", "test_experiment",
    "test_algorithms", "test_find", "test_page_of_two", "test_training", "test_options", "test_export",
    "test_site", "test_accuracy", "test_laws", "test_opencode", "test_server", "test_model", "test_cases",
    "test_typescript", "test_installers", "test_kept_documents", "test_chat", "test_commands",
    "test_set_crashes", "test_resume", "test_sets_api", "test_saved_folders", "test_house", "test_disputes",
    "test_layouts", "test_label_sets", "test_onnx_chain", "test_late_answers", "test_smoke", "test_library",
    "test_docker_restarts",
)  # fmt: skip
"""Files that take longest: they begin first, so that no worker is left alone with one of them at the end."""
_LONG, _WAITS, _COMPUTES = 10, 3, 1
"""What a file takes of a run: one of the longest, another that waits for processes, one that computes."""

_FORKED = frozenset(
    {
        "test_approval",
        "test_approval_guard",
        "test_approved_parents",
        "test_backup",
        "test_cases",
        "test_changed_skills",
        "test_chat",
        "test_chat_cli",
        "test_claude_code",
        "test_client",
        "test_code_of_another_user",
        "test_code_setting",
        "test_codex",
        "test_controller_commands",
        "test_cvat",
        "test_data_progress",
        "test_deep_pictures",
        "test_deep_sets",
        "test_docker_crashes",
        "test_docker_data",
        "test_doors",
        "test_examples",
        "test_experiment_engine",
        "test_experiment_uploads",
        "test_families_run",
        "test_find",
        "test_forged_records",
        "test_gemini_cli",
        "test_hostile_agent",
        "test_identity",
        "test_in_a_run",
        "test_inspector",
        "test_job_cleaning",
        "test_keeping",
        "test_kubernetes",
        "test_kubernetes_nodes",
        "test_kubernetes_protocol",
        "test_label",
        "test_label_buckets",
        "test_label_into",
        "test_label_program",
        "test_label_sets",
        "test_label_studio",
        "test_launching",
        "test_load",
        "test_loop_at_page",
        "test_loop_report",
        "test_mcp_cancel",
        "test_mcp_doors",
        "test_mcp_http",
        "test_mcp_http_attacks",
        "test_mcp_tasks",
        "test_onnx_chain",
        "test_opencode",
        "test_options",
        "test_page",
        "test_page_of_two",
        "test_plugins",
        "test_pretrained",
        "test_processes",
        "test_projects",
        "test_python_agents",
        "test_python_sdk",
        "test_queue",
        "test_qwen_code",
        "test_remarks",
        "test_resume",
        "test_review_grid",
        "test_review_learning",
        "test_review_page",
        "test_s3",
        "test_serving",
        "test_set_classes",
        "test_set_crashes",
        "test_skills",
        "test_slurm",
        "test_slurm_data",
        "test_slurm_engine",
        "test_staging",
        "test_store",
        "test_student_chain",
        "test_supervisor_crashes",
        "test_threads",
        "test_tiles",
        "test_training",
        "test_trust",
        "test_two_processes",
        "test_two_reviewers",
        "test_typescript",
        "test_upgrade",
        "test_verify_command",
        "test_versions",
        "test_waiting",
        "test_wrong_tokens",
    }
)
"""Files whose programs are forked from one that has imported what they need, instead of started (`forking`).

How a program itself starts is seen in all the others.
"""

# A shell that starts a command in the background makes it, and all that it starts, deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server of this test run."""
    with moto_server() as url:
        yield url


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch, no_credentials: None) -> Any:
    """A client of the server, the environment set for it, and an empty bucket named ``bucket``."""
    from skillbank.storage.s3 import client

    monkeypatch.delenv("SKILLBANK_BUCKETS", raising=False)
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3_server}.items():
        monkeypatch.setenv(name, value)
    found = client()
    found.create_bucket(Bucket="bucket")
    yield found
    for page in found.get_paginator("list_objects_v2").paginate(Bucket="bucket"):
        for entry in page.get("Contents", ()):
            found.delete_object(Bucket="bucket", Key=entry["Key"])
    found.delete_bucket(Bucket="bucket")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server of this test run."""
    bin_dir = programs()
    if bin_dir is None:
        pytest.skip("PostgreSQL is not installed here (apt-get install postgresql)")
    with cluster(bin_dir) as server:
        yield server


@pytest.fixture(scope="session")
def slurm_cluster() -> Iterator[PrivateSlurm]:
    """A Slurm with four nodes of this test run."""
    if absent := missing():
        pytest.skip(f"no {', '.join(absent)} here; .ci/services.sh installs them")
    with private_slurm() as cluster:
        yield cluster


_numbers = itertools.count()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of this test, called by one word.

    One that is called "test_..." may be a part of a data set: what lies around it, the folders of all other
    tests, would be looked through wherever none is found in it.
    """
    word = re.sub(r"[^A-Za-z]", "", request.node.name)[:30]
    # Numbered here: pytest would list all folders for the number of each.
    made = tmp_path_factory.mktemp(f"{word}{next(_numbers)}", numbered=False)
    failed = request.session.testsfailed
    yield made
    if in_memory.holds(made) and request.session.testsfailed == failed:  # nobody looks at it again
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's own AWS settings, and its metadata service, out of the tests."""
    for name in list(os.environ):
        if name.startswith("AWS_") and name != "AWS_CA_BUNDLE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, f"{os.devnull}/none")  # of six thousand tests none needs a folder


@pytest.fixture(autouse=True)
def trusting(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Trust the banks that tests make below pytest's folder; tests of trust itself say otherwise."""
    monkeypatch.setenv("SKILLBANK_TRUST", f"{tmp_path_factory.getbasetemp()}@*")


# The same examples on every run, so that only a change can break it; `explore` seeks new ones.
settings.register_profile("quick", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("explore", max_examples=300, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

SERVICES = frozenset({"s3_server", "postgres", "daemon", "slurm_cluster"})
"""Fixtures that start a real server; a test that uses one belongs to the slow ones."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests of real servers as slow, so that the unit tests stay quick; sort the files.

    Of those that wait for processes the longest come first. Those that only compute stand between them, as
    many at any time as there are of the others, so that they fill the gaps that the others leave.
    """
    for item in items:
        if SERVICES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    places = {name: i for i, name in enumerate(_LONGEST)}
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (places.get(item.path.stem, len(places)), item.path not in slow))
    begun = _begun({item.path: _weight(item.path, slow) for item in items})
    items.sort(key=lambda item: begun[item.path])


def _weight(file: Path, slow: Collection[Path]) -> int:
    return _LONG if file.stem in _LONGEST else _WAITS if file in slow else _COMPUTES


def _begun(weights: Mapping[Path, int]) -> dict[Path, float]:
    """Return how much of those that wait, or of those that compute, has begun before each file."""
    begun: dict[Path, float] = {}
    for computes in (False, True):
        these = {file: weight for file, weight in weights.items() if (weight == _COMPUTES) is computes}
        ends = itertools.accumulate(these.values())
        begun |= {f: (end - these[f]) / sum(these.values()) for f, end in zip(these, ends, strict=True)}
    return begun


_OF_THE_ENGINE = frozenset({"engine", "grounding_dino"})
"""Folders whose tests are processes of a training, and have multiprocessing start others of it."""
_servers = pytest.StashKey[forking.Forking]()
_failed = pytest.StashKey[int]()
_memory = pytest.StashKey[Path | None]()


def pytest_configure(config: pytest.Config) -> None:
    """Give the tests a home; start the servers that fork, which import nothing before somebody asks."""
    of_workers = hasattr(config, "workerinput")
    if not of_workers and not config.option.basetemp:
        config.stash[_memory] = memory = in_memory.folder()
        if memory:
            config.option.basetemp = memory / "t"  # pytest's own names are long
    # No test meets what is in the home of whoever runs them; those of jobs have homes of their own.
    home = tempfile.TemporaryDirectory(prefix="skillbank-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    os.environ["SKILLBANK_HOME"] = home.name
    # They start Python a thousand times, which compiles all that it imports each time where nothing is kept.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    wait_passively()  # as every program of the engine does: torch, which reads it, is imported with the tests
    # The tests import ten thousand modules before the first of them runs, all to stay: nothing to collect.
    gc.disable()
    if not of_workers and not config.option.collectonly:
        config.stash[_servers] = forking.Forking(config.invocation_params.args)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[Any]) -> None:
    """Let workers be forked from a process that has collected the tests, once for all of them."""
    for spec in specs:
        if spec.popen:
            spec.python = forking.worker()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End them; what failing tests wrote stays, in memory until the next run."""
    gc.collect()
    gc.freeze()  # pytest collects five times over, for seconds, all that two thousand tests have left
    if servers := config.stash.get(_servers, None):
        servers.close()
    if (memory := config.stash.get(_memory, None)) and not config.stash.get(_failed, 0):
        shutil.rmtree(memory, ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep in mind whether a test failed."""
    session.config.stash[_failed] = session.testsfailed


@pytest.fixture(scope="module", autouse=True)
def _forked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let what a file of `_FORKED` starts be forked."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.stem in _FORKED:
            patch.setattr(sys, "executable", forking.python())
            server = "skillbank_engine" if _OF_THE_ENGINE.intersection(request.path.parts) else "skillbank"
            patch.setattr(multiprocessing.spawn, "_python_exe", os.fsencode(forking.spawning(server)))
        yield


def pytest_collection_finish() -> None:
    """Collect garbage from here on, without looking at what was imported."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # hypothesis listens to every collection; a test makes little garbage
    gc.enable()
    let_sqlite_not_wait()
    compile_once()
    # Torch is there by now. Programs say it themselves, and some are handed what stands here.
    os.environ.pop("OMP_WAIT_POLICY", None)


@pytest.fixture(autouse=True)
def voice() -> Iterator[None]:
    """Let errors speak as their sentences are written; tests of another door override this."""
    before = spoken()
    speak(Voice.COMMAND_LINE)
    yield
    speak(before)
