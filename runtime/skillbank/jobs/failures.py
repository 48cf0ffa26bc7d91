"""Why a job failed, read from its exit code and log: what happened, the line that shows it, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from skillbank.jobs.record import Failure
from skillbank.redact import redact

__all__ = ["PATTERNS", "Pattern", "classify"]

_LONGEST_EVIDENCE = 300
_LAST_WORDS = 20


@dataclass(frozen=True)
class Pattern:
    """One kind of failure; ``regex`` is searched in each line, the letter case does not matter."""

    name: str
    kind: str
    regex: str
    explanation: str
    advice: str


def _program(name: str, regex: str, explanation: str, advice: str) -> Pattern:
    return Pattern(name, "PROGRAM", regex, explanation, advice)


def _infra(name: str, regex: str, explanation: str, advice: str) -> Pattern:
    return Pattern(name, "INFRA", regex, explanation, advice)


PATTERNS: tuple[Pattern, ...] = (
    _program(
        "cuda_oom",
        r"CUDA out of memory|torch\.(cuda\.)?OutOfMemoryError|CUBLAS_STATUS_ALLOC_FAILED"
        r"|CUDA error: out of memory",
        "The GPU's memory was not enough.",
        "Halve the batch size (dataset.batch_size) and run again; the same plan will fail the same way.",
    ),
    _program(
        "out_of_memory",
        r"OOMKilled|^killed, most likely out of memory|oom-kill:|Out of memory: Killed process"
        r"|DefaultCPUAllocator: can't allocate memory|^\s*MemoryError\b",
        "The memory that the program may use was not enough.",
        "Use a smaller batch or fewer workers, or give the job more memory.",
    ),
    _program(
        "program_missing",
        r"\[FATAL tini.* exec .* failed: No such file",
        "The image does not have the program.",
        "Check that it is the image for this skill; --image names another one.",
    ),
    _infra(
        "gpu_fault",
        r"\bXid\b|uncorrectable ECC|fallen off the bus"
        r"|CUDA error: (an illegal instruction|unspecified launch failure)",
        "A GPU reported a hardware fault.",
        "Run again on another GPU; when it comes back, have the machine checked.",
    ),
    _infra(
        "gpu_driver",
        r"CUDA driver version is insufficient|no NVIDIA driver|Failed to initialize NVML"
        r"|could not select device driver",
        "The machine's NVIDIA driver or container runtime does not work.",
        "Check nvidia-smi and the NVIDIA container toolkit; skillbank doctor says what is missing.",
    ),
    _infra(
        "nccl",
        r"NCCL (error|WARN.*(timeout|unhandled))|ncclSystemError|ncclUnhandledCudaError"
        r"|Watchdog caught collective",
        "The GPUs lost contact with each other.",
        "Run again; when it comes back, check the network between the nodes.",
    ),
    _infra(
        "image_pull",
        r"ImagePullBackOff|ErrImagePull|pull access denied|manifest unknown|toomanyrequests",
        "The container image could not be pulled.",
        "Check the image's name and the registry login.",
    ),
    _infra(
        "preempted",
        r"\bPREEMPTED\b|NODE_FAIL|BOOT_FAIL|\bEvicted\b|DUE TO PREEMPTION",
        "The machine was taken away.",
        "Run again.",
    ),
    _infra(
        "disk_full",
        r"No space left on device|Disk quota exceeded",
        "The disk is full.",
        "Make room, or choose another place with --results-root.",
    ),
    _program(
        "shared_memory",
        r"insufficient shared memory|DataLoader worker .* is killed by signal: Bus error",
        "The data loader's shared memory was not enough.",
        "Raise the plan's shm_size or lower the number of workers.",
    ),
    _program(
        "bad_category_ids",
        r"categor(y|ies)[ _]ids?\b.*(start|begin|0\.\.|zero|contiguous|from 1|must)",
        "The category ids of the annotations do not run from 0.",
        "Renumber the categories to 0..n-1 in the annotation file.",
    ),
    _program(
        "text_encoder_missing",
        r"(bert|text[ _]encoder|tokenizer).*"
        r"(not found|can(no|')t (load|be loaded|connect)|does not exist|is not a local folder)"
        r"|can't load tokenizer|couldn't connect to 'https://huggingface",
        "The text encoder could not be loaded.",
        "Give a local folder with its weights, or let the job reach the model hub.",
    ),
    _program(
        "unknown_spec_key",
        r"unknown (spec )?key|ConfigKeyError|ConfigAttributeError|Key '.*' (is )?not in|is not a known key",
        "The spec has a key that the program does not know.",
        "Correct the key; skillbank show SKILL ACTION lists them.",
    ),
    _program(
        "missing_file",
        r"FileNotFoundError|No such file or directory"
        r"|(file|folder|directory|path) .*(does not exist|not found)",
        "A file that the program needs is not there.",
        "Check the path in the line quoted; data is named in the plan's inputs.",
    ),
    _program(
        "permission_denied",
        r"PermissionError|Permission denied",
        "The program may not read or write a file.",
        "Change the file's mode or owner.",
    ),
    _program(
        "module_missing",
        r"ModuleNotFoundError|No module named|ImportError",
        "A Python package that the program needs is not installed.",
        "Install it; for the embedded engine: pip install 'skillbank[engine]'.",
    ),
    _program(
        "not_a_number",
        r"loss (is|became|went to) (nan|inf)|(nan|non-finite) loss|loss.*(not finite|non-finite)",
        "The loss is no number any more.",
        "Lower the learning rate (train.optim.lr) or train in full precision.",
    ),
    _program(
        "assertion",
        r"^\s*AssertionError|device-side assert triggered",
        "A check inside the program failed.",
        "Read the line quoted and the log above it; labels that the label map lacks are a common cause.",
    ),
)
"""The table, searched from the top; a skill's own patterns come first."""

