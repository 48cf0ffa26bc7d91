"""Rules on what the runtime would start: commands, settling, schema programs, links, images, variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias
from urllib.parse import urlsplit

from skillbank.redact import looks_secret
from skillbank.trust.audit.evidence import Evidence
from skillbank.trust.audit.finding import Hit, Level, Rule, hit_in, rule
from skillbank.trust.audit.plain import disguised
from skillbank.trust.audit.started import Started, images, links, started, variables
from skillbank.visible import has_invisible

__all__ = ["SECRET_PLACES"]

SHELLS = frozenset(
    {
        "sh", "bash", "dash", "zsh", "ksh", "mksh", "csh", "tcsh", "fish", "ash", "rbash", "busybox", "toybox",
        "pwsh", "powershell", "powershell.exe", "cmd", "cmd.exe", "eval", "source", "xonsh", "nu", "wscript", "cscript", "mshta",
    }
)  # fmt: skip
_INTERPRETERS = re.compile(
    r"(?:^|[\s;|&(`/])(?:python[\d.]*|pypy[\d.]*|perl[\d.]*|ruby|irb|node|nodejs|deno|bun|php|lua[\d.]*|luajit|tclsh|expect|Rscript|R|julia|ghci?|awk|gawk|mawk|osascript|groovy|scala|jshell|guile|sbcl|clisp|ocaml|elixir|erl|swift|gdb|vim?|nvim|emacs|ed)"
    r"(?:\s+-[A-Za-z]+)*\s+(?:-[a-zA-Z]*[ceEr]\b|--eval\b|--execute\b|eval\b|-\s|-$|<<|BEGIN\s*\{|-ex\b|--command\b|/dev/(?:stdin|fd)|\S*\bsystem\()"
)
_NETWORK = frozenset(
    {
        "curl", "wget", "wget2", "nc", "ncat", "netcat", "socat", "ssh", "scp", "sftp", "ftp", "tftp", "rsync", "telnet", "aria2c", "axel",
        "lynx", "w3m", "links", "httpie", "xh", "curlie", "pip", "pip3", "pipx", "uv", "uvx", "conda", "mamba", "micromamba", "poetry", "pdm", "easy_install",
        "npm", "npx", "yarn", "pnpm", "pnpx", "bunx", "gem", "cargo", "apt", "apt-get", "aptitude", "dpkg", "yum", "dnf", "apk", "brew", "snap", "zypper", "pacman",
        "git", "hg", "svn", "gh", "gsutil", "gcloud", "aws", "az", "rclone", "s3cmd", "mc", "azcopy", "kubectl", "helm", "docker", "podman", "nerdctl",
        "ctr", "crictl", "skopeo", "nsenter", "nslookup", "dig", "host", "ping", "openssl", "ngrok", "cloudflared", "tailscale", "chisel", "croc", "certutil", "bitsadmin", "dnscat", "finger", "whois", "mail", "sendmail", "mutt", "swaks",
    }
)  # fmt: skip
_ADDRESS = re.compile(
    r"(?i)(?<![\w.])(?:https?|ftps?|tcp|udp|ssh|git(?:\+\w+)?|sftp|ldap|rmi|gopher|wss?)://|/dev/(?:tcp|udp)/|\bgit@|\b\d{1,3}(?:\.\d{1,3}){3}:\d+\b|\.onion\b"
)
SECRET_PLACES = re.compile(
    r"(?i)(?:^|[/~\s'\"=:{}$])\.(?:ssh|aws|netrc|gnupg|kube|docker/config|npmrc|pypirc|git-credentials|config/(?:gcloud|gh|rclone|skillbank|op)|azure|huggingface/token|cache/huggingface/(?:token|stored)|bash_history|zsh_history|python_history|password-store|mozilla|config/google-chrome|vault-token|terraform\.d|ngc/config|wandb|env\b(?!\.|/|_)|skillbank\b)"
    r"|\bid_(?:rsa|ed25519|ecdsa|dsa)\b|/etc/(?:shadow|passwd|sudoers|gshadow|kubernetes|ssh/)|/proc/(?:self|\d+|\*|1)/(?:environ|mem|root|cwd|maps)|/proc/\S*environ|/(?:var/)?run/secrets|169\.254\.169\.254|metadata\.google\.internal|fd00:ec2::254|100\.100\.100\.200|\.?aws/credentials|wallet\.dat|login\.keychain|secring|credentials\.json|service[-_]account\S*\.json|_netrc\b"
)
_ENVIRONMENT = re.compile(
    r"(?:^|[\s;|&(`'\"/])(?:printenv|declare\s+-[xp]+|export\s+-p|typeset\s+-x|compgen\s+-[ev]+|set\s*(?:[|>]|$))(?:[\s;|&)`'\">]|$)|(?:^|[;|&(`'\"/]|\s)env\s*(?:[|>;&)`'\"]|$|\s-0|\s--null)|os\.environ\b(?!\.get\(|\[)|os\.environb|process\.env\b(?!\.|\[)|\bENV\.(?:to_h|each|inspect)|%ENV\b|getenv\(\)|\$_ENV|\bposix\.environ|\$\{!|/environ\b|Get-ChildItem\s+Env|\bgci\s+env:"
)
_DECODED = re.compile(
    r"(?i)\bbase(?:64|32)\b[^\n]{0,20}(?:-d|-D|--decode|-di)\b|b(?:64|32|85|16)decode|a85decode|frombase64|\batob\s*\(|xxd\s+-\w*r|openssl\s+(?:enc|base64)|unhexlify|fromhex|uudecode|uncompress|zlib\.decompress|codecs\.decode|rot_?13|\\x[0-9a-f]{2}\\x[0-9a-f]{2}|\$'\\|marshal\.loads|pickle\.loads?|FromBase64String|-enc(?:odedcommand)?\s|\btr\s+['\"]?A-Z|\brev\b|gunzip\s+-c|\bprintf\s+['\"]?\\"
)
_OUTSIDE = re.compile(
    r">{1,2}\s*(?:['\"]?(?:/|~|\$HOME|\$\{HOME|\.\.))|\btee\b|/etc/(?:cron|profile|rc|init|systemd|ld\.so|hosts|pam|environment|docker)|\bcrontab\b|\.(?:bashrc|bash_profile|zshrc|profile|bash_aliases|vimrc|gitconfig|pythonrc)\b|authorized_keys|\bsystemctl\b|\blaunchctl\b|\bschtasks\b|\brm\s+-\w*[rf]|\bdd\s+(?:if|of)=|\bchmod\b|\bchown\b|\bmkfs\b|\bln\s+-|\bshred\b|\btruncate\b|\bchattr\b|/site-packages|sitecustomize|usercustomize|\.pth\b|/var/spool|(?:^|[\s=])\.\./|/\.\./|/dev/(?:shm|sd|nvme|mem|kmsg)|/boot\b|\bmv\s|\bcp\s|\binstall\s+-|\bfind\s[^|]*-(?:exec|delete)|\bsed\s+-i|\btar\s+-?\w*x|\bunzip\b|\bkillall\b|\bpkill\b|\bnohup\b|\bsetsid\b|\bdisown\b|\bat\s+now|:\(\)\s*\{"
)
_RIGHTS = re.compile(
    r"(?:^|[\s;|&(`'\"/])(?:sudo|su|doas|pkexec|runas|gosu|setcap|setuid|capsh|unshare|chroot|mount|umount|insmod|modprobe|iptables|nft|sysctl|useradd|usermod|passwd|visudo|strace|ptrace)(?:[\s;|&)`'\"]|$)|docker\.sock|containerd\.sock|crio\.sock|--privileged|--cap-add|--pid[= ]host|--net(?:work)?[= ]host|hostPath|LD_(?:PRELOAD|LIBRARY_PATH|AUDIT)"
)
_REFUSED = re.compile(
    r"(?:LD_\w+|DYLD_\w+|GLIBC_TUNABLES|PATH|PYTHON(?:PATH|HOME|STARTUP|INSPECT|USERBASE|BREAKPOINT|WARNINGS|EXECUTABLE|PLATLIBDIR|OPTIMIZE)|BASH_ENV|ENV|IFS|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|PERL5\w*|PERLLIB|RUBY(?:OPT|LIB)|NODE_(?:OPTIONS|PATH)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|GCONV_PATH|HOME|SHELL|USER|TMPDIR|GIT_(?:SSH\w*|EXEC_PATH|CONFIG\w*|ASKPASS|EXTERNAL_DIFF|PAGER|EDITOR)|SSH_ASKPASS|PAGER|EDITOR|VISUAL|BROWSER|PYTHON\w*|PIP_\w+|UV_\w+|NPM_CONFIG_\w+|(?:HTTPS?|ALL|NO)_PROXY|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_\w+|MALLOC_\w+|LOCPATH|NLSPATH|HOSTALIASES|RES_OPTIONS|TERMINFO|TERMCAP)",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"(?i)SKILLBANK_\w+|SSH_AUTH_SOCK|DOCKER_HOST|KUBECONFIG|.*(?:PASSPHRASE|PRIVATE_KEY|SIGNING_KEY).*|SUDO_\w+|.*(?:WALLET|MNEMONIC|SEED_PHRASE|KEYCHAIN).*"
)
_EXPECTED = re.compile(
    r"(?i)(?:NGC|HF|HUGGING_?FACE(?:HUB|_HUB)?|WANDB|CLEARML|MLFLOW|NVIDIA|TAO|AWS|S3|SLURM|LEPTON|AZURE|GOOGLE|GCS|NIM|NVCF|BREV|KAGGLE|ROBOFLOW|COMET|NEPTUNE|MINIO|CUDA|NCCL|OMP|MASTER|WORLD|RANK|LOCAL|NODE|NUM|TORCH|TENSORBOARD|LLM|ENDPOINT)_?\w*|[A-Z]+_HOST(?:NAME)?|[A-Z_]+_(?:DIR|USER|ACCOUNT|PARTITION|PORT)|ACCESS_KEY|SECRET_KEY"
)
_SECRET_LIKE = (
    "OPENAI", "ANTHROPIC", "GITHUB", "GITLAB", "GH_", "STRIPE", "SLACK", "TWILIO", "DATABASE", "POSTGRES",
    "NPM", "PYPI", "VAULT", "CLOUDFLARE", "GEMINI", "DISCORD", "TELEGRAM",
)  # fmt: skip
DANGEROUS_CODE = re.compile(
    r"\bos\.(?:system|popen|exec\w*|spawn\w*|fork|putenv|setuid|remove|unlink|rename|chmod)\b|\bpty\.|\bsocket\b|\burllib|\brequests\b|\bhttpx|\baiohttp|\bhttp\.(?:client|server)|\bhttplib|\bftplib|\bsmtplib|\btelnetlib|\bparamiko|\bexec\s*\(|(?<![\w.])eval\s*\(|\bcompile\s*\(|__import__|\bimportlib|\bctypes|\bcffi|\bmarshal\b|\bpickle\b|\bbase64\b|\bcodecs\b|\bbinascii|\bfromhex|\bgetattr\s*\(\s*(?:os|sys|builtins|__|subprocess|importlib)|__(?:builtins|globals|subclasses|class|loader)__|\bshutil\.(?:rmtree|move|copy)|shell\s*=\s*True|\bos\.environ\b(?!\.get\(|\[)|chr\s*\([^)]*\)\s*\+|\bchild_process|\bexecSync|\bspawnSync|\bnet\.(?:connect|Socket)|\brequire\s*\(|\bfetch\s*\(|\bIO::Socket|\bsystem\s*[(\"']|\bqx[{(/]|`[^`]+`|\bopen\s*\([^)]*(?:[\"']/(?:etc|root|home|proc|var)|~|expanduser)|\bgetpass|\bkeyring|\bwinreg|\bwebbrowser|\basyncio\.(?:open_connection|create_subprocess)|\bTCPSocket|\bNet::HTTP|\bfsockopen|\bshell_exec|\bpassthru|\bproc_open"
)
_PROGRAM_TEXT = re.compile(
    r"\bos\.(?:system|popen|exec\w+|spawn\w+)\s*\(|\bsubprocess\.\w+|__import__\s*\(|(?<![\w.])(?:exec|eval)\s*\(|\bchild_process\b|\bimport\s+(?:socket|ctypes|pty)\b"
)
_RUN_ELSEWHERE = re.compile(
    r"(?i)\b(?:python[\d.]*|torchrun|node|perl|ruby)\s+(?:-[uBOsSEIXW]\S*\s+)*(?:-m\s+(?:pip|http\.server|ensurepip|venv|timeit|pdb|cProfile|runpy|code|idlelib|webbrowser|smtpd|ftplib|telnetlib|base64|zipfile|compileall|zipapp|site|antigravity|pyclbr|trace|profile|doctest|unittest|asyncio|pickle)\b|(?:/tmp|/dev|/var|/home|/root|~|\.{1,2}/|\{|https?:|skills?/|references/|scripts/|assets/|evals/))"
)
_FROM_SKILL = re.compile(
    r"^(?:\.{1,2}/|/tmp/|/dev/|/var/|/home/|/root/|~|\{|references/|scripts/|assets/|skills/|evals/|schemas/)"
)
_Said: TypeAlias = tuple[str, str] | tuple[str, str, Level] | None
"""What is wrong with something that is started, the part to show, and the level where it is not the rule's."""
_LOOK = "See what it starts before you trust the bank; a command that trains needs none of this."


