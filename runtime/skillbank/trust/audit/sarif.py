"""A report in SARIF 2.1.0, which code hosts and editors show beside the lines."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from skillbank.trust.audit.finding import QUESTIONS, Finding, Level, Rule
from skillbank.trust.audit.report import Report
from skillbank.trust.audit.rules import table

__all__ = ["sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: dict[Level, str] = {"HIGH": "error", "MEDIUM": "warning", "LOW": "note"}
_SCORES: dict[Level, str] = {"HIGH": "8.0", "MEDIUM": "5.0", "LOW": "2.0"}


def sarif(report: Report, version: str) -> dict[str, object]:
    """Return a report as a SARIF document; `version` is that of skillbank."""
    rules = table()
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "skillbank audit",
                        "version": version,
                        "semanticVersion": version,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"BANK": {"uri": f"{report.root.as_uri()}/"}},
                "invocations": [
                    {
                        "executionSuccessful": not report.failed,
                        "toolExecutionNotifications": [
                            {"level": "warning", "message": {"text": sentence}}
                            for sentence in report.not_checked
                        ],
                    }
                ],
                "results": [_result(finding, numbers[finding.rule]) for finding in report.findings],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": f"{rule.title}. {rule.way_out}"},
        "help": {"text": rule.way_out},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {
            "tags": ["security", rule.question],
            "question": QUESTIONS[rule.question],
            "security-severity": _SCORES[rule.level],
        },
    }


def _result(finding: Finding, number: int) -> dict[str, object]:
    region: dict[str, object] = {"startLine": max(finding.line or 1, 1)}
    if finding.excerpt:
        region["snippet"] = {"text": finding.excerpt}
    artifact = {"uri": _uri(finding.file), "uriBaseId": "BANK"}
    location: dict[str, object] = {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    if finding.field:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.field, "kind": "member"}]
    told = f"{finding.message} It reads: {finding.excerpt}" if finding.excerpt else finding.message
    return {
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": _LEVELS[finding.level],
        "message": {"text": told},
        "locations": [location],
        "partialFingerprints": {"skillbankFinding/v1": _fingerprint(finding)},
        "properties": {"skill": finding.skill, "level": finding.level},
    }


def _uri(file: str) -> str:
    """Return a file's path as a relative address: no scheme, no root, each odd byte as ``%XX``."""
    parts = [quote(part.encode("utf-8", "backslashreplace"), safe="") for part in file.split("/")]
    return "/".join(part for part in parts if part) or "."


def _fingerprint(finding: Finding) -> str:
    """Return what stays the same while lines move: rule, file, field and words."""
    parts = (finding.rule, finding.file, finding.field, finding.excerpt)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
