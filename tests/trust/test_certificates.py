"""Chains: only a pinned anchor ends one, and every certificate on the way has to be fit for its part."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from skillbank.trust.certificates import Certificate, CertificateError, find_chain, read_pem
from skillbank.trust.verify import Verification, verify_skill
from tests.trust import signing_kit as kit


def fault(leaf: kit.Holder, *rest: kit.Holder, anchors: tuple[kit.Holder, ...]) -> str:
    """Return why a chain does not hold; empty when it does."""
    found = find_chain(leaf.pinned, [h.pinned for h in rest], [a.pinned for a in anchors])
    assert bool(found.path) != bool(found.fault)
    return found.fault


def test_a_chain_leads_from_the_signer_to_a_pinned_anchor() -> None:
    house = kit.house()
    root, middle, leaf = house.root, house.middle, house.leaf
    assert fault(leaf, middle, root, anchors=(root,)) == ""
    assert fault(leaf, middle, anchors=(root,)) == ""  # the root need not be given
    assert fault(leaf, root, middle, anchors=(root,)) == ""  # in any order
    assert fault(leaf, anchors=(middle,)) == ""  # whoever pins an authority trusts that one
    assert fault(leaf, anchors=(leaf,)) == ""  # or one signer
    assert "Toy Authority" in fault(leaf, anchors=(root,))  # one between is missing
    assert "not pinned" in fault(leaf, middle, root, anchors=(kit.issue("Other", ca=True),))
    assert "no anchor is pinned" in fault(leaf, middle, root, anchors=())


def test_an_anchor_is_known_by_its_key_not_by_its_name() -> None:
    house = kit.house()
    fake = kit.issue("Toy Root", ca=True)
    leaf = kit.issue("Toy Signer", fake)
    assert "not its key" in fault(leaf, fake, anchors=(house.root,))
    assert "not its key" in fault(leaf, house.root, anchors=(house.root,))
    assert fault(kit.issue("Toy Signer", house.root), anchors=(fake,))


def test_a_certificate_that_is_no_authority_issues_none() -> None:
    root = kit.house().root
    for unfit in (
        kit.issue("Leaf", root),
        kit.issue("No constraints", root, ca=None, use=kit.usage("key_cert_sign")),
        kit.issue("Without the usage", root, ca=True, use=kit.usage("digital_signature", "crl_sign")),
    ):
        signer = kit.issue("Signer", unfit)
        assert fault(signer, unfit, anchors=(root,))
        assert fault(signer, anchors=(unfit,))  # not even where somebody pinned it
    assert fault(kit.issue("Signer", kit.issue("Free", root, ca=True, no_usage=True)), anchors=(root,))


def test_the_length_of_a_chain_is_bounded_by_its_authorities() -> None:
    root = kit.issue("Root", ca=True, path_length=1)
    one = kit.issue("One", root, ca=True, path_length=0)
    two = kit.issue("Two", one, ca=True)
    assert fault(kit.issue("Signer", one), one, anchors=(root,)) == ""
    assert "authorities below it" in fault(kit.issue("Signer", two), two, one, anchors=(root,))
    free = kit.issue("Root", ca=True)
    above = free
    chain = []
    for number in range(8):
        above = kit.issue(f"Authority {number}", above, ca=True)
        chain.append(above)
    assert fault(kit.issue("Signer", above), *chain, anchors=(free,))


def test_a_signer_has_to_be_one() -> None:
    root = kit.house().root
    for unfit in (
        kit.issue("Encipherer", root, use=kit.usage("key_encipherment")),
        kit.issue("Nothing said", root, no_usage=True),
        kit.issue("Authority", root, ca=True, use=kit.usage("digital_signature", "key_cert_sign")),
        kit.issue("Server", root, more=((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),)),
        kit.issue("Odd", root, more=((x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"x"), True),)),
    ):
        assert fault(unfit, anchors=(root,))
    for fit in (
        kit.issue("Plain", root),
        kit.issue("Coder", root, more=((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), True),)),
        kit.issue(
            "Odd", root, more=((x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"x"), False),)
        ),
    ):
        assert fault(fit, anchors=(root,)) == ""


def test_names_have_to_meet_and_weak_signatures_do_not_count() -> None:
    root = kit.house().root
    assert fault(kit.issue("Signer", root, issuer_name="Somebody else"), anchors=(root,))
    small = kit.issue("Small", key=rsa.generate_private_key(65537, 1024), ca=True)
    assert fault(kit.issue("Signer", small), anchors=(small,))
    large = kit.issue("Large", key=rsa.generate_private_key(65537, 2048), ca=True)
    assert fault(kit.issue("Signer", large), anchors=(large,)) == ""
    assert fault(kit.issue("Signer", large, digest=hashes.SHA3_256()), anchors=(large,))


def test_many_certificates_of_one_name_are_bounded_work() -> None:
    key = kit.new_key(2)
    twins = [kit.issue("Twin", key=key, ca=True) for _ in range(9)]
    leaf = kit.issue("Signer", twins[0])
    assert fault(leaf, *twins, anchors=(kit.house().root,))


def test_any_number_of_anchors_may_be_pinned() -> None:
    house = kit.house()
    others = [kit.issue(f"Root {n}", key=kit.new_key(2), ca=True) for n in range(600)]
    assert fault(house.leaf, house.middle, anchors=(*others, house.root)) == ""


def _verified(folder: Path, begins: int, ends: int, *, middle: tuple[int, int] = (-9, 99)) -> Verification:
    root = kit.issue("Root", ca=True)
    days = [kit.NOW + timedelta(days=d) for d in (*middle, begins, ends)]
    authority = kit.issue("Authority", root, ca=True, begins=days[0], ends=days[1])
    leaf = kit.issue("Signer", authority, begins=days[2], ends=days[3])
    kit.sign(folder, leaf, (leaf, authority, root))
    return verify_skill(folder, [root.pinned], bank_root=folder.parent)


def test_time_is_a_state_of_its_own_with_the_date(tmp_path: Path) -> None:
    skill = kit.make_skill(tmp_path / "bank" / "toy")
    assert _verified(skill, -1, 1).state == "verified"
    late = _verified(skill, -3, -1)
    assert late.state == "expired" and late.expires and late.signer == "Signer"
    assert f"{late.expires:%Y-%m-%d}" in late.fault and late.document()["expires"] == late.expires.isoformat()
    early = _verified(skill, 2, 4)
    assert early.state == "expired" and "begins on" in early.fault
    above = _verified(skill, -1, 1, middle=(-9, -1))
    assert above.state == "expired"
    (skill / "SKILL.md").write_text("other")
    changed = _verified(skill, -3, -1)
    kit.sign(skill)  # signs what lies there now
    assert (changed.state, changed.signed) == ("expired", {})


def test_an_expired_signer_s_changed_files_are_listed(tmp_path: Path) -> None:
    skill = kit.make_skill(tmp_path / "bank" / "toy")
    root = kit.issue("Root", ca=True)
    leaf = kit.issue("Signer", root, begins=kit.NOW - timedelta(days=9), ends=kit.NOW - timedelta(days=1))
    kit.sign(skill, leaf, (leaf, root))
    (skill / "SKILL.md").write_text("other")
    found = verify_skill(skill, [root.pinned], bank_root=skill.parent)
    assert found.state == "expired" and [c.path for c in found.files] == ["SKILL.md"]


def test_of_two_ways_the_valid_one_is_taken() -> None:
    old = kit.issue("Root", ca=True, ends=kit.NOW - timedelta(hours=1))
    new = kit.issue("Root", key=old.key, ca=True)
    leaf = kit.issue("Signer", new)
    found = find_chain(leaf.pinned, [], [old.pinned, new.pinned])
    assert found.path[-1] == new.pinned and found.valid(kit.NOW)


def test_a_file_of_certificates_holds_nothing_else() -> None:
    house = kit.house()
    pem = house.root.certificate.public_bytes(Encoding.PEM)
    assert [c.der for c in read_pem(pem + b"words between\n" + pem)] == [house.root.der] * 2
    assert read_pem(house.root.der) == [Certificate(house.root.der)]
    key = house.root.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for wrong in (b"", b"words", key, pem + key, pem[:200] + b"-----END CERTIFICATE-----\n"):
        with pytest.raises(CertificateError):
            read_pem(wrong)