def _command(
    name: str, title: str, level: Level = "HIGH", way_out: str = _LOOK
) -> Callable[[Callable[[Started], _Said]], Rule]:
    """Enter a function into the table of rules that judges each thing that is started."""

    def enter(judge: Callable[[Started], _Said]) -> Rule:
        def find(evidence: Evidence) -> Iterator[Hit]:
            for one in started(evidence):
                said = judge(one)
                if said is not None:
                    own = said[2] if len(said) == 3 else None
                    yield hit_in(one.file, one.field, said[0], said[1] or one.text, own)

        find.__doc__ = judge.__doc__
        return rule(name, level, "execution", title, way_out)(find)

    return enter


def _matching(one: Started, pattern: re.Pattern[str], message: str) -> _Said:
    for text in (one.text, one.unquoted):
        if match := pattern.search(text):
            return message, text[max(0, match.start() - 40) : match.end() + 60]
    return None


@_command("command-shell", "A command starts a shell")
def shells(one: Started) -> _Said:
    """Find shells, wherever in a command they stand."""
    for number, program in enumerate(one.programs):
        word = one.words[number]
        if program in SHELLS and (one.is_command or "/" in word or "-c" in one.words):
            return f"it starts the shell '{program}'", one.text
        if program.removesuffix(".exe") in SHELLS and program.endswith(".exe"):
            return f"it starts the shell '{program}'", one.text
    if re.search(r"\.(?:sh|bash|zsh|ps1|bat|cmd|vbs)(?:\s|$|['\"])", one.text):
        return "it runs a shell script", one.text
    return None


