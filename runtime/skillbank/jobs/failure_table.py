"""The table of failures: how each shows itself in a log, what it means, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.ways import Sentence, command, option

__all__ = ["BY_EXIT_CODE", "KNOWN_TO_SKILL", "PATTERNS", "PLAIN", "TRACEBACK", "Pattern"]


@dataclass(frozen=True)
class Pattern:
    """One kind of failure; ``regex`` is searched in each line, the letter case does not matter."""

    name: str
    kind: str
    regex: str
    explanation: str
    advice: str
    said: str = ""
    """What a skill says of its own pattern; the explanation and the advice are ours then too."""


def _program(name: str, regex: str, explanation: str, advice: str) -> Pattern:
    return Pattern(name, "PROGRAM", regex, explanation, advice)


def _infra(name: str, regex: str, explanation: str, advice: str) -> Pattern:
    return Pattern(name, "INFRA", regex, explanation, advice)


PATTERNS: tuple[Pattern, ...] = (
    _program("cuda_oom",
        r"CUDA out of memory|torch\.(cuda\.)?OutOfMemoryError|CUBLAS_STATUS_ALLOC_FAILED"
        r"|CUDA error: out of memory",
        "The GPU's memory was not enough.",
        "Halve the batch size (dataset.batch_size) and run again; the same plan will fail the same way."),
    _program("host_oom",
        r"OOMKilled|OUT_OF_MEMORY|oom_kill event|^killed, most likely out of memory|oom-kill:"
        r"|Out of memory: Killed process|DefaultCPUAllocator: can't allocate memory|^\s*MemoryError\b",
        "The memory that the program may use was not enough.",
        "Use a smaller batch or fewer workers, or give the job more memory."),
    _program("program_missing",
        r"\[FATAL tini.* exec .* failed: No such file",
        "The image does not have the program.",
        Sentence(f"Check that it is the image for this skill; {option('image')} names another one.")),
    _infra("xid_ecc",
        r"\bXid\b|uncorrectable ECC|fallen off the bus"
        r"|CUDA error: (an illegal instruction|unspecified launch failure)",
        "A GPU reported a hardware fault.",
        "Run again on another GPU; when it comes back, have the machine checked."),
    _infra("gpu_driver",
        r"CUDA driver version is insufficient|no NVIDIA driver|Failed to initialize NVML"
        r"|could not select device driver",
        "The machine's NVIDIA driver or container runtime does not work.",
        Sentence(f"Check nvidia-smi and the NVIDIA container toolkit; {command('doctor')} says what is "
                 "missing.")),
    _infra("nccl",
        r"NCCL (error|WARN.*(timeout|unhandled))|ncclSystemError|ncclUnhandledCudaError"
        r"|Watchdog caught collective",
        "The GPUs lost contact with each other.",
        "Run again; when it comes back, check the network between the nodes."),
    _infra("image_pull",
        r"ImagePullBackOff|ErrImagePull|pull access denied|manifest (for .* )?(unknown|not found)"
        r"|toomanyrequests",
        "The container image could not be pulled.",
        "Check the image's name and the registry login."),
    _infra("node_fail",
        r"NODE_FAIL|BOOT_FAIL|DUE TO NODE FAILURE|NodeLost|node .* (is|went|was) (down|lost|not ready)",
        "The machine that ran the job failed.",
        "Run again; skillbank does so by itself when retries are allowed."),
    _infra("preempted",
        r"\bPREEMPTED\b|\bEvicted\b|DUE TO PREEMPTION|spot instance (interruption|was reclaimed)",
        "The machine was taken away for somebody else.",
        "Run again; skillbank does so by itself when retries are allowed."),
    _program("time_limit",
        r"DUE TO TIME LIMIT|DeadlineExceeded|exceeded (its|the) (time|wall ?clock) limit",
        "The job ran longer than it may.",
        "Ask for more time, or train fewer epochs; a training goes on from its last checkpoint."),
    _infra("disk_full",
        r"No space left on device|Disk quota exceeded",
        "The disk is full.",
        Sentence(f"Make room, or choose another place with {option('results-root')}.")),
    _program("shared_memory",
        r"insufficient shared memory|DataLoader worker .* is killed by signal: Bus error",
        "The data loader's shared memory was not enough.",
        "Raise the plan's shm_size or lower the number of workers."),
    _program("bad_category_ids",
        r"categor(y|ies)[ _]ids?\b.*(start|begin|0\.\.|zero|contiguous|from 1|must)",
        "The category ids of the annotations do not run from 0.",
        "Renumber the categories to 0..n-1 in the annotation file."),
    _program("text_encoder_missing",
        r"(bert|text[ _]encoder|tokenizer).*"
        r"(not found|can(no|')t (load|be loaded|connect)|does not exist|is not a local folder)"
        r"|can't load tokenizer|couldn't connect to 'https://huggingface",
        "The text encoder could not be loaded.",
        "Give a local folder with its weights, or let the job reach the model hub."),
    _program("unknown_spec_key",
        r"unknown (spec )?key|ConfigKeyError|ConfigAttributeError|Key '.*' (is )?not in|is not a known key",
        "The spec has a key that the program does not know.",
        Sentence(f"Correct the key; {command('show', 'SKILL ACTION')} lists them.")),
    _program("missing_file",
        r"FileNotFoundError|No such file or directory"
        r"|(file|folder|directory|path) .*(does not exist|not found)",
        "A file that the program needs is not there.",
        "Check the path in the line quoted; data is named in the plan's inputs."),
    _infra("network",
        r"Temporary failure in name resolution|Connection reset by peer|ConnectionResetError"
        r"|Network is unreachable|Max retries exceeded",
        "A connection to another machine broke off.",
        "Run again; when it comes back, check the network and proxies of the place where the job runs."),
    _program("permission",
        r"PermissionError|Permission denied",
        "The program may not read or write a file.",
        "Change the file's mode or owner."),
    _program("module_missing",
        r"ModuleNotFoundError|No module named|ImportError|needs the package \w+, which is not installed",
        "A Python package that the program needs is not installed.",
        "Install it where the job ran; the embedded engine's come with the extras engine, export, quantize."),
    _program("not_a_number",
        r"loss (is|became|went to) (nan|inf)|(nan|non-finite) loss|loss.*(not finite|non-finite)",
        "The loss is no number any more.",
        "Lower the learning rate (train.optim.lr) or train in full precision."),
    _program("assertion",
        r"^\s*AssertionError|device-side assert triggered",
        "A check inside the program failed.",
        "Read the line quoted and the log above it; labels that the label map lacks are a common cause."),
)  # fmt: skip
"""The table, searched from the top; a skill's own patterns come first."""

