"""The installed banks as a list for eyes and for programs."""

from __future__ import annotations

from pathlib import Path

from skillbank.bank.discovery import Bank
from skillbank.errors import DataNotFoundError, SkillbankError, SkillNotFoundError
from skillbank.sources.kept import banks_dir
from skillbank.sources.lockfile import Entry, home_lock, read_lock
from skillbank.sources.ordering import in_order
from skillbank.trust.beforehand import entries
from skillbank.trust.standing import standing
from skillbank.ways import Sentence, command

__all__ = ["listing"]


def listing(lock: Path) -> list[dict[str, object]]:
    """Return one row for each bank of a lock, in its order.

    ``order`` counts the bank that comes with skillbank as well.

    ``state`` is the bank's standing (`skillbank.trust.standing`), ``missing`` where its files are gone, and
    ``trust_digest`` what a person trusts: the files that count, while ``digest`` is of all files. ``problem``
    says what is wrong.
    """
    if lock != home_lock() and not lock.exists():
        raise DataNotFoundError(
            f"{lock} is not there; '{command('bank add', 'SOURCE', f'--lock {lock.name}')}' writes one."
        )
    entries()  # what it says wrongly is no fault of any bank
    found = read_lock(lock)
    places = {name: i for i, name in enumerate(in_order(found), 1)}
    return [_row(places[entry.name], entry) for entry in found]


def _row(number: int, entry: Entry) -> dict[str, object]:
    folder = banks_dir() / entry.name
    document = entry.document()
    row: dict[str, object] = {
        "order": number,
        "name": entry.name,
        "kind": entry.kind,
        "source": entry.source,
        "shown": entry.address.shown,
        "ref": entry.ref,
        "subdir": entry.subdir,
        "commit": entry.commit,
        "digest": entry.digest,
        "signers": list(entry.signers),
        "added": document["added"],
        "folder": str(folder),
        "skills": 0,
        "state": "missing",
        "trust_digest": "",
        "problem": "",
    }
    try:
        bank = Bank(folder, entry.name)
        held = standing(bank)
        row |= {"skills": len(bank.skills), "state": held.state, "trust_digest": held.digest}
    except SkillNotFoundError:
        row["problem"] = Sentence(
            f"The files of '{entry.name}' are not in {folder}; '{command('bank sync')}' fetches them again, "
            f"'{command('bank remove', entry.name)}' forgets it."
        )
    except SkillbankError as error:
        row |= {"state": "unusable", "problem": error.sentence}
    return row
