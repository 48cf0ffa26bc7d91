"""Rules on the files themselves: programs among documents, links, what is no file, what is too big to look at."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from skillbank.trust.audit.evidence import BIG, Evidence, File
from skillbank.trust.audit.finding import Hit, Level, hit_at, rule
from skillbank.trust.audit.linear import Linear, linear
from skillbank.trust.audit.rules_commands import SECRET_PLACES

__all__: list[str] = []

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "a program for Linux (ELF)"),
    (b"MZ", "a program for Windows (PE)"),
    (b"\xfe\xed\xfa\xce", "a program for macOS"), (b"\xfe\xed\xfa\xcf", "a program for macOS"),
    (b"\xce\xfa\xed\xfe", "a program for macOS"), (b"\xcf\xfa\xed\xfe", "a program for macOS"),
    (b"\xca\xfe\xba\xbe", "a program (Java or macOS)"), (b"\0asm", "a WebAssembly program"),
    (b"dex\n", "a program for Android"), (b"!<arch>", "a library of programs"),
    (b"PK\x03\x04", "an archive (zip)"), (b"\x1f\x8b", "an archive (gzip)"), (b"7z\xbc\xaf", "an archive (7z)"), (b"Rar!", "an archive (rar)"),
    (b"BZh", "an archive (bzip2)"), (b"\xfd7zXZ", "an archive (xz)"), (b"\x28\xb5\x2f\xfd", "an archive (zstd)"),
)  # fmt: skip
_PICKLE = re.compile(rb"\A\x80[\x02-\x05]")
_PYC = re.compile(rb"\A[\x00-\xff][\x0c-\x0f]\r\n")
_PROGRAM_ENDS = frozenset(
    [
        ".so", ".dll", ".dylib", ".pyd", ".pyc", ".pyo", ".exe", ".msi", ".com", ".scr", ".bin", ".elf",
        ".o", ".a", ".ko", ".jar", ".class", ".war", ".apk", ".ipa", ".deb", ".rpm", ".appimage", ".whl",
        ".egg", ".pyz", ".node", ".wasm", ".lnk", ".desktop", ".url", ".hta", ".vbs", ".vbe", ".wsf",
        ".jse", ".cpl", ".reg", ".pif", ".gadget", ".command", ".workflow", ".action", ".chm",
    ]
)  # fmt: skip
_SCRIPT_ENDS = frozenset(
    [
        ".py", ".sh", ".bash", ".zsh", ".fish", ".ps1", ".psm1", ".bat", ".cmd", ".pl", ".rb", ".js",
        ".mjs", ".cjs", ".ts", ".php", ".lua", ".r", ".jl", ".tcl", ".awk", ".groovy", ".ipynb", ".pth",
        ".mk", ".go", ".rs", ".c", ".cpp", ".cu",
    ]
)  # fmt: skip
_ARCHIVES = frozenset([".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst"])
_MADE_OF_ARCHIVES = (".docx", ".xlsx", ".pptx", ".npz", ".pt", ".pth", ".ckpt", ".keras")
_WEIGHTS = frozenset(
    [
        ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".bin", ".npy", ".npz", ".h5", ".keras",
        ".dill", ".mar",
    ]
)  # fmt: skip
_PLAIN_ENDS = frozenset(
    [
        ".md", ".txt", ".yaml", ".yml", ".json", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".csv",
        ".html", ".rst", ".toml", ".webp", ".xml", ".log", ".doc", ".docx",
    ]
)  # fmt: skip
_HOOKS = re.compile(
    r"(?:^|/)(?:\.git(?:/hooks|hooks)?/.*|\.githooks/.*|\.husky/.*|\.envrc|\.bashrc|\.profile|\.zshrc|\.bash_profile|\.vscode/(?:tasks|launch|settings)\.json|\.idea/.*|\.claude/(?:settings.*\.json|hooks/.*|commands/.*)|\.mcp\.json|mcp\.json|hooks/hooks\.json|hooks\.json|sitecustomize\.py|usercustomize\.py|conftest\.py|setup\.py|Makefile|Justfile|Dockerfile|\.github/workflows/.*|\.gitlab-ci\.yml|\.pre-commit-config\.yaml|\.npmrc|\.pypirc|pip\.conf|\.gitconfig|\.gitmodules|\.ssh/.*|\.gdbinit|\.vimrc|\.exrc|\.devcontainer/.*|tox\.ini|noxfile\.py|package\.json)$"
)
_STARTED_ALONE = re.compile(
    r"(?:^|/)(?:\.git(?:/hooks|hooks)?/.*|\.githooks/.*|\.husky/.*|\.envrc|\.bashrc|\.profile|\.zshrc|\.bash_profile|\.vscode/tasks\.json|\.claude/(?:settings.*\.json|hooks/.*)|\.mcp\.json|hooks/hooks\.json|sitecustomize\.py|usercustomize\.py|\.gdbinit|\.exrc|\.ssh/.*)$"
)
_ORDERS = re.compile(
    r"(?:^|/)(?:AGENTS|CLAUDE|GEMINI|AGENT|COPILOT)\.md$|(?:^|/)\.(?:cursorrules|windsurfrules|clinerules|cursor/.*|github/copilot-instructions\.md|aider.*)$"
)


@rule(
    "file-program", "HIGH", "execution", "A program lies among the documents",
    "Remove it; a skill is text, and its programs come in images.",
)  # fmt: skip
def programs(evidence: Evidence) -> Iterator[Hit]:
    """Find programs by what their first bytes and their names say."""
    for file in evidence.files:
        if file.kind == "file" and (hit := _by_content(file) or _by_name(file)) is not None:
            yield hit


def _by_content(file: File) -> Hit | None:
    """Say what a file's first bytes say that it is."""
    kind = next((name for magic, name in _MAGIC if file.content.startswith(magic)), "")
    start = file.content[:16].hex()
    if kind.startswith("an archive") and file.suffix in (*_ARCHIVES, *_MADE_OF_ARCHIVES):
        return Hit(file.name, f"it is {kind}, whose content is not read.", level="MEDIUM")
    if kind:
        return Hit(file.name, f"its content is {kind}.", excerpt=start)
    if _PYC.match(file.content) and not file.is_text:
        return Hit(file.name, "its content is compiled Python.", excerpt=start)
    if _PICKLE.match(file.content):
        level: Level = "MEDIUM" if file.suffix in _WEIGHTS else "HIGH"
        what = "its content is a pickle, which runs code when it is opened."
        return Hit(file.name, what, excerpt=start, level=level)
    return None


