"""`skillbank verify` and `skillbank trust anchor`: what is looked at, what is said, and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.trust import signing_kit as kit
from tests.trust.test_signing import Cli
from tests.trust.test_signing import cli as cli


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """A bank of a signed skill, one that nobody signed, and one whose signer nobody knows."""
    bank = tmp_path / "bank"
    kit.sign(kit.make_skill(bank / "toy-good"))
    kit.make_skill(bank / "toy-plain")
    stranger = kit.issue("Stranger")
    kit.sign(kit.make_skill(bank / "toy-odd"), stranger, (stranger,))
    return bank


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return kit.house().root.write(tmp_path, "root")[1]


def states(out: str) -> dict[str, str]:
    return {s["skill"]: s["state"] for s in json.loads(out)["skills"]}


def test_a_bank_is_verified_whole(cli: Cli, bank: Path, root: Path) -> None:
    code, out, _ = cli("verify", bank, "--anchor", root, "--json")
    assert code == 1
    assert states(out) == {"toy-good": "verified", "toy-plain": "unsigned", "toy-odd": "unknown_signer"}
    document = json.loads(out)
    assert document["states"] == {"verified": 1, "unsigned": 1, "unknown_signer": 1}
    assert [a["fingerprint"] for a in document["anchors"]] == [kit.house().root.pinned.fingerprint]
    assert document["revocation"] == "not checked"
    code, out, _ = cli("verify", bank, "--anchor", root)
    assert "bank: 1 unknown_signer, 1 verified, 1 unsigned" in out and "revocation is not checked" in out
    assert "toy-odd: unknown_signer" in out and "'Stranger'" in out and "toy-good" not in out


def test_unsigned_counts_only_where_one_skill_is_meant_or_all_must_be(
    cli: Cli, bank: Path, root: Path
) -> None:
    shutil.rmtree(bank / "toy-odd")
    assert cli("verify", bank, "--anchor", root)[0] == 0
    assert cli("verify", bank, "--anchor", root, "--strict")[0] == 1
    assert cli("verify", bank / "toy-plain", "--anchor", root)[0] == 1
    assert cli("verify", bank / "toy-good", "--anchor", root)[0] == 0


def test_names_and_folders(cli: Cli, bank: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anchor = ("--anchor", root, "--json", "--bank", bank)
    assert states(cli("verify", "toy-good", *anchor)[1]) == {"toy-good": "verified"}
    assert states(cli("verify", "bank:toy-good", *anchor)[1]) == {"toy-good": "verified"}
    assert len(states(cli("verify", "bank", *anchor)[1])) == 3
    assert {"toy-good", "tao-train-grounding-dino"} <= states(cli("verify", *anchor)[1]).keys()
    code, out, _ = cli("verify", "toy-god", *anchor)
    assert code == 5 and "toy-good" in out
    monkeypatch.chdir(bank)
    assert states(cli("verify", "toy-good", *anchor)[1]) == {"toy-good": "verified"}
    other = bank.parent / "elsewhere"
    kit.make_skill(other / "toy-good")
    monkeypatch.chdir(other)
    code, out, _ = cli("verify", "toy-good", *anchor)
    assert code == 2 and "./toy-good" in out
    assert states(cli("verify", "./toy-good", *anchor)[1]) == {"toy-good": "unsigned"}
    assert states(cli("verify", "grounding dino", *anchor)[1]) == {"tao-train-grounding-dino": "unsigned"}
    (bank.parent / "empty").mkdir()
    assert cli("verify", bank.parent / "empty")[0] == 5


def test_a_skill_that_lost_its_heading_is_not_passed_over(cli: Cli, bank: Path, root: Path) -> None:
    (bank / "toy-good" / "SKILL.md").unlink()
    assert states(cli("verify", bank, "--anchor", root, "--json")[1])["toy-good"] == "changed"
    code, out, _ = cli("verify", bank / "toy-good", "--anchor", root)
    assert code == 1 and "SKILL.md (missing)" in out


def test_signed_folders_that_no_list_of_plugins_names_are_looked_at(cli: Cli, bank: Path, root: Path) -> None:
    (bank / ".claude-plugin").mkdir()
    listing = {"name": "shop", "plugins": [{"name": "x", "source": "./toy-plain"}]}
    (bank / ".claude-plugin" / "marketplace.json").write_text(json.dumps(listing))
    found = states(cli("verify", bank, "--anchor", root, "--json")[1])
    assert found["toy-good"] == "verified" and found["toy-odd"] == "unknown_signer"


def test_anchors_are_pinned_listed_and_removed(cli: Cli, bank: Path, root: Path, tmp_path: Path) -> None:
    code, out, _ = cli("verify", bank / "toy-good")
    assert code == 1 and "no anchor is pinned" in out
    code, out, _ = cli("trust", "anchor", "add", root, "--json")
    [added] = json.loads(out)["anchors"]
    fingerprint = kit.house().root.pinned.fingerprint
    assert (code, added["fingerprint"], added["subject"]) == (0, fingerprint, "CN=Toy Root")
    assert cli("verify", bank / "toy-good")[0] == 0
    assert fingerprint in cli("trust", "anchor", "list")[1]
    # --anchor is in place of what is pinned
    other = kit.issue("Other", ca=True).write(tmp_path, "other")[1]
    assert cli("verify", bank / "toy-good", "--anchor", other)[0] == 1
    assert cli("trust", "anchor", "remove", "ffffffff")[0] == 5
    spelled = ":".join(fingerprint[i : i + 2] for i in range(0, 12, 2)).upper()
    assert cli("trust", "anchor", "remove", spelled)[0] == 0
    assert cli("verify", bank / "toy-good")[0] == 1
    cli("trust", "anchor", "add", root)
    assert cli("trust", "anchor", "remove", root)[0] == 0
    assert json.loads(cli("trust", "anchor", "list", "--json")[1]) == {"anchors": []}


def test_only_certificates_can_be_pinned(cli: Cli, tmp_path: Path) -> None:
    key, root = kit.house().root.write(tmp_path, "root")
    both = tmp_path / "both.pem"
    both.write_bytes(root.read_bytes() + key.read_bytes())
    for wrong in (key, both, tmp_path):
        assert cli("trust", "anchor", "add", wrong)[0] == 2
    assert cli("trust", "anchor", "add", tmp_path / "none")[0] == 5
    assert cli("trust", "anchor", "list")[1].startswith("no anchor")


def test_an_anchor_that_cannot_be_read_is_never_passed_over(
    cli: Cli, bank: Path, root: Path, tmp_path: Path
) -> None:
    cli("trust", "anchor", "add", root)
    (tmp_path / "home" / "trust" / "anchors" / "mine.pem").write_text("words")
    code, _, err = cli("verify", bank)
    assert code == 4 and "mine.pem" in err


def test_a_machine_s_anchors_are_named_by_a_variable(
    cli: Cli, bank: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_ANCHORS", str(root))
    assert cli("verify", bank / "toy-good")[0] == 0
    monkeypatch.setenv("SKILLBANK_ANCHORS", str(tmp_path / "gone.pem"))
    assert cli("verify", bank / "toy-good")[0] == 4


def _signed(folder: Path, version: str, text: str = "") -> None:
    kit.make_skill(folder, version)
    (folder / "references" / "notes.md").write_text(text)
    kit.sign(folder)


def only(out: str) -> dict[str, object]:
    [found] = json.loads(out)["skills"]
    return dict(found)


def test_an_older_signed_version_that_is_put_back_is_said(cli: Cli, bank: Path, root: Path) -> None:
    skill, command = bank / "toy-good", ("verify", bank / "toy-good", "--anchor", root, "--json")
    for version in ("1.9.0", "1.10.0"):
        _signed(skill, version)
        assert only(cli(*command)[1])["rolled_back"] is False
    _signed(skill, "1.9.0")
    for _ in range(2):
        code, out, _ = cli(*command)
        found = only(out)
        assert (code, found["state"], found["rolled_back"]) == (0, "verified", True)
        assert "1.10.0" in str(found["notes"])
    assert cli(*command, "--strict")[0] == 1


def test_without_versions_the_order_of_first_sight_counts(cli: Cli, bank: Path, root: Path) -> None:
    skill, command = bank / "toy-good", ("verify", bank / "toy-good", "--anchor", root, "--json")
    for text, back in (("first", False), ("second", False), ("first", True), ("third", False)):
        _signed(skill, "1.0.0", text)
        assert only(cli(*command)[1])["rolled_back"] is back
    # another copy of the first, elsewhere, is not a step back
    copy = bank.parent / "copy" / "toy-good"
    _signed(copy, "1.0.0", "first")
    assert only(cli("verify", copy, "--anchor", root, "--json")[1])["rolled_back"] is False


def test_another_key_is_said(cli: Cli, bank: Path, root: Path) -> None:
    skill, house = bank / "toy-good", kit.house()
    command = ("verify", skill, "--anchor", root, "--json")
    assert only(cli(*command)[1])["signer_changed"] is False
    again = kit.issue("Toy Signer", house.middle, key=house.leaf.key)
    kit.sign(skill, again, (again, house.middle))
    assert only(cli(*command)[1])["signer_changed"] is False  # renewed, the key is the same
    other = kit.issue("Second Signer", house.middle)
    kit.sign(skill, other, (other, house.middle))
    found = only(cli(*command)[1])
    assert (found["state"], found["signer_changed"]) == ("verified", True) and "another key" in str(
        found["notes"]
    )


def test_a_signature_that_is_gone_is_said_and_fails_in_a_bank_too(cli: Cli, bank: Path, root: Path) -> None:
    shutil.rmtree(bank / "toy-odd")
    assert cli("verify", bank, "--anchor", root)[0] == 0
    (bank / "toy-good" / kit.SIGNATURE).unlink()
    code, out, _ = cli("verify", bank, "--anchor", root, "--json")
    found = {s["skill"]: s for s in json.loads(out)["skills"]}
    assert code == 1 and found["toy-good"]["was_signed"] and "Toy Signer" in str(found["toy-good"]["notes"])
    assert not found["toy-plain"]["was_signed"]


def test_a_memory_that_cannot_be_read_begins_anew(cli: Cli, bank: Path, root: Path, tmp_path: Path) -> None:
    file = tmp_path / "home" / "trust" / "seen.json"
    cli("verify", bank / "toy-good", "--anchor", root)
    for wrong in ("", "[]", '{"format": 1, "skills": {"toy-good": [3]}}', '{"format": 9}'):
        file.write_text(wrong)
        assert cli("verify", bank / "toy-good", "--anchor", root)[0] == 0
        assert json.loads(file.read_text())["skills"]["toy-good"]


def test_a_heading_above_signed_skills_does_not_hide_them(cli: Cli, bank: Path, root: Path) -> None:
    (bank / "SKILL.md").write_text("---\nname: bank\ndescription: x\n---\n")
    found = states(cli("verify", bank.parent, "--anchor", root, "--json")[1])
    assert found["toy-good"] == "verified" and found["bank"] == "unsigned"


def test_what_no_signature_covers_is_said(cli: Cli, bank: Path, root: Path) -> None:
    assert json.loads(cli("verify", bank, "--anchor", root, "--json")[1])["notes"] == []
    (bank / "versions.yaml").write_text("images: {}\n")
    [note] = json.loads(cli("verify", bank, "--anchor", root, "--json")[1])["notes"]
    assert "versions.yaml" in note


def test_without_a_memory_verifying_goes_on_and_it_is_said(
    cli: Cli, bank: Path, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "home" / "trust").mkdir(parents=True)
    (tmp_path / "home" / "trust" / "seen.lock").mkdir()
    code, out, _ = cli("verify", bank / "toy-good", "--anchor", root)
    assert code == 0 and "not known here" in out


def test_names_that_would_rewrite_a_terminal_are_written_out(cli: Cli, bank: Path, root: Path) -> None:
    (bank / "toy-good" / "\x1b[2J\u202e.md").write_text("x")
    stranger = kit.issue("\x1b[1mNVIDIA\u202e", ca=False)
    kit.sign(bank / "toy-odd", stranger, (stranger,))
    for json_too in ((), ("--json",)):
        _, out, err = cli("verify", bank, "--anchor", root, *json_too)
        assert "\x1b" not in out + err and "\u202e" not in out + err and "x1b" in out


def test_trusting_a_bank_names_the_signers_that_are_known(cli: Cli, bank: Path, root: Path) -> None:
    def signers() -> object:
        return json.loads(cli("trust", bank, "--yes", "--json")[1])["signers"]

    assert signers() == {}
    cli("trust", "anchor", "add", root)
    assert signers() == {"toy-good": "Toy Signer"}
    (bank / "toy-good" / "SKILL.md").write_text("---\nname: toy-good\n---\n")
    assert signers() == {}
    assert cli("trust", "--list")[0] == 0
    assert cli("trust")[0] == 2


def test_a_key_is_never_shown(cli: Cli, bank: Path, tmp_path: Path) -> None:
    key, _ = kit.house().leaf.write(tmp_path, "leaf")
    pem = kit.house().leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    code, out, err = cli("trust", "anchor", "add", key)
    assert code == 2 and not any(line in out + err for line in pem.splitlines()[1:-1])


def test_many_skills_that_nobody_signed_are_one_line(cli: Cli, tmp_path: Path) -> None:
    for number in range(5):
        folder = tmp_path / "many" / "skills" / f"toy-{number}"
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"---\nname: toy-{number}\ndescription: A toy.\n---\n")
    code, out, _ = cli("verify", tmp_path / "many")
    assert code == 0 and "many: 5 unsigned" in out
    assert "nobody vouches for them: toy-0, toy-1, toy-2, toy-3, toy-4" in out and out.count("toy-") == 5
