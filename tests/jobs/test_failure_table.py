from __future__ import annotations

import re

import pytest

from skillbank.bank.foreign import FromSkill
from skillbank.jobs.failure_table import BY_EXIT_CODE, KNOWN_TO_SKILL, PATTERNS
from skillbank.jobs.failures import classify


@pytest.mark.parametrize(
    ("line", "name", "kind"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "cuda_oom", "PROGRAM"),
        ("NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus", "xid_ecc", "INFRA"),
        ("torch.distributed.DistBackendError: NCCL error in: x.cpp", "nccl", "INFRA"),
        ("OSError: [Errno 28] No space left on device", "disk_full", "INFRA"),
        ("slurmstepd: error: *** JOB 7 CANCELLED DUE TO PREEMPTION ***", "preempted", "INFRA"),
        ("Error: ErrImagePull", "image_pull", "INFRA"),
        ("category ids must start from 0, found 1..3 in val.json", "bad_category_ids", "PROGRAM"),
        ("OSError: Can't load tokenizer for 'bert-base-uncased'", "text_encoder_missing", "PROGRAM"),
        ("ERROR: text encoder folder /models/bert does not exist", "text_encoder_missing", "PROGRAM"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/data/a.json'", "missing_file", "PROGRAM"),
        ("ERROR: unknown key 'train.epohcs' in the spec", "unknown_spec_key", "PROGRAM"),
        ("ModuleNotFoundError: No module named 'torch'", "module_missing", "PROGRAM"),
        (
            "ERROR: The engine needs the package torch, which is not installed: pip install skillbank",
            "module_missing",
            "PROGRAM",
        ),
        (
            "RuntimeError: DataLoader worker (pid 9) is killed by signal: Bus error.",
            "shared_memory",
            "PROGRAM",
        ),
        ("ValueError: loss is nan at step 3", "not_a_number", "PROGRAM"),
        ("PermissionError: [Errno 13] Permission denied: '/x'", "permission", "PROGRAM"),
        ("AssertionError: labels", "assertion", "PROGRAM"),
        ("RuntimeError: CUDA error: device-side assert triggered", "assertion", "PROGRAM"),
        ("RuntimeError: CUDA error: uncorrectable ECC error encountered", "xid_ecc", "INFRA"),
        ("RuntimeError: cuBLAS: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate", "cuda_oom", "PROGRAM"),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch", "host_oom", "PROGRAM"),
        ("[ 12.3] Out of memory: Killed process 4711 (python)", "host_oom", "PROGRAM"),
        ("MemoryError: Unable to allocate 8.00 GiB for an array", "host_oom", "PROGRAM"),
        ("docker: Error response from daemon: manifest for x/y:1 not found", "image_pull", "INFRA"),
        (
            "Error response from daemon: pull access denied for x, repository does not exist",
            "image_pull",
            "INFRA",
        ),
        ("RuntimeError: [Rank 1] Watchdog caught collective operation timeout", "nccl", "INFRA"),
        (
            "slurmstepd: error: *** JOB 7 ON n1 CANCELLED DUE TO NODE FAILURE ***",
            "node_fail",
            "INFRA",
        ),
        (
            "slurmstepd: error: *** JOB 7 ON n1 CANCELLED DUE TO TIME LIMIT ***",
            "time_limit",
            "PROGRAM",
        ),
        ("The node was low on resource: memory. Reason: Evicted", "preempted", "INFRA"),
        ("tar: out.bin: Cannot write: No space left on device", "disk_full", "INFRA"),
        ("ConnectionResetError: [Errno 104] Connection reset by peer", "network", "INFRA"),
        ("ERROR: /data/val.json: category_id 91: ids must run from 0", "bad_category_ids", "PROGRAM"),
        ('could not select device driver "" with capabilities: [[gpu]]', "gpu_driver", "INFRA"),
    ],
)
def test_lines_of_the_table(line: str, name: str, kind: str) -> None:
    failure = classify(f"Traceback (most recent call last):\n  File x\n{line}\n", 1)
    assert (failure.name, failure.kind, failure.evidence) == (name, kind, line)
    assert failure.explanation and failure.advice


@pytest.mark.parametrize(
    ("code", "name"), [(137, "host_oom"), (127, "program_missing"), (139, "crashed"), (3, "program_failed")]
)
def test_the_exit_code_speaks_when_the_log_does_not(code: int, name: str) -> None:
    assert classify("epoch 1\n", code).name == name
    assert classify("", None).name == "program_failed"


def test_the_programs_own_reason_comes_before_the_log() -> None:
    log = "FileNotFoundError: a warning of no account\n" + "epoch\n" * 20
    failure = classify(log, 1, reason="label 'cat' is not in the map")
    assert (failure.name, failure.evidence) == ("program_failed", "label 'cat' is not in the map")
    assert classify("noise\n", 1, reason="CUDA out of memory").name == "cuda_oom"
    assert classify("CUDA out of memory\n", 1, reason="Training failed").name == "cuda_oom"
    assert classify(log, 1).name == "missing_file"
    assert classify(log, 137).name == "host_oom"


def test_a_skill_adds_patterns_of_its_own() -> None:
    patterns = [
        {"name": "Odd labels", "pattern": r"label \d+ of \d+", "explanation": "E", "advice": "A"},
        {"name": "Broken [words", "explanation": "W"},
        {"name": "flaky", "pattern": "socket closed", "kind": "infra"},
    ]
    failure = classify("FileNotFoundError: x\nlabel 9 of 3\n", 1, patterns, skill="toy")
    assert (failure.name, failure.kind) == ("odd_labels", "PROGRAM")
    assert failure.from_skill == FromSkill(skill="toy", text="Odd labels · E · A")
    assert failure.explanation == KNOWN_TO_SKILL.explanation
    assert classify("oh: broken [words!", 1, patterns).from_skill == FromSkill(
        skill="", text="Broken [words · W"
    )
    assert classify("socket closed", 1, patterns).kind == "INFRA"


def test_the_evidence_is_short_and_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary-4711")
    failure = classify(f"ValueError: bad canary-4711 {'x' * 1000}", 1)
    assert failure.evidence.startswith("ValueError: bad [redacted] xxx") and len(failure.evidence) == 300


def test_without_a_known_pattern_the_last_error_line_is_the_evidence() -> None:
    log = "start\nKeyError: 'first'\nmy.module.OddError: second\nbye\n"
    assert classify(log, 1).evidence == "my.module.OddError: second"
    told = classify(f"Traceback (most recent call last):\n  File x\n{log}", 1)
    assert (told.name, told.kind, told.evidence) == ("traceback", "PROGRAM", "my.module.OddError: second")


def test_the_table_is_sound() -> None:
    assert len({p.name for p in PATTERNS}) == len(PATTERNS)
    for pattern in (*PATTERNS, *BY_EXIT_CODE.values()):
        assert pattern.explanation and pattern.advice
        assert re.compile(pattern.regex) and pattern.kind in ("PROGRAM", "INFRA")
        assert re.fullmatch("[a-z_]+", pattern.name)