_CHAIN = re.compile(r"\|\|?|;|&&|(?<![<>\d&])&(?!&)|`|>{1,2}|<\(|>\(|\$\(\(?|\$'")
_PYTHON_INSIDE = re.compile(r"\$\(\s*\S*python[\d.]*\s+-c\s")


@_command("command-shell-signs", "A command holds what only a shell understands")
def shell_signs(one: Started) -> _Said:
    """Find pipes, chains, redirections and substitutions outside of quotes."""
    if not one.is_command and not re.search(r"\$\(|`|;\s*\w|\|\s*\w|&&", one.text):
        return None
    whole = one.bare if one.is_command else one.text
    if one.is_command and ("$(" in one.text or "`" in one.text):
        inline = _PYTHON_INSIDE.search(one.text) and "`" not in one.text and one.text.count("$(") == 1
        return "it runs one command inside of another", one.text, "MEDIUM" if inline else "HIGH"
    match = _CHAIN.search(re.sub(r"<[\w -]{1,30}>|\{[\w.]+\}", "_", whole))
    if match:
        level: Level = "MEDIUM" if _is_one_program(one.text, whole) else "HIGH"
        return f"it holds '{match[0]}', which only a shell understands", one.text, level
    if "<<" in whole:
        return "it feeds a program from its own text", one.text, "MEDIUM"
    return None