def _by_name(file: File) -> Hit | None:
    """Say what a file is by its name, or by the end of an archive that its beginning hides."""
    if file.suffix in _PROGRAM_ENDS and not (file.suffix == ".bin" and not file.is_text):
        return Hit(file.name, f"its name says that it is a program ({file.suffix}).")
    if file.size > BIG or file.is_text or file.content[:2] == b"PK":
        return None
    hidden = b"PK\x05\x06" in file.content[-70000:]
    return Hit(file.name, "an archive is hidden behind its content.") if hidden else None


_SHEBANG = re.compile(rb"\A(?:\xef\xbb\xbf)?#! ?/")


@rule(
    "file-script", "MEDIUM", "execution", "A script lies among the documents",
    "The runtime never starts it, an agent may: read it first.",
)  # fmt: skip
def scripts(evidence: Evidence) -> Iterator[Hit]:
    """Find scripts, and scripts that pretend to be documents."""
    for file in evidence.files:
        if file.kind != "file":
            continue
        starts = bool(_SHEBANG.match(file.content))
        runnable = file.suffix in _SCRIPT_ENDS or file.suffix in _PROGRAM_ENDS
        if runnable and _has_two_endings(file.name):
            yield Hit(file.name, "its name has two endings, and the last one is a program's.", level="HIGH")
        elif starts and not runnable and file.suffix in _PLAIN_ENDS:
            what = "it is named like a document and is a script."
            yield Hit(file.name, what, 1, excerpt=file.lines[0], level="HIGH")
        elif starts or (file.suffix in _SCRIPT_ENDS and file.is_text):
            yield Hit(file.name, "it is a script.", 1, excerpt=file.lines[0] if file.is_text else "")
        elif (hit := _by_mode(file)) is not None:
            yield hit


