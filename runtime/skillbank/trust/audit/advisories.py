"""Known vulnerabilities: OSV records out of an export (zip, folder, JSON, lines of JSON) or from an OSV server."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import HTTPError

from skillbank.connections import connections_to
from skillbank.errors import DataNotFoundError, PlatformError, UsageError
from skillbank.nearby import near_path
from skillbank.trust.audit.finding import Level
from skillbank.trust.audit.packages import Pinned, canonical
from skillbank.trust.audit.versions import is_affected
from skillbank.visible import one_line

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

__all__ = ["Advisory", "known"]

_RECORD = 8 * 1024 * 1024
_EXPORT = 1024 * 1024 * 1024
_MOST = 1_000_000
_BATCH = 500
_PAGES = 20
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Advisory:
    """One known vulnerability of one pinned package."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    level: Level
    fixed: tuple[str, ...]


def known(source: str, packages: Sequence[Pinned]) -> dict[Pinned, list[Advisory]]:
    """Return what a source knows of some packages."""
    wanted = sorted(set(packages), key=lambda p: (p.key, p.version, p.file, p.line or 0))
    if re.match(r"https?://", source):
        return _from_server(source.rstrip("/"), wanted)
    path = Path(source).expanduser()
    if not path.exists():
        raise DataNotFoundError(
            f"There is no OSV export at {source}{near_path(path)}; give --osv a file, a folder or an address."
        )
    return _from_export(path, wanted)


def _from_export(path: Path, wanted: Sequence[Pinned]) -> dict[Pinned, list[Advisory]]:
    by_key: dict[tuple[str, str], list[Pinned]] = {}
    for package in wanted:
        by_key.setdefault(package.key, []).append(package)
    found: dict[Pinned, list[Advisory]] = {}
    for record in _records(path, _naming(wanted)):
        for affected in [] if record.get("withdrawn") else _list(record.get("affected")):
            key = _key_of(affected)
            if key is None:
                continue
            for one in by_key.get(key, ()):
                if is_affected(one.version, affected, key[0]):
                    advisory = _advisory(record, one)
                    if advisory.id not in {a.id for a in found.get(one, ())}:
                        found.setdefault(one, []).append(advisory)
    return found


def _naming(wanted: Sequence[Pinned]) -> re.Pattern[bytes] | None:
    """Return what finds the names of packages: records are many and large, and only those are parsed."""
    names = {p.name.lower() for p in wanted} | {p.key[1] for p in wanted}
    loose = {n.replace("-", "[-_.]") if "-" in n else re.escape(n) for n in names}
    return re.compile("|".join(sorted(loose)).encode(), re.IGNORECASE) if loose else None


def _key_of(affected: object) -> tuple[str, str] | None:
    """Return the ecosystem and the name of the package that a part of a record is about."""
    named = affected.get("package") if isinstance(affected, Mapping) else None
    if not isinstance(named, Mapping):
        return None
    said = str(named.get("ecosystem", "")).split(":", 1)[0]
    ecosystem = {"pypi": "PyPI", "npm": "npm", "docker": "OCI", "oci": "OCI"}.get(said.lower(), said)
    return ecosystem, canonical(ecosystem, str(named.get("name", "")))


def _records(path: Path, naming: re.Pattern[bytes] | None) -> Iterator[Mapping[str, object]]:
    for name, content in _contents(path):
        if naming is None or not naming.search(content):
            continue
        try:
            if name.endswith((".jsonl", ".ndjson")):
                documents: object = [
                    json.loads(line) for line in content.splitlines() if line.strip() and naming.search(line)
                ]
            else:
                documents = json.loads(content)
        except (ValueError, RecursionError):
            raise UsageError(
                f"{one_line(name)} of the OSV export is not valid JSON; download the export again."
            ) from None
        if isinstance(documents, Mapping):
            documents = documents["vulns"] if isinstance(documents.get("vulns"), list) else [documents]
        yield from (d for d in _list(documents) if isinstance(d, Mapping))


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.suffix in (".json", ".jsonl", ".ndjson", ".zip")):
            if file.is_file() and not file.is_symlink():
                yield from _contents(file)
        return
    if not path.is_file():
        raise UsageError(f"{path} is no regular file; give --osv a file, a folder or an address.")
    if zipfile.is_zipfile(path):
        yield from _unzipped(path)
        return
    if path.stat().st_size > _EXPORT:
        raise UsageError(f"{path} is larger than {_EXPORT >> 30} GiB; give the zip of one ecosystem.")
    yield path.name, path.read_bytes()