def _is_one_program(text: str, whole: str) -> bool:
    """Whether steps are chained by ``&&`` alone and start nothing that one program alone does not."""
    steps = [part.split() for part in text.split("&&")]
    plain = not _CHAIN.search(re.sub(r"<[\w -]{1,30}>|\{[\w.]+\}|&&", "_", whole))
    return plain and all(steps) and len({step[0] for step in steps}) == 1


@_command("command-inline-code", "A command holds a program of its own", "MEDIUM")
def inline_code(one: Started) -> _Said:
    """Find interpreters that run code out of the command, and what that code does."""
    if not (_INTERPRETERS.search(one.text) or _INTERPRETERS.search(one.unquoted)):
        program = _PROGRAM_TEXT.search(one.text) if one.is_command else None
        return (
            (f"a part of it is a program that uses '{program[0].strip()}'", one.text, "HIGH")
            if program
            else None
        )
    danger = DANGEROUS_CODE.search(one.text) or DANGEROUS_CODE.search(one.unquoted)
    if danger:
        return f"its inline code uses '{danger[0][:40].strip()}'", one.text, "HIGH"
    foreign = re.search(
        r"(?:^|[\s;|&(`/])(?:perl|ruby|node|php|lua|awk|gawk|osascript|deno|bun|vi|vim|gdb)\b", one.text
    )
    return (
        "an interpreter runs code that stands in the command",
        one.text,
        "HIGH" if foreign else "MEDIUM",
    )