def _has_two_endings(name: str) -> bool:
    """Whether a name ends like a document before its own end, or far before it."""
    ends = [s.lower() for s in PurePosixPath(name).suffixes]
    disguise = len(ends) > 1 and ends[-2] in _PLAIN_ENDS
    return disguise or re.search(r"\s{3,}\.\w+$|\.\s+\w+$", name) is not None


def _by_mode(file: File) -> Hit | None:
    """Say what a file's mode allows that none of a document should."""
    if file.mode & 0o111 and file.suffix in _PLAIN_ENDS and file.name.rsplit("/", 1)[-1] != "SKILL.md":
        what = "a document may be started as a program (its mode says so)."
        return Hit(file.name, what, level="LOW")
    if file.mode & 0o6000:
        return Hit(file.name, "it would run with another user's rights (set-uid).", level="HIGH")
    return None


_SCRIPT_DANGER: tuple[tuple[str, Linear], ...] = (
    ("a shell for somebody elsewhere", linear(r"/dev/tcp/|\bnc\b[^\n]{0,40}\s-e\b|\bmkfifo\b[^\n]{0,80}\bnc\b|pty\.spawn|os\.dup2|socket[^\n]{0,200}subprocess|bash -i\s*>&")),
    ("code that is decoded and run", linear(r"(?:exec|eval|os\.system|subprocess\.\w+|Invoke-Expression|iex)\s*[(\s][^\n]{0,120}(?:b64decode|base64|fromhex|decompress|marshal|codecs\.decode|atob|FromBase64|unhexlify|urlopen|requests\.get|chr\()|base64\s+(?:-d|--decode)[^\n]{0,60}\|\s*(?:ba)?sh|\beval\s+[\"']?\$\(")),
    ("all variables, sent away", linear(r"(?:dict\(os\.environ|os\.environ\.(?:copy|items)|json\.dumps\([^\n)]{0,40}os\.environ|printenv|\benv\s*\|)[\s\S]{0,600}(?:requests\.(?:post|put|get)|urlopen|httpx?\.|curl|wget|socket|smtplib)|(?:curl|wget)[^\n]{0,200}(?:\$\((?:env|printenv|cat [^)]*\.(?:ssh|aws|netrc|env))|-d\s*@(?:~|\$HOME|/home|/root|/proc|/etc|\.env)|--data\S*\s+[\"']?@?\$?\(?(?:env\b|/proc|~/\.))")),
    ("a place of secrets, sent away", linear(r"(?:\.ssh/|\.aws/|\.netrc|id_rsa|id_ed25519|\.git-credentials|/proc/self/environ|\.kube/config|\.docker/config)[\s\S]{0,400}(?:requests\.(?:post|put)|urlopen|httpx\.post|curl[^\n]*(?:-d|-F|-T|--data|--upload)|\bnc\b|wget[^\n]*--post|scp\b|smtplib)|(?:requests\.post|curl[^\n]*(?:-d|-F|-T|--data)|wget[^\n]*--post)[^\n]{0,200}(?:\.ssh/|\.aws/|\.netrc|id_rsa|/proc/self/environ|\.git-credentials)")),
    ("something that stays behind", linear(r"(?:>>|\btee -a)\s*[\"']?(?:~|\$HOME|/home/\w+|/root)/\.(?:bashrc|profile|zshrc|bash_profile|ssh/authorized_keys)|\|\s*crontab\b|authorized_keys[\"']?\s*,\s*[\"']a")),
)  # fmt: skip


@rule(
    "file-script-attack", "HIGH", "execution", "A script or an example does what attacks do", "Do not run it."
)
def script_attacks(evidence: Evidence) -> Iterator[Hit]:
    """Find reverse shells, decoded code, and secrets on their way out, in scripts and in the code of documents."""
    for file in evidence.texts:
        for what, pattern in _SCRIPT_DANGER:
            match = pattern.search(file.text)
            if match:
                line = file.text.count("\n", 0, match.start()) + 1
                yield hit_at(file, line, what, match[0])


