"""Making the banks of a home those of a lock: the same commits, the same files, the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from skillbank.errors import DataNotFoundError, SkillbankError, StateError
from skillbank.sources.fetching import fetch
from skillbank.sources.keeping import damage, refuse_difference
from skillbank.sources.kept import banks_dir, changing, swap, take_away, workspace
from skillbank.sources.lockfile import Entry, home_lock, put, read_lock, write_lock
from skillbank.ways import Sentence, command, option

__all__ = ["Step", "Synced", "sync"]

Done: TypeAlias = Literal["same", "added", "restored", "moved", "removed", "refused"]


@dataclass(frozen=True)
class Step:
    """What was done about one bank; ``sentence`` says why something was refused."""

    name: str
    done: Done
    sentence: str = ""
    code: str = ""


@dataclass
class Synced:
    """All steps, and the installed banks that the lock does not name."""

    lock: Path
    steps: list[Step] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def refused(self) -> list[Step]:
        """The steps that were not done."""
        return [step for step in self.steps if step.done == "refused"]

    def document(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            "lock": str(self.lock),
            "banks": [{k: v for k, v in vars(step).items() if v} for step in self.steps],
            "others": self.others,
            "notes": self.notes,
        }


def sync(lock: Path | None = None, *, replace: bool = False, prune: bool = False) -> Synced:
    """Bring the installed banks to what a lock says; what cannot be is refused and left as it was.

    Parameters
    ----------
    lock
        By default the home's own: what it names is fetched again where files are gone.
    replace
        Whether kept files that somebody changed are replaced by the locked ones.
    prune
        Whether installed banks that the lock does not name are removed.
    """
    file = (lock or home_lock()).absolute()
    if lock is not None and not file.exists():
        raise DataNotFoundError(
            f"{file} is not there; '{command('bank add', 'SOURCE', f'--lock {file.name}')}' writes one."
        )
    wanted = read_lock(file)
    synced = Synced(file, [_one(entry, file, replace=replace) for entry in wanted])
    names = [entry.name for entry in wanted]
    with changing():
        entries = {e.name: e for e in read_lock(home_lock())}
        others = [name for name in entries if name not in names]
        if prune:
            for name in others:
                _remove(name)
                del entries[name]
                synced.steps.append(Step(name, "removed"))
        else:
            synced.others += others
        synced.notes = _before_own(wanted, entries)
        first = [entries.pop(n) for n in names if n in entries]
        first.sort(key=lambda entry: not entry.before_own)
        if entries or first:
            write_lock(home_lock(), [*first, *entries.values()])
    return synced


def _remove(name: str) -> None:
    take_away(name, lambda entries: [entry for entry in entries if entry.name != name])


def _before_own(wanted: Sequence[Entry], here: Mapping[str, Entry]) -> list[str]:
    """Say which banks only the lock puts before our own: whose names win here is the user's to say."""
    ahead = [e.name for e in wanted if e.before_own and e.name in here]
    if all(here[name].before_own for name in ahead):
        return []
    order = f"{' '.join(ahead)} skillbank"
    return [
        Sentence(
            f"The lock puts {', '.join(ahead)} before the bank that comes with skillbank, so that names of "
            f"skills would mean theirs; if you want that here too: '{command('bank order', order)}'."
        )
    ]


def _one(entry: Entry, file: Path, *, replace: bool) -> Step:
    """Bring one bank to its entry."""
    try:
        here = next((e for e in read_lock(home_lock()) if e.name == entry.name), None)
        if here is not None and _is_kept(here, entry, file, replace):
            return Step(entry.name, "same")
        with workspace() as work:
            fetched = fetch(entry.address, work / "fetched", commit=entry.commit)
            refuse_difference(entry, fetched, file)
            with changing():
                swap(entry.name, fetched.folder, lambda entries: put(entries, entry))
    except SkillbankError as error:
        return Step(entry.name, "refused", error.sentence, error.code)
    if here is None:
        return Step(entry.name, "added")
    return Step(entry.name, "restored" if here.digest == entry.digest else "moved")


def _is_kept(here: Entry, entry: Entry, file: Path, replace: bool) -> bool:
    """Whether an installed bank is what an entry of a lock says, in all its files.

    Raises
    ------
    StateError
        When it is another bank, or its files were changed by somebody and are not to be replaced.
    """
    if (here.source, here.subdir) != (entry.source, entry.subdir):
        raise StateError(
            f"'{entry.name}' is here from {here.address.shown} and in {file} from "
            f"{entry.address.shown}; remove it "
            f"first with '{command('bank remove', entry.name)}'."
        )
    harm = damage(here)
    if harm and (banks_dir() / entry.name).is_dir() and not replace:
        raise StateError(
            f"The kept files of '{entry.name}' are not those that were added ({harm}); "
            f"{option('replace')} puts "
            "the locked "
            "ones in their place."
        )
    return not harm and (here.digest, here.commit) == (entry.digest, entry.commit)