@_command("command-network", "A command fetches or sends over the network")
def network(one: Started) -> _Said:
    """Find programs that fetch, install or send, and addresses."""
    if one.is_command:
        program = next((p for p in one.programs if p.removesuffix(".exe") in _NETWORK), None)
        if program:
            return f"it starts '{program}', which reaches the network or brings programs in", one.text
    match = _ADDRESS.search(one.text) or _ADDRESS.search(one.unquoted)
    if match and (one.is_command or not match[0].lower().startswith("http")):
        return f"it holds the address '{match[0]}'", one.text
    return None


@_command("command-environment", "A command reads all variables")
def environment(one: Started) -> _Said:
    """Find dumps of the environment."""
    if one.is_command and one.first.rsplit("/", 1)[-1] == "env":
        return "it starts by way of env, which sets or shows variables", one.text
    return _matching(one, _ENVIRONMENT, "it reads the whole environment")


@_command("command-secret-place", "A command names a place of secrets")
def secret_places(one: Started) -> _Said:
    """Find the usual places of keys and passwords."""
    return _matching(one, SECRET_PLACES, "it names a place where secrets lie")


@_command("command-variable", "A command writes a secret's or a loader's variable into itself")
def command_variables(one: Started) -> _Said:
    """Find secrets as arguments, and variables that decide which code is loaded."""
    secret = next((n for n in one.variables if looks_secret(n)), None)
    if secret:
        return f"it hands over the value of {secret}", one.text
    if not one.is_command:
        return None
    for name in re.findall(r"(?:^|\s)([A-Za-z_]\w*)=", one.text.split(" -", 1)[0]):
        if _REFUSED.fullmatch(name):
            return f"it sets {name}, which decides what is loaded", one.text
        return f"it sets the variable {name}", one.text, "MEDIUM"
    return None


@_command("command-encoded", "A command hides what it runs in code")
def encoded(one: Started) -> _Said:
    """Find what is decoded before it is run."""
    for how, code, found in disguised(one.text):
        return f"{how} in it stands for '{found[:60].strip()}'", code
    return _matching(one, _DECODED, "it decodes what it runs")


@_command("command-writes-outside", "A command changes what is not its results")
def outside(one: Started) -> _Said:
    """Find writing, deleting and staying behind."""
    return (
        _matching(one, _OUTSIDE, "it changes, deletes or keeps something outside of its results")
        if one.is_command
        else None
    )


@_command("command-rights", "A command takes more rights")
def rights(one: Started) -> _Said:
    """Find ways to more rights or out of a container."""
    return _matching(one, _RIGHTS, "it takes more rights than a training has") if one.is_command else None


@_command("command-own-program", "A command runs a file that the skill or anybody can bring")
def own_programs(one: Started) -> _Said:
    """Find programs that are given by a path below the skill or a shared folder."""
    if not one.is_command:
        return None
    if _FROM_SKILL.match(one.first) or _RUN_ELSEWHERE.search(one.text):
        return "the program is a file of the skill or of a folder that others write to", one.text
    return None


@_command(
    "command-characters",
    "A command holds characters that cannot be seen or that look like others",
    way_out="Type the command anew; a command needs plain letters.",
)
def characters(one: Started) -> _Said:
    """Find what an eye reads otherwise than a machine."""
    if has_invisible(one.text):
        return "it holds characters that cannot be seen", one.text
    if one.is_command and not one.text.isascii():
        return (
            "it holds letters that are no plain ones",
            one.text,
            "HIGH" if one.first and not one.first.isascii() else "MEDIUM",
        )
    return None


