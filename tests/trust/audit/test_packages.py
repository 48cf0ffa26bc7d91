"""Pinned packages and known vulnerabilities: from exports of every form, and from a server that speaks OSV."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from skillbank.trust.audit.versions import SemVer, is_affected
from tests.trust.audit.conftest import Writer

TORCH: dict[str, Any] = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "aliases": ["CVE-2025-1"],
    "summary": "Loading runs code",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "torch"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.6.0"}]}],
        }
    ],
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
}
LODASH: dict[str, Any] = {
    "id": "GHSA-dddd-eeee-ffff",
    "affected": [
        {
            "package": {"ecosystem": "npm", "name": "lodash"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "4.0.0"}, {"last_affected": "4.17.20"}]}],
        }
    ],
    "database_specific": {"severity": "MODERATE"},
}
WITHDRAWN: dict[str, Any] = {**TORCH, "id": "GHSA-gone", "withdrawn": "2025-01-01T00:00:00Z"}
RECORDS = [TORCH, LODASH, WITHDRAWN]


def write_skill(bank: Writer) -> None:
    bank.skill(
        "Install it:\n\n```\npip install 'torch==2.4.0' fine==1.0\nnpm install lodash@4.17.20\n```\n",
        files={"requirements.txt": "Torch == 2.5.1  # old\nnumpy>=1\n", "package.json": '{"dependencies": {"lodash": "4.17.21"}}'},
    )  # fmt: skip


def found(bank: Writer, osv: str) -> set[tuple[str, int | None, str, str]]:
    report = bank.audit(osv=osv)
    assert not report.failed
    assert not [s for s in report.not_checked if "vulnerabilities" in s]
    return {
        (f.file.rsplit("/", 1)[-1], f.line, f.field, f.level)
        for f in report.findings
        if f.rule == "package-vulnerable"
    }


EXPECTED = {
    ("SKILL.md", 10, "torch 2.4.0", "HIGH"),
    ("requirements.txt", 1, "Torch 2.5.1", "HIGH"),
    ("SKILL.md", 11, "lodash 4.17.20", "MEDIUM"),
}


def test_without_a_source_it_says_so(bank: Writer) -> None:
    write_skill(bank)
    report = bank.audit()
    assert report.verdict("bugs").endswith("known vulnerabilities: not checked")
    assert "5 pinned packages" in report.not_checked[0]


@pytest.mark.parametrize("form", ["zip", "list", "lines", "folder", "vulns"])
def test_exports(bank: Writer, tmp_path: Path, form: str) -> None:
    write_skill(bank)
    source = tmp_path / f"osv.{'zip' if form == 'zip' else 'jsonl' if form == 'lines' else 'json'}"
    if form == "zip":
        with zipfile.ZipFile(source, "w") as archive:
            for record in RECORDS:
                archive.writestr(f"{record['id']}.json", json.dumps(record))
    elif form == "folder":
        source = tmp_path / "osv"
        source.mkdir()
        for record in RECORDS:
            (source / f"{record['id']}.json").write_text(json.dumps(record), encoding="utf-8")
    elif form == "lines":
        source.write_text("\n".join(map(json.dumps, RECORDS)), encoding="utf-8")
    else:
        source.write_text(json.dumps(RECORDS if form == "list" else {"vulns": RECORDS}), encoding="utf-8")
    assert found(bank, str(source)) == EXPECTED


class Osv(BaseHTTPRequestHandler):
    """Answers as OSV's API does: a page with one id, then the rest; records one by one."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        results = []
        for query in asked["queries"]:
            hits = [
                record
                for record in RECORDS
                if any(
                    entry["package"] == query["package"]
                    and is_affected(query["version"], entry, query["package"]["ecosystem"])
                    for entry in record["affected"]
                )
            ]
            ids = [{"id": hit["id"], "modified": "2025-01-01T00:00:00Z"} for hit in hits]
            first = "page_token" not in query and len(ids) > 1
            results.append(
                {"vulns": ids[:1], "next_page_token": "more"} if first else {"vulns": ids[-1:]} if ids else {}
            )
        self.answer({"results": results})

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[-1]
        self.answer(next(record for record in RECORDS if record["id"] == name))

    def answer(self, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Osv) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_a_server(bank: Writer, server: str) -> None:
    write_skill(bank)
    assert found(bank, server) == EXPECTED


def test_a_server_that_is_not_there_is_no_clean_bill(bank: Writer) -> None:
    write_skill(bank)
    report = bank.audit(osv="http://127.0.0.1:9")
    assert report.failed
    assert "does not answer" in report.not_checked[0]


def test_an_export_that_is_not_there(bank: Writer, tmp_path: Path) -> None:
    write_skill(bank)
    assert "There is no OSV export" in bank.audit(osv=str(tmp_path / "none.zip")).not_checked[0]


@pytest.mark.parametrize(
    ("version", "events", "inside"),
    [
        ("1.0", [{"introduced": "0"}], True),
        ("1.0", [{"introduced": "0"}, {"fixed": "1.0"}], False),
        ("1.0rc1", [{"introduced": "0"}, {"fixed": "1.0"}], True),
        ("1.0", [{"introduced": "0"}, {"last_affected": "1.0"}], True),
        ("1.0.1", [{"introduced": "0"}, {"last_affected": "1.0"}], False),
        ("3.5", [{"introduced": "0"}, {"fixed": "2"}, {"introduced": "3"}, {"fixed": "4"}], True),
        ("2.5", [{"introduced": "0"}, {"fixed": "2"}, {"introduced": "3"}, {"fixed": "4"}], False),
        ("1.10", [{"introduced": "1.9"}, {"fixed": "1.11"}], True),
        ("unknown", [{"introduced": "0"}], False),
    ],
)
def test_ranges(version: str, events: list[dict[str, str]], inside: bool) -> None:
    assert is_affected(version, {"ranges": [{"type": "ECOSYSTEM", "events": events}]}, "PyPI") is inside


def test_semver_orders_as_its_standard_says() -> None:
    order = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
        "1.10.0",
    ]
    versions = [SemVer(text) for text in order]
    assert sorted(versions) == versions
    assert SemVer("1.0.0+one") == SemVer("1.0.0+two")
