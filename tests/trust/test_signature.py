"""What a signature file may be: everything else is broken, whoever signed it, and nothing raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbank.trust.signature import BrokenSignature, parse_bundle, parse_statement
from skillbank.trust.verify import STATES, verify_content, verify_skill
from tests.trust import signing_kit as kit

Spoil = Callable[[dict[str, Any]], Any]


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    return kit.make_skill(tmp_path / "bank" / "toy-train")


def state(folder: Path) -> str:
    return verify_skill(folder, [kit.house().root.pinned], bank_root=folder.parent).state


def _set(value: Any, *path: str | int) -> Spoil:
    def spoil(document: dict[str, Any]) -> None:
        node: Any = document
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    return spoil


def _drop(*path: str | int) -> Spoil:
    def spoil(document: dict[str, Any]) -> None:
        node: Any = document
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]

    return spoil


_CHAIN = ("verificationMaterial", "x509CertificateChain", "certificates")
_ENVELOPE = "dsseEnvelope"

BUNDLES: dict[str, Spoil] = {
    "an older media type": _set("application/vnd.dev.sigstore.bundle+json;version=0.2", "mediaType"),
    "no media type": _drop("mediaType"),
    "no material": _drop("verificationMaterial"),
    "a bare key": _set({"publicKey": {"hint": "x"}}, "verificationMaterial"),
    "no certificates": _set([], *_CHAIN),
    "a certificate that is none": _set([{"rawBytes": kit.text(b"x" * 100)}], *_CHAIN),
    "no base64": _set("%%%", *_CHAIN, 0, "rawBytes"),
    "a number for base64": _set(7, *_CHAIN, 0, "rawBytes"),
    "too many certificates": lambda d: d["verificationMaterial"]["x509CertificateChain"][
        "certificates"
    ].extend([{"rawBytes": kit.text(kit.house().root.der)}] * 10),
    "bytes behind a certificate": _set(kit.text(kit.house().leaf.der + b"x"), *_CHAIN, 0, "rawBytes"),
    "another payload type": _set("application/json", _ENVELOPE, "payloadType"),
    "no signature": _set([], _ENVELOPE, "signatures"),
    "signatures that are none": _set(None, _ENVELOPE, "signatures"),
    "two signatures": lambda d: d[_ENVELOPE]["signatures"].append(d[_ENVELOPE]["signatures"][0]),
    "an empty signature": _set("", _ENVELOPE, "signatures", 0, "sig"),
    "a signature of nothing": _set(
        kit.text(b"\x30\x06\x02\x01\x00\x02\x01\x00"), _ENVELOPE, "signatures", 0, "sig"
    ),
    "no payload": _set("", _ENVELOPE, "payload"),
    "base64 with a blank": lambda d: d[_ENVELOPE].update(payload=d[_ENVELOPE]["payload"] + "\n"),
    "the alphabet of addresses": lambda d: d[_ENVELOPE]["signatures"][0].update(sig="-_-_"),
    "another leaf": _set(kit.text(kit.house().middle.der), *_CHAIN, 0, "rawBytes"),
}


@pytest.mark.parametrize("how", BUNDLES)
def test_a_bundle_of_another_form_is_broken(skill: Path, how: str) -> None:
    kit.sign(skill)
    assert state(skill) == "verified"
    kit.sign(skill, spoil=BUNDLES[how])
    assert state(skill) == "broken"


_STATEMENT = ("predicate", "serialization")
_FILE = ("predicate", "resources", 0)

STATEMENTS: dict[str, Spoil] = {
    "another statement": _set("https://in-toto.io/Statement/v0.1", "_type"),
    "another predicate": _set("https://slsa.dev/provenance/v1", "predicateType"),
    "no predicate": _drop("predicate"),
    "no subject": _set([], "subject"),
    "two subjects": lambda d: d["subject"].append(d["subject"][0]),
    "a subject without a name": _set("", "subject", 0, "name"),
    "another digest of the whole": _set("0" * 64, "subject", 0, "digest", "sha256"),
    "a digest in capitals": lambda d: d["subject"][0]["digest"].update(sha256="A" * 64),
    "a second digest": _set("0" * 128, "subject", 0, "digest", "sha512"),
    "shards": _set("shards", *_STATEMENT, "method"),
    "blake3": _set("blake3", *_STATEMENT, "hash_type"),
    "links allowed": _set(True, *_STATEMENT, "allow_symlinks"),
    "links allowed by a zero": _set(0, *_STATEMENT, "allow_symlinks"),
    "ignoring by a number": _set(3, *_STATEMENT, "ignore_paths"),
    "no serialization": _drop(*_STATEMENT),
    "no files": _set([], "predicate", "resources"),
    "files of another digest": _set("md5", *_FILE, "algorithm"),
    "a digest that is none": _set("0" * 63 + "g", *_FILE, "digest"),
    "an absolute name": _set("/etc/passwd", *_FILE, "name"),
    "a name that leads out": _set("../other/SKILL.md", *_FILE, "name"),
    "a name with a dot": _set("./SKILL.md", *_FILE, "name"),
    "a name with two slashes": _set("references//x", *_FILE, "name"),
    "a folder": _set("references/", *_FILE, "name"),
    "a backslash": _set("references\\x", *_FILE, "name"),
    "a drive": _set("C:/x", *_FILE, "name"),
    "a NUL": _set("a\0b", *_FILE, "name"),
    "half a character": _set("\ud800", *_FILE, "name"),
    "its own signature": _set(kit.SIGNATURE, *_FILE, "name"),
    "a name that is a list": _set(["SKILL.md"], *_FILE, "name"),
    "no SKILL.md": lambda d: d["predicate"].update(
        resources=[r for r in d["predicate"]["resources"] if r["name"] != "SKILL.md"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", STATEMENTS)
def test_a_statement_of_another_form_is_broken_though_it_is_signed(skill: Path, how: str) -> None:
    statement = kit.statement_of(skill)
    STATEMENTS[how](statement)
    kit.sign(skill, statement=statement)
    assert state(skill) == "broken"


def test_one_file_listed_twice_is_broken(skill: Path) -> None:
    import hashlib

    statement = kit.statement_of(skill)
    resources = statement["predicate"]["resources"]
    resources.append(resources[0])
    joint = hashlib.sha256(b"".join(bytes.fromhex(r["digest"]) for r in resources)).hexdigest()
    statement["subject"][0]["digest"]["sha256"] = joint
    kit.sign(skill, statement=statement)
    found = verify_skill(skill, [kit.house().root.pinned], bank_root=skill.parent)
    assert found.state == "broken" and "twice" in found.fault


def test_the_order_of_files_is_the_signer_s(skill: Path) -> None:
    import hashlib

    statement = kit.statement_of(skill)
    resources = statement["predicate"]["resources"]
    resources.reverse()
    kit.sign(skill, statement=statement)
    assert state(skill) == "broken"  # the subject's digest is over another order
    joint = hashlib.sha256(b"".join(bytes.fromhex(r["digest"]) for r in resources)).hexdigest()
    statement["subject"][0]["digest"]["sha256"] = joint
    kit.sign(skill, statement=statement)
    assert state(skill) == "verified"


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text + "x",
        lambda text: text + "{}",
        lambda text: "\ufeff" + text,
        lambda text: text.replace('"mediaType"', '"mediaType": "x", "mediaType"', 1),
        lambda text: text.replace('"tlogEntries": []', '"tlogEntries": NaN', 1),
        lambda text: text.replace('"tlogEntries": []', f'"tlogEntries": {"[" * 100_000}{"]" * 100_000}', 1),
        lambda text: text.replace('"tlogEntries": []', f'"tlogEntries": {"9" * 5000}', 1),
        lambda text: text.replace('"tlogEntries"', '"\\"' + '\\"' * 1_000_000, 1),
        lambda text: text + " " * (5 << 20),
        lambda text: "[" * 3_000_000,
        lambda text: '{"a":' * 100_000,
        lambda text: "{" + ",".join('"x":1' for _ in range(300_000)) + "}",
        lambda text: "null",
        lambda text: "",
    ],
    ids=range(14),
)  # fmt: skip
def test_json_that_is_ambiguous_huge_or_deep_is_broken_at_once(
    skill: Path, edit: Callable[[str], str]
) -> None:
    file = kit.sign(skill)
    file.write_text(edit(file.read_text()))
    assert state(skill) == "broken"


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b"\xff", b'{"_type": 1, "_type": 2}', b"[" * 50_000, b'{"a": NaN}', b"{} x"],
)
def test_a_signed_payload_that_is_no_statement_is_broken(skill: Path, payload: bytes) -> None:
    kit.sign(skill, statement=payload or b" ")
    assert state(skill) == "broken"


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_each_curve_goes_with_its_own_hash(skill: Path, curve: type[ec.EllipticCurve]) -> None:
    house = kit.house()
    leaf = kit.issue("Signer", house.middle, key=kit.new_key(1, curve))
    kit.sign(skill, leaf, (leaf, house.middle))
    assert state(skill) == "verified"
    wrong = hashes.SHA384() if curve is not ec.SECP384R1 else hashes.SHA256()
    kit.sign(skill, leaf, (leaf, house.middle), spoil=lambda d: _sign_with(d, leaf, wrong))
    assert state(skill) == "broken"


def _sign_with(bundle: dict[str, Any], by: kit.Holder, digest: hashes.HashAlgorithm) -> None:
    import base64

    payload = base64.b64decode(bundle[_ENVELOPE]["payload"])
    signed = f"DSSEv1 28 application/vnd.in-toto+json {len(payload)} ".encode() + payload
    bundle[_ENVELOPE]["signatures"][0]["sig"] = kit.text(by.key.sign(signed, ec.ECDSA(digest)))


def test_other_kinds_of_keys_sign_no_skills(skill: Path) -> None:
    house = kit.house()
    for key in (
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256K1()),
    ):
        leaf = kit.issue("Signer", house.middle, key=key)
        kit.sign(skill, leaf, (leaf, house.middle))
        found = verify_skill(skill, [house.root.pinned], bank_root=skill.parent)
        assert found.state == "broken" and "P-256" in found.fault


def test_a_signature_has_one_spelling(skill: Path) -> None:
    import base64

    file = kit.sign(skill)
    bundle = json.loads(file.read_text())
    entry = bundle[_ENVELOPE]["signatures"][0]
    r, s = utils.decode_dss_signature(base64.b64decode(entry["sig"]))
    for respelled in (b"", b"\0"):
        body = b"".join(
            b"\x02" + bytes([len(n)]) + n for n in (_integer(r, respelled), _integer(s, respelled))
        )
        entry["sig"] = kit.text(b"\x30" + bytes([len(body)]) + body)
        file.write_text(json.dumps(bundle))
        assert state(skill) == ("broken" if respelled else "verified")


def _integer(number: int, front: bytes) -> bytes:
    plain = number.to_bytes((number.bit_length() + 8) // 8, "big")
    return front + plain


def test_base64_has_one_spelling(skill: Path) -> None:
    statement = json.dumps(kit.statement_of(skill)).encode()
    payload = statement + b" " * (3 + (1 - len(statement)) % 3)
    for last, state_then in (("A", "verified"), ("B", "broken")):

        def respell(bundle: dict[str, Any], last: str = last) -> None:
            spelled = bundle[_ENVELOPE]["payload"]
            assert spelled.endswith("A==")  # a blank ends in 4 bits that say nothing
            bundle[_ENVELOPE]["payload"] = f"{spelled[:-3]}{last}=="

        kit.sign(skill, statement=payload, spoil=respell)
        assert state(skill) == state_then


def test_a_serial_number_that_is_not_positive_is_no_error(skill: Path) -> None:
    house = kit.house()
    leaf = kit.issue("Signer", house.middle)
    serial = leaf.certificate.serial_number
    size = (serial.bit_length() + 8) // 8
    # Set to zero, its authority's signature no longer fits: an unknown signer, never a warning or an error.
    der = leaf.der.replace(serial.to_bytes(size, "big"), bytes(size), 1)
    kit.sign(skill, leaf, (leaf, house.middle), spoil=_set(kit.text(der), *_CHAIN, 0, "rawBytes"))
    assert state(skill) in ("unknown_signer", "broken")


def test_what_is_not_checked_of_a_bundle_is_said(skill: Path) -> None:
    kit.sign(skill, spoil=_set([{"logIndex": "1"}], "verificationMaterial", "tlogEntries"))
    found = verify_skill(skill, [kit.house().root.pinned], bank_root=skill.parent)
    assert found.state == "verified" and "transparency log" in found.notes[0]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def _paths(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path] * bool(path) + [p for key, child in children for p in _paths(child, (*path, key))]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_end_in_a_state(skill: Path, content: bytes) -> None:
    assert verify_content(skill, content, [kit.house().root.pinned]).state == "broken"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_bundle_with_anything_anywhere_ends_in_a_state(skill: Path, data: st.DataObject) -> None:
    bundle = json.loads(kit.sign(skill).read_text())
    _set(data.draw(_JSON), *data.draw(st.sampled_from(_paths(bundle))))(bundle)
    found = verify_content(skill, json.dumps(bundle).encode(), [kit.house().root.pinned])
    assert found.state in STATES
    json.dumps(found.document()).encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_signed_statement_with_anything_anywhere_ends_in_a_state(skill: Path, data: st.DataObject) -> None:
    statement = kit.statement_of(skill)
    _set(data.draw(_JSON), *data.draw(st.sampled_from(_paths(statement))))(statement)
    kit.sign(skill, statement=json.dumps(statement).encode())
    found = verify_skill(skill, [kit.house().root.pinned], bank_root=skill.parent)
    assert found.state in STATES
    json.dumps(found.document()).encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_bit_of_a_signature_file_can_change_what_is_verified(skill: Path, at: int, bit: int) -> None:
    content = bytearray(kit.sign(skill).read_bytes())
    content[at % len(content)] ^= 1 << bit
    found = verify_content(skill, bytes(content), [kit.house().root.pinned])
    if found.state == "verified":
        # Only what is not signed may differ: the layout, a hint, or a certificate that is not needed.
        before, after = parse_bundle((skill / kit.SIGNATURE).read_bytes()), parse_bundle(bytes(content))
        assert (before.leaf, before.payload, before.signature) == (after.leaf, after.payload, after.signature)


def test_readers_name_what_is_wrong() -> None:
    with pytest.raises(BrokenSignature, match="mediaType is 'x'"):
        parse_bundle(b'{"mediaType": "x"}')
    with pytest.raises(BrokenSignature, match="statement is of type missing"):
        parse_statement(b"{}")
