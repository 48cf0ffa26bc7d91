"""What the gate says of a plan: whether its bank is as it was, and what is kept of what it let pass."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from skillbank import approval_code
from skillbank.approval_code import Lock
from skillbank.environment import TRUST
from skillbank.errors import QuestionsError, StateError, TrustError, UsageError
from skillbank.plan.model import Plan, Policy, Question, Route, SearchNeeds, SkillRef
from skillbank.trust.beforehand import Entry, entries
from skillbank.trust.decisions import Decision, keep, now
from skillbank.trust.environment import UNCHANGED
from skillbank.trust.gate import LONGEST_COMMAND, admit, admit_within, check_command, rehearse
from skillbank.trust.standing import Standing
from tests.gate import OWN

DIGEST = "a" * 64
WAS = {
    "name": "toy",
    "version": "1",
    "digest": "d",
    "bank": "b",
    "bank_digest": DIGEST,
    "commit": "c1",
    "signer": "ann",
}
IS = Standing("b", "trusted", DIGEST, "https://x.org/b", "c1")


def plan(skill: dict[str, Any] | None = None, **fields: Any) -> Plan:
    made: dict[str, Any] = {
        "skill": SkillRef(**{**WAS, **(skill or {})}),
        "action": "train",
        "route": Route(name="direct", reason="made by a test"),
        "automl_policy": Policy(value="off", source="user"),
        "platform": "local",
        "image": None,
        "command": ("toy", "train"),
        "spec": {},
    }
    return Plan(**{**made, **fields})


@pytest.mark.parametrize(
    ("standing", "signer", "said"),
    [
        (IS, None, ""),
        (IS, "ann", ""),
        (IS, "bob", "the skill's signer was ann and is bob;"),
        (IS, "", "the skill's signer was ann and is none;"),
        (Standing("b", "trusted", DIGEST, commit="c2"), None, "commit was c1 and is c2;"),
        (Standing("b", "trusted", DIGEST), None, "commit was c1 and is none;"),
        (
            Standing("b", "trusted", "b" * 64, commit="c1"),
            None,
            "files of it have changed, digest aaaaaaaaaaaa -> bbbbbbbbbbbb;",
        ),
        (Standing("b", "trusted", commit="c1"), None, "digest aaaaaaaaaaaa -> none;"),
    ],
)
def test_a_bank_that_is_not_as_it_was_starts_nothing(
    standing: Standing, signer: str | None, said: str
) -> None:
    if said:
        with pytest.raises(StateError, match="bank b is not as it was when plan") as error:
            admit(plan(), "d", standing, signer=signer)
        assert said in str(error.value)
    else:
        assert admit(plan(), "d", standing, signer=signer).real


def test_of_our_own_bank_and_of_one_that_nobody_looked_at_nothing_is_compared() -> None:
    assert admit(plan(), "d", OWN, signer="bob").real
    assert admit(plan({"bank_digest": ""}), "d", Standing("b", "trusted"), signer="bob").real


def test_questions_another_skill_and_no_trust_start_nothing() -> None:
    with pytest.raises(QuestionsError, match="has open questions: "):
        admit(plan(questions=(Question(key="a", why="which"),)), "d", IS)
    with pytest.raises(StateError, match="the skill toy has changed since plan"):
        admit(plan(), "e", IS)
    evaluation = plan({"digest": "e"}, action="evaluate")
    with pytest.raises(StateError, match="the skill toy has changed since plan"):
        admit(plan(search=SearchNeeds(schema_sha256="x", evaluation=evaluation)), "d", IS)
    with pytest.raises(TrustError, match="nobody"):
        admit(plan(), "d", Standing("b", "untrusted", DIGEST, sentence="nobody has trusted it"))


def test_what_passed_is_kept_and_a_decision_that_is_taken_back_ends_what_belongs_to_it(
    tmp_path: Path,
) -> None:
    root = tmp_path / "bank"
    evaluation = plan(command=("toy", "evaluate"), env_names=("B", "A"))
    search = SearchNeeds(schema_sha256="x", settle={"train": "toy settle"}, evaluation=evaluation)
    outer = plan(search=search, env_names=("A",))
    undecided = admit(outer, "d", IS, root, environment={"A": "1", "C": "2"})
    kept = undecided.admission
    assert kept.commands == (("toy", "train"), ("toy", "evaluate")) and kept.env_names == ("A", "B")
    assert (kept.settle, kept.signer, kept.commit) == ({"train": "toy settle"}, "ann", "c1")
    assert (kept.root, kept.decided, kept.trust, kept.bank_digest) == (str(root), False, "trusted", DIGEST)
    assert undecided.named == {"A": "1"} and undecided.env == {"A": "1", **UNCHANGED}
    assert kept.handed == ("A",)
    keep(Decision(bank="b", root=str(root), digest=DIGEST, when=now()))
    decided = admit(outer, "d", IS, root).admission
    assert decided.decided
    assert not admit(outer, "d", IS).admission.decided, "without a folder nobody decided about it"
    assert not admit(outer, "d", OWN, root).admission.decided
    trial = plan(env_names=("A",))
    within = admit_within(trial, decided, {"A": "1"}).admission
    assert (within.plan_id, within.commands, within.settle) == (trial.plan_id, (("toy", "train"),), {})
    keep(Decision(bank="b", root=str(root), digest=DIGEST, when=now()))
    for file in (Path(os.environ["SKILLBANK_HOME"]) / "trust" / "banks").glob("*.json"):
        file.unlink()
    with pytest.raises(TrustError, match="is trusted no more"):
        admit_within(trial, decided)
    assert admit_within(trial, kept).real, "where nobody had decided, nothing is taken back"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, ""),
        ({"command": ("toy", "other")}, "its command differs"),
        ({"env_names": ("Z",)}, "a variable differs"),
        ({"skill": {"digest": "e"}}, "its skill differs"),
        ({"command": ("x",), "env_names": ("Z",)}, "its command and a variable differs"),
    ],
)
def test_a_part_has_nothing_that_its_search_did_not_have(fields: dict[str, Any], said: str) -> None:
    outer = admit(plan(), "d", IS).admission
    if said:
        with pytest.raises(TrustError, match=f"which was admitted: {said}"):
            admit_within(plan(**fields), outer)
    else:
        assert admit_within(plan(**fields), outer).real
    with pytest.raises(QuestionsError):
        admit_within(plan(questions=(Question(key="a", why="which"),)), outer)


def test_a_rehearsal_starts_nothing() -> None:
    shown = rehearse(plan())
    assert (shown.real, shown.admission.trust, shown.admission.commands) == (
        False,
        "rehearsed",
        (("toy", "train"),),
    )
    with pytest.raises(TrustError, match="was only shown"):
        shown.refuse_rehearsal()
    admit(plan(), "d", IS).refuse_rehearsal()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("toy make", ""),
        ("/usr/bin/toy make", ""),
        ("", ""),
        ("bin/toy make", "begins with the path bin/toy"),
        ("toy bin/make", ""),
        (f"toy {'x' * (LONGEST_COMMAND - 4)}", ""),
        (f"toy {'x' * (LONGEST_COMMAND - 3)}", f"is {LONGEST_COMMAND + 1} characters long"),
    ],
)
def test_a_command_that_stands_alone(text: str, said: str) -> None:
    if said:
        with pytest.raises(TrustError, match=said):
            check_command(text, "the skill toy")
    else:
        check_command(text, "the skill toy")


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        (f"bank@{DIGEST}", ""),
        ("/place@*", ""),
        (f"/place@{DIGEST}", ""),
        ("bank@*", "needs a digest, for \\* stands only behind a path"),
        ("bank", "names no bank and digest"),
        (f"@{DIGEST}", "names no bank and digest"),
        (f"a/b@{DIGEST}", "is neither a bank's name nor a whole path"),
        (f"bank@{DIGEST[1:]}", "has no digest of 64 hex digits"),
        (f"bank@{DIGEST.upper()}", "has no digest of 64 hex digits"),
    ],
)
def test_what_is_decided_beforehand(word: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUST.name, f"other@{DIGEST} {word}")
    if problem:
        with pytest.raises(UsageError, match=f"' {problem}"):
            entries()
    else:
        bank, _, digest = word.partition("@")
        assert entries() == (Entry("other", DIGEST), Entry(bank, digest))


@pytest.mark.parametrize(
    ("entry", "means"),
    [
        (Entry("b", DIGEST), True),
        (Entry("c", DIGEST), False),
        (Entry("/banks/b", DIGEST), True),
        (Entry("/banks", DIGEST), False),
        (Entry("/banks", "*"), True),
        (Entry("/bank", "*"), False),
    ],
)
def test_which_bank_is_meant(entry: Entry, means: bool) -> None:
    assert entry.means("b", Path("/banks/b")) is means


@pytest.mark.parametrize(
    ("error", "own", "shut"),
    [
        (PermissionError, True, True),
        (PermissionError, False, False),
        (OSError, False, True),
        (FileNotFoundError, True, False),
        (NotADirectoryError, True, False),
    ],
)
def test_a_place_that_cannot_be_looked_into_may_hold_a_code(
    error: type[OSError], own: bool, shut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lstat(place: Path) -> os.stat_result:
        raise error("no")

    monkeypatch.setattr(os, "lstat", lstat)
    monkeypatch.setattr(approval_code, "_own", lambda _: own)
    monkeypatch.setattr(approval_code, "_places", lambda: iter([Path("/somebody/approval-code")]))
    assert Lock.read().shut is shut
    if error is PermissionError:
        assert approval_code._may_be(approval_code._SYSTEM)
