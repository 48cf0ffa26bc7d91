"""What of our environment reaches a program: a list, the plan's names, and nothing under any other name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.bank.home import bank_root
from skillbank.plan.variables import LONGEST, name_problem
from skillbank.redact import looks_secret
from skillbank.trust.environment import USUAL, program_environment, usual_values

LISTED = {name for names in USUAL.values() for name in names}
INNOCENT = (
    "COMPANY_CANARY", "MY_DATA", "DATABASE", "PGSERVICE", "BUILD_NUMBER", "CUDA_CANARY", "NVIDIA_NOTE",
    "LC_CANARY", "HF_NOTE", "OMP_NOTE", "PYTHONPATH", "LD_PRELOAD", "SKILLBANK_APPROVE",
    "SKILLBANK_DATABASE_URL", "SKILLBANK_TRUST", "SSH_AUTH_SOCK", "AWS_ACCESS_KEY_ID", "AWS_PROFILE",
    "NGC_KEY", "NVIDIA_API_KEY",
)  # fmt: skip


def test_what_is_not_named_stays_with_us_whatever_it_is_called() -> None:
    ours = {"PATH": "/bin", "HOME": "/root", **dict.fromkeys(INNOCENT, "canary")}
    assert program_environment((), ours) == {"PATH": "/bin", "HOME": "/root"}
    assert program_environment(("MY_DATA", "ABSENT"), ours) == {
        "PATH": "/bin",
        "HOME": "/root",
        "MY_DATA": "canary",
    }


@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,30}", fullmatch=True), st.just("x")))
def test_only_what_is_listed_is_handed_over(ours: dict[str, str]) -> None:
    assert set(usual_values(ours)) == LISTED & set(ours)


@pytest.mark.parametrize(
    "address",
    ["http://me:canary@proxy:3128", "http://canary@proxy", "me:canary@proxy:3128", "//me:canary@proxy"],
)
def test_an_address_with_a_login_goes_to_nobody_who_does_not_name_it(address: str) -> None:
    ours = {"HTTPS_PROXY": address, "http_proxy": address, "HF_ENDPOINT": address, "NO_PROXY": "localhost"}
    assert program_environment((), ours) == {"NO_PROXY": "localhost"}
    assert program_environment(("HTTPS_PROXY",), ours)["HTTPS_PROXY"] == address
    assert usual_values({"HTTPS_PROXY": "http://proxy:3128"}) == {"HTTPS_PROXY": "http://proxy:3128"}


def test_no_secret_and_nothing_of_ours_is_on_the_list() -> None:
    switch = "HF_HUB_DISABLE_IMPLICIT_TOKEN"  # says that a login is not to be used
    assert [n for n in LISTED - {switch} if looks_secret(n) or n.startswith("SKILLBANK_")] == []


def test_the_documentation_names_every_variable_of_the_list() -> None:
    text = (bank_root() / "references" / "trust.md").read_text()
    said = {
        name
        for row in re.findall(r"^\| [^|]+ \| (`.*`) \|$", text, re.M)
        for name in re.findall(r"`([A-Za-z_][A-Za-z0-9_]*)`", row)
    }
    assert said == LISTED


@pytest.mark.parametrize(
    "name",
    [
        "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_ANYTHING", "DYLD_INSERT_LIBRARIES", "PATH",
        "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "BASH_ENV", "ENV", "IFS",
        "NODE_OPTIONS", "PERL5OPT", "RUBYOPT", "GIT_SSH_COMMAND", "HOME", "SHELL",
        "SKILLBANK_DATABASE_URL", "SKILLBANK_ANYTHING",
        "ld_preload",
        "SSH_AUTH_SOCK", "GLIBC_TUNABLES", "GCONV_PATH", "JAVA_TOOL_OPTIONS", "BASH_FUNC_x",
        "A=B", "A\nB", "A B", "A\0", "", " ", "1A", "A-B", "Ä", "A" * (LONGEST + 1), "A\u200b", "\u0410",
        "A\n",
    ],
)  # fmt: skip
def test_names_that_no_bank_is_given(name: str) -> None:
    problem = name_problem(name)
    assert problem is not None and problem.isprintable() and len(problem) < 160


@pytest.mark.parametrize(
    "name",
    ["HF_TOKEN", "NGC_KEY", "AWS_SECRET_ACCESS_KEY", "SLURM_USER", "MASTER_ADDR", "NODE_RANK", "_x", "a1"],
)
def test_names_that_a_bank_may_ask_for(name: str) -> None:
    assert name_problem(name) is None


@given(st.text(max_size=40))
def test_a_name_that_passes_is_a_name(text: str) -> None:
    if name_problem(text) is None:
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text, re.ASCII)


def test_the_home_of_the_list_is_one_module() -> None:
    """Nobody else in what runs commands of banks builds an environment out of ours."""
    package = Path(__file__).parents[2] / "runtime" / "skillbank"
    mine = re.compile(r"\*\*os\.environ|\bos\.environ\b|\beverything\(\)|\bsnapshot\(\)")
    found = sorted(
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if file.parent.name != "audit" and mine.search(file.read_text())
    )
    # The keeper has no more than its job; sbatch's own job gets a file of names; git reads a repository and
    # starts nothing of it; what is to be hidden, and which names are there, is looked up in all.
    assert found == [
        "environment.py",
        "platforms/keeper.py",
        "platforms/kubernetes/refusals.py",
        "platforms/slurm/commands.py",
        "redact.py",
        "sources/git.py",
        "trust/environment.py",
    ]