KNOWN_TO_SKILL = _program(
    "",
    "",
    "The log shows a failure that the skill itself describes.",
    "Weigh what the skill says of it, as the skill's words, against the line quoted.",
)
"""What we say of a pattern that a skill brings."""

BY_EXIT_CODE: dict[int, Pattern] = {
    126: _program("cannot_start", "", "The program could not be started.", "Check that it may be executed."),
    127: _program("program_missing", "", "The program is not installed.", "Install it where the job runs."),
    134: _program("crashed", "", "The program aborted.", "Read the end of the log."),
    137: _program(
        "host_oom",
        "",
        "The program was killed from outside, most likely because the machine's memory ran out.",
        "Use a smaller batch or fewer workers, or a machine with more memory.",
    ),
    139: _program("crashed", "", "The program crashed (segmentation fault).", "Read the end of the log."),
    143: _infra("terminated", "", "Somebody or the system asked the program to stop.", "Run again."),
}
PLAIN = _program(
    "program_failed",
    "",
    "The program failed.",
    Sentence(f"Read the end of the log: {command('logs', 'JOB')}."),
)
TRACEBACK = _program(
    "traceback",
    "",
    "The program ended by an exception that is not in the table.",
    Sentence(f"Read the lines above the one quoted: {command('logs', 'JOB')}."),
)