def _unzipped(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the records of a zip, as far as it is no larger than an export is."""
    left = _EXPORT
    try:
        with zipfile.ZipFile(path) as archive:
            for count, entry in enumerate(archive.infolist()):
                if not entry.filename.endswith((".json", ".jsonl")) or entry.is_dir():
                    continue
                with archive.open(entry) as opened:
                    content = opened.read(_RECORD + 1)
                left -= len(content)
                if len(content) > _RECORD or left < 0 or count > _MOST:
                    raise UsageError(
                        f"{path} holds more than an OSV export does ({one_line(entry.filename)}); download it again."
                    )
                yield entry.filename, content
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UsageError(
            f"{path} cannot be read as a zip ({one_line(error)}); download the export again."
        ) from None


def _from_server(url: str, wanted: Sequence[Pinned]) -> dict[Pinned, list[Advisory]]:
    found: dict[Pinned, list[Advisory]] = {}
    records: dict[str, Mapping[str, object]] = {}
    asked = list({(p.ecosystem, p.key[1], p.version): p for p in wanted})
    answers: dict[tuple[str, str, str], list[str]] = {}
    try:
        with connections_to(url, timeout=_SECONDS, retries=False) as client:
            for start in range(0, len(asked), _BATCH):
                _ask(client, url, asked[start : start + _BATCH], answers)
            for name in sorted({i for ids in answers.values() for i in ids}):
                records[name] = _json(client.request("GET", f"{url}/v1/vulns/{name}", redirect=False), url)
    except (HTTPError, OSError) as error:
        raise PlatformError(
            f"The OSV server {url} does not answer ({one_line(error) or type(error).__name__}); check the address, or give an export."
        ) from None
    for package in wanted:
        for name in answers.get((package.ecosystem, package.key[1], package.version), ()):
            if not records[name].get("withdrawn"):
                found.setdefault(package, []).append(_advisory(records[name], package))
    return found


def _ask(
    client: PoolManager,
    url: str,
    asked: Iterable[tuple[str, str, str]],
    answers: dict[tuple[str, str, str], list[str]],
) -> None:
    waiting: list[tuple[tuple[str, str, str], str]] = [(one, "") for one in asked]
    for _ in range(_PAGES):
        results = _answered(client, url, [_question(one, token) for one, token in waiting])
        more = []
        for (one, _token), result in zip(waiting, results, strict=True):
            ids = [str(v["id"]) for v in _list(result.get("vulns")) if isinstance(v, Mapping) and "id" in v]
            answers.setdefault(one, []).extend(i for i in ids if re.fullmatch(r"[\w.:-]{1,100}", i))
            if result.get("next_page_token"):
                more.append((one, str(result["next_page_token"])))
        if not more:
            return
        waiting = more


def _question(package: tuple[str, str, str], token: str) -> dict[str, object]:
    """Return what a server is asked of a package, from a page on."""
    ecosystem, name, version = package
    page = {"page_token": token} if token else {}
    return {"package": {"ecosystem": ecosystem, "name": name}, "version": version, **page}


def _answered(client: PoolManager, url: str, queries: list[dict[str, object]]) -> list[Mapping[str, object]]:
    """Ask a server several questions at once, and return the answer to each."""
    answer = client.request("POST", f"{url}/v1/querybatch", json={"queries": queries}, redirect=False)
    results = _list(_json(answer, url).get("results"))
    if len(results) != len(queries):
        raise PlatformError(
            f"The OSV server {url} answered {len(results)} of {len(queries)} questions; ask again, or give an export."
        )
    return [result if isinstance(result, Mapping) else {} for result in results]


def _json(response: BaseHTTPResponse, url: str) -> Mapping[str, object]:
    if response.status != 200:
        raise PlatformError(
            f"The OSV server {url} refuses with status {response.status}; check the address, or give an export."
        )
    try:
        document = json.loads(response.data)
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        raise PlatformError(f"What {url} answers is no answer of an OSV server; check the address.")
    return document


_WORDS: dict[str, Level] = {
    "CRITICAL": "HIGH",
    "HIGH": "HIGH",
    "MODERATE": "MEDIUM",
    "MEDIUM": "MEDIUM",
    "LOW": "LOW",
}


def _advisory(record: Mapping[str, object], package: Pinned) -> Advisory:
    return Advisory(
        one_line(record.get("id", "?"), 60),
        tuple(one_line(a, 40) for a in _list(record.get("aliases"))),
        one_line(record.get("summary") or record.get("details") or "", 120),
        _severity(record),
        tuple(dict.fromkeys(one_line(version, 30) for version in _fixed_in(record, package))),
    )


def _fixed_in(record: Mapping[str, object], package: Pinned) -> Iterator[str]:
    """Yield the versions of a package in which a vulnerability is mended; those of a repository are commits."""
    for affected in _list(record.get("affected")):
        named = affected.get("package") if isinstance(affected, Mapping) else None
        name = str(named.get("name", "")) if isinstance(named, Mapping) else None
        if name is None or canonical(package.ecosystem, name) != package.key[1]:
            continue
        for one in _list(affected.get("ranges")):
            if isinstance(one, Mapping) and one.get("type") != "GIT":
                events = (event for event in _list(one.get("events")) if isinstance(event, Mapping))
                yield from (str(event["fixed"]) for event in events if "fixed" in event)


def _severity(record: Mapping[str, object]) -> Level:
    """Return an advisory's level: its own word, else its CVSS score; malware is HIGH, the unrated MEDIUM."""
    if str(record.get("id", "")).startswith("MAL-"):
        return "HIGH"
    own = record.get("database_specific")
    word = str(own.get("severity", "")).upper() if isinstance(own, Mapping) else ""
    if word in _WORDS:
        return _WORDS[word]
    scores = [
        _score(str(s.get("score", ""))) for s in _list(record.get("severity")) if isinstance(s, Mapping)
    ]
    worst = max([s for s in scores if s is not None], default=None)
    return "MEDIUM" if worst is None else "HIGH" if worst >= 7 else "MEDIUM" if worst >= 4 else "LOW"


_WEIGHTS: dict[str, dict[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_RIGHTS = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def _score(vector: str) -> float | None:
    """Return the base score of a CVSS 3 vector; of version 4 only whether something is lost entirely."""
    parts = dict(p.split(":", 1) for p in vector.split("/") if ":" in p)
    if vector.startswith("CVSS:4"):
        return 8.0 if "H" in (parts.get("VC"), parts.get("VI")) and parts.get("AV") == "N" else 5.0
    try:
        weight = {name: table[parts[name]] for name, table in _WEIGHTS.items()}
        changed = parts["S"] == "C"
        rights = _RIGHTS[parts["S"]][parts["PR"]]
    except KeyError:
        return None
    lost = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    if impact <= 0:
        return 0.0
    ease = 8.22 * weight["AV"] * weight["AC"] * rights * weight["UI"]
    return min((1.08 if changed else 1.0) * (impact + ease), 10.0)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
