"""The public surface: what is exported, what importing it costs, and one root for all errors."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import skillbank
from skillbank import errors

HEAVY = (
    "torch",
    "transformers",
    "boto3",
    "docker",
    "kubernetes",
    "openai",
    "optuna",
    "sqlalchemy",
    "pydantic",
    "rich",
    "yaml",
)


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after running `code`."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_public_names() -> None:
    expected = [
        "JobRecord",
        "JobState",
        "Plan",
        "Request",
        "Runtime",
        "Skill",
        "SkillbankError",
        "__version__",
    ]
    assert skillbank.__all__ == expected
    assert all(getattr(skillbank, name) is not None for name in expected)


def test_importing_skillbank_loads_nothing_heavy() -> None:
    assert modules_after("import skillbank").isdisjoint(HEAVY)


def test_the_command_line_loads_nothing_heavy_before_a_command_runs() -> None:
    loaded = modules_after("import skillbank.cli")
    assert loaded.isdisjoint(
        {"torch", "transformers", "sqlalchemy", "pydantic", "rich", "yaml", "jsonschema"}
    )


def test_what_shows_things_imports_what_draws_them_when_it_draws() -> None:
    loaded = modules_after("from skillbank.cli import data_view, plan, plan_view, present, run, status")
    assert loaded.isdisjoint({"rich", "sqlalchemy", "numpy", "openai"})


def test_commands_on_data_sets_say_their_help_without_what_works_on_pictures() -> None:
    loaded = modules_after("from skillbank.cli import data_check, data_convert, data_show, data_split")
    assert loaded.isdisjoint({"numpy", "PIL", "rich", "sqlalchemy", "skillbank.datasets.formats"})


def test_planning_loads_no_database_and_no_engine() -> None:
    code = "from skillbank import Runtime\nRuntime().plan('train Grounding DINO on s3://b/d, no HPO')"
    unwanted = {"torch", "transformers", "sqlalchemy", "skillbank_engine", "rich"}
    # Who is named is not searched for, and nobody is asked.
    asking = {"urllib.request", "http.client", "ssl", "urllib3"}
    assert modules_after(code).isdisjoint({*unwanted, *asking, "numpy", "skillbank.bank.text_index"})


def test_what_is_drawn_once_imports_no_bars() -> None:
    loaded = modules_after("from skillbank.cli import drawing\ndrawing.table('a')")
    assert "rich.table" in loaded
    assert loaded.isdisjoint({"rich.progress", "rich.live", "skillbank.cli.moving"})
    assert "rich.progress" in modules_after("from skillbank.cli import drawing\ndrawing.amount()")


@pytest.mark.parametrize("command", ["plan", "run", "jobs", "status", "logs", "results", "cancel", "skills"])
def test_help_needs_no_runtime(command: str) -> None:
    code = f"from skillbank.cli import _Program\n[c.real() for c in _Program.later if c.name == '{command}']"
    unwanted = {"skillbank.runtime", "skillbank.plan.reader", "sqlalchemy", "numpy", "rich", "jsonschema"}
    assert modules_after(code).isdisjoint(unwanted)


def test_who_looks_after_a_job_loads_no_bank_no_reader_and_no_other_database() -> None:
    loaded = modules_after("import skillbank.background.supervisor")
    assert "sqlalchemy" in loaded
    unwanted = {"skillbank.bank.skill", "skillbank.plan.planner", "skillbank.plan.reader", "yaml"}
    assert loaded.isdisjoint({*unwanted, "skillbank.datasets.document", "sqlalchemy.dialects.postgresql"})


def test_the_engine_is_started_with_few_modules() -> None:
    loaded = modules_after("from skillbank.labelling.process import begin")
    unwanted = {"typer", "pydantic", "importlib.metadata", "skillbank.plugins", "skillbank.labelling.batch"}
    assert loaded.isdisjoint({*HEAVY, *unwanted} - {"yaml"})


def test_a_label_set_is_filled_without_what_reads_data_sets() -> None:
    loaded = modules_after("import skillbank.labelling.set_labels")
    assert loaded.isdisjoint({"skillbank.datasets.formats", "skillbank.labelling.set_job"})


def test_every_error_has_one_root_and_an_exit_code() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, Exception)]
    assert {c.__name__ for c in classes} | {"a_few", "did_you_mean", "is_full", "sentence_of"} == set(
        errors.__all__
    )
    assert all(issubclass(c, errors.SkillbankError) and c.exit_code in (1, 2, 3, 4, 5) for c in classes)
    assert errors.SkillNotFoundError("x").code == "skill_not_found"


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("sys.argv = ['skillbank', '--help']\nmain()", 0),
        ("sys.argv = ['skillbank', 'plan', '--no-such-option']\nmain()", 2),
        ("with block():\n    atexit.register(lambda: print('at the end'))\n    sys.exit(3)", 3),
        ("with block():\n    atexit.register(lambda: print('at the end'))\n    1 / 0", 1),
    ],
)
def test_a_command_that_has_ended_takes_nothing_apart(program: str, code: int) -> None:
    begin = (
        "import atexit, sys\nfrom skillbank.__main__ import main\n"
        "from skillbank.garbage import taking_nothing_apart as block\n"
        "class Apart:\n    def __del__(self, write=sys.stderr.write):\n        write('taken apart')\n"
        "kept = Apart()\n"
    )
    done = subprocess.run([sys.executable, "-c", begin + program], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert ("taken apart" in done.stderr) == ("1 / 0" in program)
    assert ("at the end" in done.stdout) == ("at the end" in program)


def test_a_list_of_jobs_reads_no_skill(tmp_path: Path) -> None:
    code = (
        "from skillbank.runtime import Runtime\n"
        f"with Runtime(database_url='sqlite:///{tmp_path / 'jobs.sqlite'}') as runtime:\n"
        "    assert not runtime.notes\n"
        "    assert not runtime.jobs.store.newest(20, trials=False)[0]"
    )
    assert modules_after(code).isdisjoint({"yaml", "skillbank.bank.discovery", "skillbank.bank.skill"})