_TUNNELS = re.compile(
    r"(?i)(?:^|\.)(?:ngrok(?:-free)?\.\w+|trycloudflare\.com|webhook\.site|requestbin\.\w+|pipedream\.net|burpcollaborator\.net|oast\.\w+|interact\.sh|transfer\.sh|file\.io|0x0\.st|pastebin\.com|hastebin\.com|termbin\.com|beeceptor\.com|serveo\.net|loca\.lt|dnslog\.\w+|ix\.io|paste\.ee|anonfiles\.com|gofile\.io|catbox\.moe|discord(?:app)?\.com|t\.me|bit\.ly|tinyurl\.com)$"
)


@rule(
    "link-place", "HIGH", "execution", "A link that the runtime fetches leads to an odd place",
    "Fetch the file yourself, check it, and give its path instead.",
)  # fmt: skip
def link_places(evidence: Evidence) -> Iterator[Hit]:
    """Find links to this machine, to inner networks, to anonymous stores, without encryption."""
    for file, field, value in links(evidence):
        said = _odd_link(value)
        if said is not None:
            yield hit_in(file, field, said[0], value, said[1])


def _odd_link(value: str) -> tuple[str, Level] | None:
    """Say what is odd about a link to weights, the worst of it first."""
    try:
        parts = urlsplit(value)
        host = (parts.hostname or "").lower()
        secret = parts.password or any(looks_secret(n) for n in re.findall(r"\$\{?(\w+)", value))
    except ValueError:
        return "it is no address that can be read", "HIGH"
    if secret:
        return "the address carries a secret", "HIGH"
    if re.search(r"\$\(|`|\$\{?\w", value):
        return "the address is put together from variables", "HIGH"
    if parts.scheme in ("file", "ftp", "gopher", "data", "javascript", "jar", "ssh", "git", "dict", "ldap"):
        return f"an address with {parts.scheme}: is no place of weights", "HIGH"
    odd = _odd_host(host) or _odd_path(parts.path)
    if odd is not None:
        return odd
    if parts.scheme == "http":
        return "it is fetched without encryption", "MEDIUM"
    if not parts.scheme and value.startswith(("/", "..", "~")):
        return "it leads out of a folder", "HIGH"
    return None


def _odd_host(host: str) -> tuple[str, Level] | None:
    """Say where a host's name leads that is no place of weights."""
    if (
        re.fullmatch(r"[\d.]+|0x[0-9a-f]+|\[?[0-9a-f:]*:[0-9a-f:.]*\]?", host)
        or host in ("localhost", "metadata.google.internal")
        or host.endswith((".internal", ".local", ".onion", ".localhost"))
    ):
        return "it leads to a number or to a machine of the inner network", "HIGH"
    if _TUNNELS.search(host):
        return "it leads to a store or tunnel where nobody signs", "HIGH"
    if host.startswith("xn--") or ".xn--" in host or not host.isascii():
        return "its host's name is written in letters that look like others", "HIGH"
    return None


def _odd_path(path: str) -> tuple[str, Level] | None:
    """Say what the ending of a link's path makes of it."""
    if re.search(r"\.(?:sh|exe|bat|ps1|py|dll|so|msi|dmg|deb|rpm|jar|js|scr|apk|whl)$", path):
        return "it leads to a program", "HIGH"
    if re.search(r"\.(?:pkl|pickle)$", path):
        return "it leads to a pickle, which runs code when it is opened", "MEDIUM"
    return None


@rule(
    "link-destination", "HIGH", "execution", "What is fetched would lie outside of its folder",
    "Do not use the skill.",
)  # fmt: skip
def link_destinations(evidence: Evidence) -> Iterator[Hit]:
    """Find destinations that lead to places of the system."""
    for file in evidence.infos:
        for field in file.fields:
            value = field.value
            if (
                field.key in ("destination_path", "destination", "dest")
                and isinstance(value, str)
                and re.search(
                    r"(?:^|/)\.\.(?:/|$)|^~|^/(?:etc|root|home|usr|bin|sbin|lib|var|boot|proc|dev)\b|/\.ssh|\.bashrc|cron",
                    value,
                )
            ):
                yield hit_in(file, field, "the destination leads out of the job's folders", value)


_REGISTRIES = re.compile(
    r"(?:nvcr\.io|docker\.io|ghcr\.io|quay\.io|gcr\.io|[\w-]+\.pkg\.dev|public\.ecr\.aws|mcr\.microsoft\.com|registry\.k8s\.io|\d+\.dkr\.ecr\.[\w-]+\.amazonaws\.com)/"
)


