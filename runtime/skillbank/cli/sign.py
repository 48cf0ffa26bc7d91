"""``skillbank sign SKILL|BANK --key KEY``: for whoever publishes skills."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.environment import foreign
from skillbank.errors import UsageError
from skillbank.trust.checking import targets
from skillbank.trust.signing import Signer, kept_certificate, read_key, read_signer, sign_skill

if TYPE_CHECKING:
    from skillbank.trust.verify import Verification

KeyFile = Annotated[
    Path, typer.Option("--key", metavar="KEY.pem", help="A private key on P-256, 384 or 521.")
]


def sign(
    subject: Annotated[str, typer.Argument(metavar="SKILL|BANK", help="A folder, or a name.")],
    key: KeyFile,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate", metavar="LEAF.pem", help="The key's certificate; its chain may follow."
        ),
    ] = None,
    chain: Annotated[
        list[Path] | None,
        typer.Option("--chain", metavar="FILE", help="Certificates above it, up to the root; in that order."),
    ] = None,
    signer_name: Annotated[
        str, typer.Option("--signer", help="The name in a certificate that is made for a bare key.")
    ] = "skillbank signer",
    anchor_out: Annotated[
        Path | None,
        typer.Option(
            "--anchor-out",
            metavar="FILE",
            help="Where that certificate is kept, to be pinned by others [default: KEY.certificate.pem]",
        ),
    ] = None,
    passphrase_env: Annotated[
        str | None,
        typer.Option(
            "--passphrase-env",
            metavar="NAME",
            help="The variable that holds the key's passphrase; else asked.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the signature of one skill there instead."),
    ] = None,
    as_json: options.Json = False,
    bank: options.Banks = None,
) -> None:
    """Sign a skill, or every skill of a bank: skill.oms.sig, which 'skillbank verify' reads."""
    with options.open_runtime(bank) as runtime:
        asked = targets(runtime.library, subject)
    if out is not None and len(asked.skills) != 1:
        raise UsageError(f"--out is for one skill, and {subject} holds {len(asked.skills)}; leave it out.")
    _refuse_inside((key, anchor_out or key), [skill.folder for skill in asked.skills])
    private = read_key(key, lambda: _passphrase(key, passphrase_env))
    if certificate is not None:
        kept, signer = anchor_out, read_signer(private, certificate, chain or ())
    else:
        kept = made = anchor_out or key.with_suffix(".certificate.pem")
        signer = Signer(private, kept_certificate(private, made, signer_name))
    signatures = [sign_skill(s.folder, signer, bank_root=s.bank_root) for s in asked.skills]
    for signature in signatures:  # all of them can be signed
        signature.write(out)
    done = [signature.found for signature in signatures]
    if as_json:
        signed = [_document(found, out) for found in done]
        document = {"signed": signed, "signer": signer.certificate.name, "anchor": signer.anchor.fingerprint}
        options.print_json({**document, "anchor_file": str(kept) if kept else None})
        return
    for found in done:
        terminal.say(f"signed {found.skill}: {len(found.signed)} files")
    _say(signer, kept)


def _document(found: Verification, out: Path | None) -> dict[str, object]:
    file = out or found.folder / "skill.oms.sig"
    return {"skill": found.skill, "file": str(file), "digest": found.digest, "files": len(found.signed)}


def _refuse_inside(secrets: Iterable[Path], folders: Sequence[Path]) -> None:
    """Raise `UsageError` for a key that lies in a skill, with which it would be given away."""
    for secret in secrets:
        if any(secret.resolve().is_relative_to(folder.resolve()) for folder in folders):
            raise UsageError(f"{secret} lies in the skill that is signed; keep it elsewhere.")


def _say(signer: Signer, kept: Path | None) -> None:
    terminal.say(f"signer {signer.certificate.name}, until {signer.certificate.ends:%Y-%m-%d}")
    terminal.say(
        f"to be pinned by others: {kept or signer.anchor.subject}\n  sha256 {signer.anchor.fingerprint}"
    )
    terminal.say("a bank with a manifest: run 'skillbank manifest build' now")


def _passphrase(key: Path, variable: str | None) -> bytes:
    """Return the passphrase of a key; never from the command line, which other users can read."""
    if variable is not None:
        value = foreign(variable)
        if not value:
            raise UsageError(f"The variable {variable} holds no passphrase for {key}; set it.")
        return value.encode()
    if not sys.stdin.isatty():
        raise UsageError(
            f"{key} is encrypted; name the variable that holds its passphrase: --passphrase-env."
        )

    return getpass(f"Passphrase of {key}: ").encode()
