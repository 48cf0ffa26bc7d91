"""Signing: what `sign` writes, `verify` and anybody else can verify; what cannot be signed is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from skillbank.bank.home import bank_root
from skillbank.bank.manifest import manifest_problems, write_manifest
from skillbank.cli import main
from tests.trust import signing_kit as kit

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """Run the command line with a home of its own; exit code, stdout and stderr."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_ANCHORS", raising=False)

    def run(*argv: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["skillbank", *map(str, argv)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    return kit.make_skill(tmp_path / "bank" / "toy-train")


def key_file(folder: Path, curve: ec.EllipticCurve | None = None, passphrase: bytes = b"") -> Path:
    key = ec.generate_private_key(curve or ec.SECP384R1())
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    file = folder / "release.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    return file


def check_alone(folder: Path, anchor: x509.Certificate) -> str:
    """Verify a skill with `cryptography` and `json` alone; return the name that was signed."""
    bundle = json.loads((folder / "skill.oms.sig").read_text())
    chain = [
        x509.load_der_x509_certificate(base64.b64decode(c["rawBytes"]))
        for c in bundle["verificationMaterial"]["x509CertificateChain"]["certificates"]
    ]
    for child, issuer in zip(chain, [*chain[1:], anchor], strict=True):
        child.verify_directly_issued_by(issuer)
    envelope = bundle["dsseEnvelope"]
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    [signature] = envelope["signatures"]
    signed = b" ".join([b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload])
    key = chain[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    digest = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[key.curve.key_size]
    key.verify(base64.b64decode(signature["sig"]), signed, ec.ECDSA(digest))
    statement = json.loads(payload)
    resources = statement["predicate"]["resources"]
    there = {n: hashlib.sha256(content).hexdigest() for n, content in kit.files_of(folder).items()}
    assert {r["name"]: r["digest"] for r in resources} == there
    whole = hashlib.sha256(b"".join(bytes.fromhex(r["digest"]) for r in resources)).hexdigest()
    [subject] = statement["subject"]
    assert subject["digest"] == {"sha256": whole}
    return str(subject["name"])


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_bare_key_becomes_its_own_anchor(
    cli: Cli, skill: Path, tmp_path: Path, curve: ec.EllipticCurve
) -> None:
    key = key_file(tmp_path, curve)
    code, out, _ = cli("sign", skill, "--key", key, "--signer", "Toy works", "--json")
    said = json.loads(out)
    anchor = tmp_path / "release.certificate.pem"
    assert (code, said["signer"], said["anchor_file"]) == (0, "Toy works", str(anchor))
    assert cli("verify", skill)[0] == 1  # nobody has pinned it
    code, out, _ = cli("verify", skill, "--anchor", anchor, "--json")
    [found] = json.loads(out)["skills"]
    assert (code, found["state"], found["signer"]) == (0, "verified", "Toy works")
    assert found["anchor"] == said["anchor"]
    assert check_alone(skill, x509.load_pem_x509_certificate(anchor.read_bytes())) == "toy-train"
    # Signed again later, it is still the same anchor.
    (skill / "SKILL.md").write_text((skill / "SKILL.md").read_text() + "more\n")
    assert cli("verify", skill, "--anchor", anchor)[0] == 1
    assert cli("sign", skill, "--key", key)[0] == 0
    assert cli("verify", skill, "--anchor", anchor)[0] == 0


def test_a_certificate_with_its_chain(cli: Cli, skill: Path, tmp_path: Path) -> None:
    house = kit.house()
    key, leaf = house.leaf.write(tmp_path, "leaf")
    (_, middle), (_, root) = house.middle.write(tmp_path, "middle"), house.root.write(tmp_path, "root")
    chain = ("--certificate", leaf, "--chain", middle, "--chain", root)
    assert cli("sign", skill, "--key", key, *chain)[0] == 0
    assert cli("verify", skill, "--anchor", root)[0] == 0
    bundle = json.loads((skill / kit.SIGNATURE).read_text())
    assert len(bundle["verificationMaterial"]["x509CertificateChain"]["certificates"]) == 3
    assert check_alone(skill, house.root.certificate) == "toy-train"
    joined = tmp_path / "joined.pem"
    joined.write_bytes(b"".join(f.read_bytes() for f in (leaf, middle, root)))
    assert cli("sign", skill, "--key", key, "--certificate", joined)[0] == 0
    assert cli("verify", skill, "--anchor", root)[0] == 0
    code, _, err = cli("sign", skill, "--key", key, "--certificate", leaf, "--chain", root)
    assert code == 2 and "--chain" in err
    other, _ = kit.issue("Other").write(tmp_path, "other")
    code, _, err = cli("sign", skill, "--key", other, "--certificate", joined)
    assert code == 2 and "another key" in err
    ended = kit.issue("Signer", house.root, ends=kit.NOW - timedelta(hours=1))
    key, leaf = ended.write(tmp_path, "ended")
    code, _, err = cli("sign", skill, "--key", key, "--certificate", leaf, "--chain", root)
    assert code == 2 and "renew it" in err


def test_an_encrypted_key_asks_for_its_passphrase_and_never_by_argument(
    cli: Cli, skill: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_file(tmp_path, passphrase=b"open sesame")
    code, _, err = cli("sign", skill, "--key", key)
    assert code == 2 and "--passphrase-env" in err
    monkeypatch.setenv("WORD", "wrong")
    code, _, err = cli("sign", skill, "--key", key, "--passphrase-env", "WORD")
    assert code == 2 and "passphrase" in err and "wrong" not in err
    monkeypatch.setenv("WORD", "open sesame")
    assert cli("sign", skill, "--key", key, "--passphrase-env", "WORD")[0] == 0
    monkeypatch.delenv("WORD")
    code, _, err = cli("sign", skill, "--key", key, "--passphrase-env", "WORD")
    assert code == 2 and "WORD" in err


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _repository(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")


def _other_name(folder: Path) -> None:
    (folder / "SKILL.md").write_text("---\nname: other\ndescription: x\n---\n")


UNFIT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link": (lambda f: (f / "x").symlink_to("SKILL.md"), "x is a link"),
    "a pipe": (_pipe, "pipe is no regular file"),
    "a repository": (_repository, ".git"),
    "a backslash": (lambda f: (f / "a\\b").write_text("x"), "plain path"),
    "a name of bytes": (lambda f: Path(os.fsdecode(os.fsencode(f) + b"/\xff")).write_text("x"), "no system"),
    "another name": (_other_name, "says the name 'other'"),
}


@pytest.mark.parametrize("how", UNFIT)
def test_what_cannot_be_signed_is_refused_and_nothing_is_written(
    cli: Cli, skill: Path, tmp_path: Path, how: str
) -> None:
    spoil, words = UNFIT[how]
    good = kit.make_skill(skill.with_name("a-good-one"))
    spoil(skill)
    code, _, err = cli("sign", skill.parent, "--key", key_file(tmp_path))
    assert code == 2 and words in err
    assert not (skill / kit.SIGNATURE).exists() and not (good / kit.SIGNATURE).exists()


def test_keys_of_other_kinds_and_places_are_refused(cli: Cli, skill: Path, tmp_path: Path) -> None:
    inside = key_file(skill)
    code, _, err = cli("sign", skill, "--key", inside)
    assert code == 2 and "lies in the skill" in err
    inside.unlink()
    key = tmp_path / "rsa.pem"
    private = rsa.generate_private_key(65537, 2048)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    code, _, err = cli("sign", skill, "--key", key)
    assert code == 2 and "P-256" in err
    key.write_text("words")
    assert cli("sign", skill, "--key", key)[0] == 2
    assert cli("sign", skill, "--key", tmp_path / "none.pem")[0] == 5
    own = key_file(tmp_path)
    (tmp_path / "release.certificate.pem").write_bytes(
        kit.house().root.certificate.public_bytes(Encoding.PEM)
    )
    code, _, err = cli("sign", skill, "--key", own)
    assert code == 2 and "--anchor-out" in err
    assert not (skill / kit.SIGNATURE).exists()


def test_a_signature_can_be_written_elsewhere(cli: Cli, skill: Path, tmp_path: Path) -> None:
    key = key_file(tmp_path)
    assert cli("sign", skill, "--key", key, "--out", tmp_path / "sig")[0] == 0
    assert not (skill / kit.SIGNATURE).exists()
    shutil.copy(tmp_path / "sig", skill / kit.SIGNATURE)
    assert cli("verify", skill, "--anchor", tmp_path / "release.certificate.pem")[0] == 0
    kit.make_skill(skill.with_name("toy-two"))
    assert cli("sign", skill.parent, "--key", key, "--out", tmp_path / "sig")[0] == 2


def test_our_own_bank_can_be_signed_and_its_manifest_goes_along(cli: Cli, tmp_path: Path) -> None:
    bank = tmp_path / "bank"
    for part in ("skills", "references", "schemas"):
        shutil.copytree(bank_root() / part, bank / part)
    shutil.copy(bank_root() / "manifest.json", bank)
    assert cli("sign", bank, "--key", key_file(tmp_path))[0] == 0
    assert manifest_problems(bank)
    write_manifest(bank)
    assert manifest_problems(bank) == []
    code, out, _ = cli("verify", bank, "--anchor", tmp_path / "release.certificate.pem", "--json")
    states = json.loads(out)["states"]
    assert code == 0 and states == {"verified": len(list((bank / "skills").iterdir()))}
    assert cli("lint", bank)[0] == 0