_PIPED = linear(
    r"(?i)\b(?:curl|wget|fetch|iwr|Invoke-WebRequest|irm)\b[^\n|;]{0,240}?(?:https?://|ftp://)?([\w.-]+\.[A-Za-z]{2,24}|\d+(?:\.\d+){3})(?::\d+)?[^\s|]{0,300}[^\n|]{0,80}\|\s*(?:sudo\s+)?(?:-E\s+)?(?:\S*/)?(?:ba|z|da|k)?(?:sh|python[\d.]*|perl|ruby|node|iex|php)\b"
    r"|\b(?:ba|z)?sh\s+(?:-c\s+[\"']?\$\(|<\(|-c\s+[\"']?`)\s*(?:curl|wget)\b[^\n)]{0,240}?https?://([\w.-]+)"
    r"|(?:source|eval|\.)\s+(?:<\(|[\"']?\$\()\s*(?:curl|wget)\b[^\n)]{0,240}?https?://([\w.-]+)"
    r"|\b(?:curl|wget)\b[^\n]{0,240}?https?://([\w.-]+)[^\n]{0,200}(?:&&|;)\s*(?:sudo\s+)?(?:(?:ba|z)?sh|chmod \+x|python[\d.]*|\./)\b",
)
_KNOWN_HOSTS = re.compile(
    r"(?:^|\.)(?:astral\.sh|docker\.com|nvidia\.com|nvidia\.github\.io|rustup\.rs|nodesource\.com|github\.com|githubusercontent\.com|pypa\.io|pypi\.org|pytorch\.org|huggingface\.co|k3s\.io|kubernetes\.io|k8s\.io|helm\.sh|brew\.sh|anaconda\.com|conda\.io|python-poetry\.org|nvm\.sh|deno\.land|bun\.sh|google\.com|googleapis\.com|amazonaws\.com|aws\.amazon\.com|microsoft\.com|ubuntu\.com|debian\.org|tailscale\.com|ollama\.com|ollama\.ai|pixi\.sh|mamba\.pm|claude\.ai|anthropic\.com|npmjs\.(?:com|org)|golang\.org|go\.dev|apache\.org|gitlab\.com|launchpad\.net|cloudfront\.net|brev\.dev|ngc\.nvidia\.com|tensorflow\.org|openai\.com|volta\.sh|sdkman\.io|rclone\.org|min\.io|localhost)$"
)


@rule(
    "file-piped-download", "HIGH", "execution", "A document says to run what is downloaded",
    "Download it, read it, then decide.",
)  # fmt: skip
def piped_downloads(evidence: Evidence) -> Iterator[Hit]:
    """Find downloads that go straight into a shell, wherever they are written."""
    for file in evidence.texts:
        if (
            "curl" not in file.text
            and "wget" not in file.text
            and "Invoke" not in file.text
            and "iwr" not in file.text
            and "irm" not in file.text
        ):
            continue
        for match in _PIPED.finditer(file.text.replace("\\\n", "  ")):
            host = next((g for g in match.groups() if g), "").lower()
            line = file.text.replace("\\\n", "  ").count("\n", 0, match.start()) + 1
            known = bool(_KNOWN_HOSTS.search(host)) or host in ("example.com", "<host>")
            yield hit_at(
                file, line, f"what {host} sends is run unseen", match[0], "MEDIUM" if known else None
            )
        yield from _secrets_in_requests(file)


def _secrets_in_requests(file: File) -> Iterator[Hit]:
    for number, line in enumerate(file.lines, 1):
        sends = re.search(r"\b(?:curl|wget|nc|scp|http)\b", line) and re.search(
            r"https?://|@\w|\s-[dFT]\b|--data|--upload|--post|\bnc\b|\bscp\b", line
        )
        place = SECRET_PLACES.search(line)
        if sends and place and len(line) < 4000:
            yield hit_at(file, number, "a place of secrets is part of a request", line)