@rule(
    "image-words", "HIGH", "execution", "An image holds more than a name",
    "Write the image's name and its digest alone.",
)  # fmt: skip
def image_words(evidence: Evidence) -> Iterator[Hit]:
    """Find options and signs in images' names."""
    for file, field, value in images(evidence):
        if re.search(r"[\s;|&$`<>'\"\\]|^-|\.\.|://", value.strip()) or not value.isascii():
            yield hit_in(file, field, "the image's name holds blanks, options or signs", value)


_IMITATED = ("nvcr.io", "docker.io", "ghcr.io", "quay.io", "gcr.io", "public.ecr.aws", "mcr.microsoft.com")
_AS_READ = str.maketrans("01-_", "ol..")


def _imitated(host: str) -> str | None:
    """Return the well-known registry that a host's name is made to be taken for."""
    known = {name.split(".", 1)[0]: name for name in _IMITATED}
    if host in _IMITATED or host.endswith(tuple(f".{name}" for name in _IMITATED)):
        return None
    read = host.translate(_AS_READ).replace("rn", "m").replace("vv", "v")
    for name in _IMITATED:
        if re.search(rf"(?:^|\.){re.escape(name)}(?:\.|$)", read):
            return name
        first, _, rest = name.partition(".")
        mine, _, other = read.partition(".")
        if len(first) > 3 and sorted(first) == sorted(mine) and mine not in known and rest == other:
            return name
        if len(first) > 3 and mine == first and rest == "io" and re.fullmatch(r"[il1][o0c]|lo|i0|co", other):
            return name
    return None


@rule(
    "image-registry", "LOW", "execution", "An image comes from a registry that is not widely known",
    "Ask whoever wrote the skill whose registry it is.",
)  # fmt: skip
def image_registries(evidence: Evidence) -> Iterator[Hit]:
    """Find registries that are none of the usual."""
    for file, field, value in images(evidence):
        if ("/" in value or ":" in value) and not _REGISTRIES.match(value):
            host = value.split("/", 1)[0]
            bare = re.match(r"\d+(?:\.\d+){3}|localhost|\[", host)
            inner = re.match(r"localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.", host)
            imitated = _imitated(host.split(":")[0].lower())
            if imitated:
                yield hit_in(file, field, f"the registry only looks like {imitated}", value, "HIGH")
                continue
            known_hub = "." not in host and ":" not in host
            if not known_hub or bare:
                what = "a bare address" if bare else "not one of the usual"
                level: Level | None = "MEDIUM" if inner else "HIGH" if bare else None
                yield hit_in(file, field, f"the registry is {what}", value, level)


@rule(
    "image-digest", "LOW", "execution", "An image is named by a tag that can be moved",
    "Pin it: NAME@sha256:...",
)  # fmt: skip
def image_digests(evidence: Evidence) -> Iterator[Hit]:
    """Find images without a digest."""
    for file, field, value in images(evidence):
        if ("/" in value or ":" in value) and "@sha256:" not in value:
            yield hit_in(file, field, "the image is named without its digest", value)


@rule(
    "variable-refused", "HIGH", "execution", "It asks for a variable that decides which code runs",
    "No skill needs it; the runtime refuses it.",
)  # fmt: skip
def refused_variables(evidence: Evidence) -> Iterator[Hit]:
    """Find names that the runtime refuses."""
    for file, field, value in variables(evidence):
        if _REFUSED.fullmatch(value.strip()) or not re.fullmatch(r"[A-Za-z_]\w{0,127}", value, re.ASCII):
            yield hit_in(file, field, "no command may be given this variable", value)


@rule(
    "variable-secret", "LOW", "execution", "It asks for credentials",
    "Give it only those that this training needs, and none that open more.",
)  # fmt: skip
def secret_variables(evidence: Evidence) -> Iterator[Hit]:
    """Find what is asked for, and what has nothing to do with a training."""
    for file, field, value in variables(evidence):
        if _REFUSED.fullmatch(value.strip()):
            continue
        if _OWN.fullmatch(value):
            yield hit_in(file, field, "it asks for what opens far more than a training needs", value, "HIGH")
        elif looks_secret(value) or any(w in value.upper() for w in _SECRET_LIKE):
            odd = any(w in value.upper() for w in _SECRET_LIKE) or not _EXPECTED.fullmatch(value)
            yield hit_in(file, field, "the command is given this secret", value, "MEDIUM" if odd else None)