_BY_EXIT_CODE: dict[int, Pattern] = {
    126: _program("cannot_start", "", "The program could not be started.", "Check that it may be executed."),
    127: _program("program_missing", "", "The program is not installed.", "Install it where the job runs."),
    134: _program("crashed", "", "The program aborted.", "Read the end of the log."),
    137: _program(
        "killed",
        "",
        "The program was killed from outside, most likely because the machine's memory ran out.",
        "Use a smaller batch or fewer workers, or a machine with more memory.",
    ),
    139: _program("crashed", "", "The program crashed (segmentation fault).", "Read the end of the log."),
    143: _infra("terminated", "", "Somebody or the system asked the program to stop.", "Run again."),
}
_PLAIN = _program("program_failed", "", "The program failed.", "Read the end of the log: skillbank logs JOB.")
_TELLING = re.compile(
    r"^\s*(\w+\.)*\w*(Error|Exception|Interrupt)\b|^\s*(ERROR|FATAL|CRITICAL)\b|error:", re.I
)


def classify(
    log_tail: str,
    exit_code: int | None,
    patterns: Iterable[Mapping[str, Any]] = (),
    *,
    reason: str | None = None,
    secrets: Iterable[str] | None = None,
) -> Failure:
    """Say what kind of failure it was.

    Parameters
    ----------
    log_tail
        The end of the program's output.
    patterns
        A skill's own patterns, searched before the table: ``name``, ``pattern`` (a regular expression),
        ``explanation``, ``advice`` and optionally ``kind``.
    reason
        The reason that the program itself gave in its status file; it is the best evidence there is.
    secrets
        Values that must not appear in the answer; those of this process's environment when not given.

    Returns
    -------
    Failure
        ``PROGRAM`` failures come back when the same plan is run again, ``INFRA`` ones need not.
    """
    hidden = None if secrets is None else list(secrets)
    lines = [line.strip() for line in log_tail.splitlines() if line.strip()]
    own = [line.strip() for line in (reason or "").splitlines() if line.strip()]
    table = (*map(_of_skill, patterns), *PATTERNS)
    # The program's own reason decides, then the last words. What the log holds above them may be a mere
    # warning: it counts only when neither a reason nor a signal has been given.
    recent, older = lines[: -_LAST_WORDS - 1 : -1], lines[-_LAST_WORDS - 1 :: -1]
    for where in (own, recent, [] if own or (exit_code or 0) > 128 else older):
        for pattern in table:
            line = _search(pattern, where)
            if line is not None:
                return _failure(pattern, line, hidden)
    told = own or [line for line in lines if _TELLING.search(line)][-1:] or lines[-1:]
    pattern = _PLAIN if own else _BY_EXIT_CODE.get(exit_code or 0, _PLAIN)
    return _failure(pattern, told[0] if told else "", hidden)


def _of_skill(entry: Mapping[str, Any]) -> Pattern:
    text = str(entry.get("pattern") or entry.get("name") or "")
    kind = "INFRA" if str(entry.get("kind", "")).upper() == "INFRA" else "PROGRAM"
    name = re.sub(r"[^a-z0-9]+", "_", str(entry.get("name") or text).lower()).strip("_")
    return Pattern(name, kind, text, str(entry.get("explanation") or ""), str(entry.get("advice") or ""))


def _search(pattern: Pattern, lines: list[str]) -> str | None:
    if not pattern.regex:
        return None
    try:
        regex = re.compile(pattern.regex, re.IGNORECASE)
    except re.error:
        # Skills describe errors in words; words are then looked for as they stand.
        regex = re.compile(re.escape(pattern.regex), re.IGNORECASE)
    return next((line for line in lines if regex.search(line[:2000])), None)


def _failure(pattern: Pattern, evidence: str, secrets: list[str] | None) -> Failure:
    shown = redact(evidence, secrets)
    if len(shown) > _LONGEST_EVIDENCE:
        shown = shown[: _LONGEST_EVIDENCE - 3] + "..."
    return Failure(
        kind=pattern.kind,
        name=pattern.name,
        explanation=pattern.explanation,
        evidence=shown,
        advice=pattern.advice,
    )
