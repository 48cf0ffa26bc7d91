"""The installed banks of a runtime, and what of them may be read; to open no skill, no more is needed."""

from __future__ import annotations

from skillbank.bank.vouching import vouch_with
from skillbank.sources.kept import Installed, fetched_from, installed_banks
from skillbank.trust.loading import signer_of, vouched_files
from skillbank.trust.origin import ask_signers, ask_sources

__all__ = ["installed"]


def installed() -> tuple[tuple[Installed, ...], tuple[str, ...]]:
    """Return the installed banks, and a sentence for each that cannot be used.

    From now on the bank asks who has signed a skill, and where it came from.
    """
    vouch_with(vouched_files)
    ask_signers(signer_of)
    ask_sources(fetched_from)
    return installed_banks()