@rule(
    "file-hook", "MEDIUM", "execution", "A file that other programs start or obey by themselves",
    "Keep it out of your working folders, or remove it.",
)  # fmt: skip
def hooks(evidence: Evidence) -> Iterator[Hit]:
    """Find files that git, shells, editors and agents start by their names alone."""
    for file in evidence.files:
        if _HOOKS.search(file.name):
            yield Hit(
                file.name,
                "other programs start or read this file by its name.",
                level="HIGH" if _STARTED_ALONE.search(file.name) else None,
            )
        elif _ORDERS.search(file.name) and evidence.head is not None:
            yield Hit(file.name, "agents take a file of this name for orders.")


@rule("file-link", "MEDIUM", "bugs", "A link stands in place of a file", "Copy the file there.")
def links(evidence: Evidence) -> Iterator[Hit]:
    """Find links, and those that lead out of the bank."""
    top = Path(os.path.normpath(evidence.bank_root))
    for file in evidence.files:
        if file.kind != "link":
            continue
        place = evidence.root / file.name
        leads = Path(os.path.normpath(place.parent / file.target))
        out = not leads.is_relative_to(top)
        yield Hit(
            file.name,
            "it is a link that leads out of the bank." if out else "it is a link.",
            excerpt=f"-> {file.target}",
            level="HIGH" if out else None,
        )


@rule(
    "file-kind", "HIGH", "bugs", "Something that is no regular file", "Remove it; reading it may never end."
)
def kinds(evidence: Evidence) -> Iterator[Hit]:
    """Find pipes, devices and sockets."""
    for file in evidence.files:
        if file.kind not in ("file", "link"):
            yield Hit(file.name, f"it is a {file.kind}, not a file.")


@rule(
    "file-unread", "MEDIUM", "bugs", "Something could not be read and was not audited",
    "Make it readable, or remove it.",
)  # fmt: skip
def unread(evidence: Evidence) -> Iterator[Hit]:
    """Say what was not looked at."""
    for file in evidence.files:
        if file.problem:
            yield Hit(file.name, f"it cannot be read ({file.problem}).")
        elif file.is_document and file.is_text and file.parsed[1]:
            yield Hit(
                file.name,
                "the document cannot be read, so its fields were not audited.",
                excerpt=file.parsed[1],
            )
        elif file.name == "SKILL.md" and not file.is_text and file.kind == "file":
            yield Hit(file.name, "SKILL.md is no text.", level="HIGH")
    for said in evidence.left_out:
        yield Hit(".", f"too much to audit: {said}.", level="HIGH")


@rule(
    "file-big", "MEDIUM", "bugs", "A file is far bigger than a skill's files are",
    "Look at why; only its beginning was audited.",
)  # fmt: skip
def big(evidence: Evidence) -> Iterator[Hit]:
    """Find files of which only the beginning was read, and lines that nobody can read."""
    for file in evidence.files:
        if file.size > BIG:
            yield Hit(file.name, f"it has {file.size >> 20} MiB; the first {BIG >> 20} were audited.")
        elif (
            file.is_text
            and file.suffix in (".md", ".txt", ".yaml", ".yml", ".rst")
            and len(file.content) > 20000
        ):
            longest = max(range(len(file.lines)), key=lambda i: len(file.lines[i]))
            if len(file.lines[longest]) > 20000:
                yield Hit(
                    file.name,
                    f"one line has {len(file.lines[longest])} characters.",
                    longest + 1,
                    excerpt=file.lines[longest],
                )


@rule(
    "file-padding", "MEDIUM", "tricks", "Something stands far away from what is read",
    "Scroll to the place named.",
)  # fmt: skip
def padding(evidence: Evidence) -> Iterator[Hit]:
    """Find text behind hundreds of blanks or empty lines."""
    for file in evidence.texts:
        if file.suffix not in (".md", ".txt", ".yaml", ".yml"):
            continue
        for match in linear(r"[ \t]{150}[ \t]*[^\s|]|(?:\n[ \t]*){60}\s*\S").finditer(file.text):
            line = file.text.count("\n", 0, match.end()) + 1
            yield hit_at(
                file,
                line,
                "it stands behind a long stretch of nothing",
                file.text[match.end() : match.end() + 120],
            )
