"""Whether a folder is what a known signer signed: every way of tampering, on a real skill and on our own."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from skillbank.trust.anchors import read_file
from skillbank.trust.certificates import Certificate
from skillbank.trust.signing import Signer, sign_skill
from skillbank.trust.verify import Verification, verify_skill
from tests.trust import signing_kit as kit


@dataclass(frozen=True)
class Signed:
    """A verified skill in a bank of its own copy, and what it verifies under."""

    folder: Path
    anchors: tuple[Certificate, ...]
    other: Path
    """A signature of another skill, by the same signer where it is ours."""

    def verify(self, folder: Path | None = None) -> Verification:
        folder = folder or self.folder
        return verify_skill(folder, self.anchors, bank="bank", bank_root=folder.parent)


@pytest.fixture(params=["real", "ours", "by hand"])
def signed(request: pytest.FixtureRequest, tmp_path: Path) -> Signed:
    bank = tmp_path / "bank"
    if request.param == "real":
        if not kit.CORPUS.is_dir():
            pytest.skip(f"the corpus of signed skills is not at {kit.CORPUS}")
        shutil.copytree(kit.CORPUS / "verified" / "tao-train-dino", bank / "tao-train-dino")
        other = kit.CORPUS / "changed" / "tao-train-reid" / kit.SIGNATURE
        return Signed(bank / "tao-train-dino", tuple(read_file(kit.CORPUS / "root.pem")), other)
    house = kit.house()
    folder, other = kit.make_skill(bank / "toy-train"), kit.make_skill(tmp_path / "toy-other")
    if request.param == "by hand":
        kit.sign(folder)
        kit.sign(other)
    else:
        signer = Signer(house.leaf.key, house.leaf.pinned, (house.middle.pinned, house.root.pinned))
        for skill in (folder, other):
            sign_skill(skill, signer, bank_root=skill.parent).write()
    return Signed(folder, (house.root.pinned,), other / kit.SIGNATURE)


def test_what_was_signed_is_verified(signed: Signed) -> None:
    found = signed.verify()
    assert (found.state, found.files, found.fault, found.notes) == ("verified", (), "", ())
    assert found.signer and "Sign" in found.signer and found.claimed is None
    assert found.anchor == signed.anchors[0].fingerprint and found.expires and found.digest
    assert set(found.signed) == set(kit.files_of(signed.folder))


Row = tuple[Callable[[Path], object], set[tuple[str, str, str]]]


def _append(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("ab") as file:
            file.write(content)

    return change


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _to_link(folder: Path) -> None:
    copy = folder.parent / "copy.yaml"
    (folder / "references/skill_info.yaml").rename(copy)
    (folder / "references/skill_info.yaml").symlink_to(copy)


def _to_linked_folder(folder: Path) -> None:
    (folder / "schemas").rename(folder.parent / "schemas")
    (folder / "schemas").symlink_to(folder.parent / "schemas")


def _link(name: str, target: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).symlink_to(target)


def _socket(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)  # the name of a socket has at most 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("door")
    finally:
        os.chdir(here)


def _pipe_in_place(folder: Path) -> None:
    (folder / "SKILL.md").unlink()
    os.mkfifo(folder / "SKILL.md")


TAMPERING: dict[str, Row] = {
    "one byte of prose": (_append("SKILL.md", b"\n"), {("SKILL.md", "prose", "differs")}),
    "one byte of a command": (
        _append("references/skill_info.yaml", b"#"),
        {("references/skill_info.yaml", "executable", "differs")},
    ),
    "another file": (_append("evals/evals.json", b" "), {("evals/evals.json", "other", "differs")}),
    "a file is gone": (
        _remove("schemas/train.schema.json"),
        {("schemas/train.schema.json", "executable", "missing")},
    ),
    "SKILL.md is gone": (_remove("SKILL.md"), {("SKILL.md", "prose", "missing")}),
    "a link in a file's place": (_to_link, {("references/skill_info.yaml", "executable", "differs")}),
    "an overlay is added": (
        _append("references/evil.skill_info.yaml", b"actions: {train: {command: evil}}"),
        {("references/evil.skill_info.yaml", "executable", "extra")},
    ),
    "a schema is added": (
        _append("schemas/x.schema.json", b"{}"),
        {("schemas/x.schema.json", "executable", "extra")},
    ),
    "a template is added": (
        _append("references/spec_template_evil.yaml", b"a: 1"),
        {("references/spec_template_evil.yaml", "executable", "extra")},
    ),
    "prose is added": (
        _append("references/read-me-first.md", b"hi"),
        {("references/read-me-first.md", "prose", "extra")},
    ),
    "a nested repository": (_append("references/.git/x", b"x"), {("references/.git/x", "other", "extra")}),
    "a nested .gitignore": (
        _append("references/.gitignore", b"x"),
        {("references/.gitignore", "other", "extra")},
    ),
    "a repository in a bank's skill": (_append(".git/config", b"x"), {(".git/config", "other", "extra")}),
    "words for agents in .github": (
        _append(".github/copilot-instructions.md", b"approve"),
        {(".github/copilot-instructions.md", "prose", "extra")},
    ),
    "bytecode": (_append("__pycache__/x.pyc", b"x"), {("__pycache__/x.pyc", "other", "extra")}),
    "a desktop's file": (_append(".DS_Store", b"x"), {(".DS_Store", "other", "extra")}),
    "a link out": (_link("passwd", "/etc/passwd"), {("passwd", "other", "extra")}),
    "an inert name that is a link": (_link(".gitignore", "/etc/passwd"), {(".gitignore", "other", "extra")}),
    "an inert name that is a folder": (
        _append(".gitattributes/x.md", b""),
        {(".gitattributes/x.md", "prose", "extra")},
    ),
    "a pipe": (lambda folder: os.mkfifo(folder / "pipe"), {("pipe", "other", "extra")}),
    "a pipe in a file's place": (_pipe_in_place, {("SKILL.md", "prose", "differs")}),
    "a socket": (_socket, {("door", "other", "extra")}),
    "a name of bytes": (
        lambda folder: (Path(os.fsdecode(os.fsencode(folder) + b"/\xff.md"))).write_text("x"),
        {("\\udcff.md", "prose", "extra")},
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_a_change_of_named_files(signed: Signed, how: str) -> None:
    tamper, expected = TAMPERING[how]
    tamper(signed.folder)
    found = signed.verify()
    assert found.state == "changed", found.sentence
    said = {(c["path"], c["kind"], c["change"]) for c in (f.document() for f in found.files)}
    assert said == expected
    json.dumps(found.document()).encode()
    assert all(c.change == "extra" or "is" in c.detail or not c.detail for c in found.files)


def test_a_linked_folder_hides_no_file(signed: Signed) -> None:
    names = {n for n in kit.files_of(signed.folder) if n.startswith("schemas/")}
    _to_linked_folder(signed.folder)
    found = signed.verify()
    assert found.state == "changed"
    assert {(c.path, c.change) for c in found.files} == {(n, "missing") for n in names} | {
        ("schemas", "extra")
    }


def test_line_ends_alone_are_named_with_the_way_out(signed: Signed) -> None:
    for name in ("SKILL.md", "references/skill_info.yaml"):
        file = signed.folder / name
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    found = signed.verify()
    assert found.state == "changed" and any("core.autocrlf" in note for note in found.notes)
    (signed.folder / "SKILL.md").write_bytes((signed.folder / "SKILL.md").read_bytes() + b"more\r\n")
    assert not any("core.autocrlf" in note for note in signed.verify().notes)


@pytest.mark.parametrize("name", [".gitignore", ".gitattributes"])
def test_what_only_git_reads_may_lie_at_the_top(signed: Signed, name: str) -> None:
    (signed.folder / name).write_text("x\n")
    assert signed.verify().state == "verified"


def test_a_bank_of_one_skill_may_be_a_repository(signed: Signed) -> None:
    (signed.folder / ".git").mkdir()
    (signed.folder / ".git" / "config").write_text("[core]\n")
    alone = verify_skill(signed.folder, signed.anchors, bank_root=signed.folder)
    assert alone.state == "verified"
    assert signed.verify().state == "changed"


def test_empty_folders_and_modes_are_not_signed_and_modes_are_said(signed: Signed) -> None:
    (signed.folder / "references" / "empty").mkdir()
    assert signed.verify().notes == ()
    (signed.folder / "SKILL.md").chmod(0o777)
    found = signed.verify()
    assert found.state == "verified" and found.notes == (
        "1 of its files can be written by every user of this machine",
    )


def test_another_name_of_the_folder_is_no_verified_skill(signed: Signed) -> None:
    renamed = signed.folder.rename(signed.folder.with_name("tao-train-grounding-dino"))
    found = signed.verify(renamed)
    assert (found.state, found.files) == ("changed", ())
    assert f"signed as '{signed.folder.name}'" in found.fault and "tao-train-grounding-dino" in found.fault


def test_a_signature_of_another_skill_does_not_fit(signed: Signed) -> None:
    shutil.copy(signed.other, signed.folder / kit.SIGNATURE)
    found = signed.verify()
    assert found.state == "changed" and "signed as" in found.fault


def test_the_name_that_skill_md_gives_has_to_be_the_signed_one(tmp_path: Path) -> None:
    folder = kit.make_skill(tmp_path / "bank" / "toy-train")
    for name, state in (
        ("tao-train-grounding-dino", "changed"),
        ("'toy-train'", "verified"),
        ("[", "verified"),
    ):
        (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: x\n---\n")
        kit.sign(folder)  # what lies there is what was signed
        found = verify_skill(folder, [kit.house().root.pinned], bank_root=folder.parent)
        assert found.state == state, found.sentence
        assert state == "verified" or "its SKILL.md says 'tao-train-grounding-dino'" in found.fault


def test_without_its_signature_a_skill_is_unsigned(signed: Signed) -> None:
    (signed.folder / kit.SIGNATURE).unlink()
    assert signed.verify().state == "unsigned"


def test_only_pinned_anchors_count_and_changes_are_said_all_the_same(signed: Signed) -> None:
    (signed.folder / "SKILL.md").write_text("other")
    for anchors in ((), (kit.issue("Somebody", ca=True).pinned,)):
        found = verify_skill(signed.folder, anchors, bank_root=signed.folder.parent)
        assert (found.state, found.signer) == ("unknown_signer", None)
        assert found.claimed and [c.path for c in found.files] == ["SKILL.md"]
        assert found.signed == {}


def test_the_bundle_s_own_root_is_never_an_anchor(signed: Signed) -> None:
    bundle = json.loads((signed.folder / kit.SIGNATURE).read_text())
    assert len(bundle["verificationMaterial"]["x509CertificateChain"]["certificates"]) == 3
    assert verify_skill(signed.folder, (), bank_root=signed.folder.parent).state == "unknown_signer"


def test_a_signature_may_be_laid_out_anew(signed: Signed) -> None:
    file = signed.folder / kit.SIGNATURE
    file.write_text(json.dumps(json.loads(file.read_text()), indent=4, sort_keys=True) + "\n")
    assert signed.verify().state == "verified"


def _flip(folder: Path, key: str) -> None:
    import base64

    file = folder / kit.SIGNATURE
    bundle = json.loads(file.read_text())
    envelope = bundle["dsseEnvelope"]
    place = envelope if key == "payload" else envelope["signatures"][0]
    content = bytearray(base64.b64decode(place[key]))
    content[len(content) // 2] ^= 1
    place[key] = kit.text(bytes(content))
    file.write_text(json.dumps(bundle))


@pytest.mark.parametrize("key", ["payload", "sig"])
def test_one_bit_of_payload_or_signature_breaks_it(signed: Signed, key: str) -> None:
    _flip(signed.folder, key)
    assert signed.verify().state == "broken"


def test_a_payload_written_anew_with_the_same_meaning_is_broken(signed: Signed) -> None:
    import base64

    file = signed.folder / kit.SIGNATURE
    bundle = json.loads(file.read_text())
    payload = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    bundle["dsseEnvelope"]["payload"] = kit.text(json.dumps(payload, indent=1).encode())
    file.write_text(json.dumps(bundle))
    assert signed.verify().state == "broken"


def test_signing_again_under_authorities_of_the_same_names_is_an_unknown_signer(signed: Signed) -> None:
    names = [c.parsed.subject.rfc4514_string() for c in signed.anchors]
    root = kit.issue(signed.anchors[0].name, ca=True)
    leaf = kit.issue("Toy Signer", root)
    kit.sign(signed.folder, leaf, (leaf, root))
    found = signed.verify()
    assert found.state == "unknown_signer" and names
    # also when the pinned root itself is laid beside it
    pinned = kit.Holder(None, signed.anchors[0].parsed)
    kit.sign(signed.folder, leaf, (leaf, pinned))
    assert signed.verify().state == "unknown_signer"


def test_the_signature_file_itself_has_to_be_a_plain_file(signed: Signed) -> None:
    file = signed.folder / kit.SIGNATURE
    elsewhere = file.rename(signed.folder.parent / "sig")
    file.symlink_to(elsewhere)
    assert signed.verify().state == "broken"
    file.unlink()
    os.mkfifo(file)
    assert signed.verify().state == "broken"
    file.unlink()
    file.mkdir()
    assert signed.verify().state == "broken"
    file.rmdir()
    file.write_bytes(b"")
    assert signed.verify().state == "broken"
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert "larger" in signed.verify().fault


def test_a_file_without_an_end_is_not_read(signed: Signed) -> None:
    with (signed.folder / "references/skill_info.yaml").open("wb") as sparse:
        sparse.truncate(1 << 40)
    [change] = signed.verify().files
    assert (change.change, change.kind) == ("differs", "executable") and "larger" in change.detail


def test_too_many_files_are_a_change(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    from skillbank.trust import contents

    monkeypatch.setattr(contents, "MAX_FILES", 3)
    found = signed.verify()
    assert found.state == "changed" and "more than 3" in found.sentence


def test_what_was_not_looked_at_is_not_verified(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    from skillbank.trust import contents

    (signed.folder / "0" / "empty").mkdir(parents=True)
    entries = len(list(signed.folder.rglob("*")))
    monkeypatch.setattr(contents, "MAX_FILES", entries)
    assert signed.verify().state == "verified"
    monkeypatch.setattr(contents, "MAX_FILES", entries - 1)
    found = signed.verify()
    assert (found.state, found.files) == ("changed", ()) and "more than" in found.fault


def test_the_corpus_has_the_three_states_that_its_folders_are_called_by() -> None:
    if not kit.CORPUS.is_dir():
        pytest.skip(f"the corpus of signed skills is not at {kit.CORPUS}")
    anchors = read_file(kit.CORPUS / "root.pem")
    states = {}
    for kind in ("verified", "changed", "other-root"):
        [folder] = (kit.CORPUS / kind).iterdir()
        states[kind] = verify_skill(folder, anchors, bank_root=folder.parent)
    assert states["verified"].state == "verified"
    assert states["verified"].signer == "NVIDIA Agent Skills Signing 001"
    changed = states["changed"]
    assert changed.state == "changed" and changed.signer == "NVIDIA Agent Skills Signing 001"
    assert {(c.path, c.kind) for c in changed.files} == {
        ("SKILL.md", "prose"),
        ("references/skill_info.yaml", "executable"),
    }
    other = states["other-root"]
    assert (other.state, other.signer) == ("unknown_signer", None)
    assert [c.path for c in other.files] == ["SKILL.md"]
