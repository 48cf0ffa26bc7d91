"""Names of environment variables: which a bank may ask for, and which decide what code runs.

The value of a variable is always ours and never the bank's; its name is the bank's word. A name that is none
could smuggle a second variable in (``A=B``, a line end); one of those refused here makes programs load or run
something else, speaks for the user towards other machines, or is skillbank's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from skillbank.visible import named

__all__ = ["HUB_VARIABLES", "LONGEST", "name_problem", "name_problems"]

LONGEST = 100
"""Characters of a name."""
HUB_VARIABLES = ("HF_ENDPOINT", "HF_TOKEN")
"""What a program that fetches a model from the hub gets of our environment: which hub, and who asks."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = "SKILLBANK_"
_PREFIXES = (
    "BASH_", "CARGO_", "COR_", "CORECLR_", "DOTNET_", "DYLD_", "GCONV_", "GIT_", "GLIBC_", "GNUPG", "JAVA_",
    "LD_", "LESS", "LUA_", "MALLOC_", "NODE_", "NPM_CONFIG_", "PERL", "PHP", "PYTHON", "RUBY", "RUSTC_",
    "SBATCH_", "SSH_", "SUDO_", "XDG_",
)  # fmt: skip
_NAMED = frozenset(
    """
    BASHOPTS BROWSER CDPATH CLASSPATH COMSPEC CURL_HOME DBUS_SESSION_BUS_ADDRESS DOCKER_CONFIG DOCKER_HOST
    EDITOR ENV FPATH GLOBIGNORE HISTFILE HOME HOSTALIASES IFS JDK_JAVA_OPTIONS KUBECONFIG LOCPATH LOGNAME
    MAKEFLAGS MANPAGER NLSPATH OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES PAGER PATH PROMPT_COMMAND PS4
    RES_OPTIONS RESOLV_HOST_CONF R_ENVIRON R_PROFILE R_PROFILE_USER SHELL SHELLOPTS SSLKEYLOGFILE TERMINFO
    TMPDIR USER VISUAL ZDOTDIR _JAVA_OPTIONS
    """.split()  # noqa: SIM905
)
_RENDEZVOUS = frozenset({"NODE_RANK"})
"""What a job on several nodes is told, and no program takes for code."""


def name_problem(name: str) -> str | None:
    """Say why a bank may not have a variable of this name handed over; None when it may.

    Returns
    -------
    str or None
        A clause that goes on after "asks for a variable that".
    """
    shown = named(name, 40)
    if not name or len(name) > LONGEST:
        return f"has a name of {len(name)} characters, where 1 to {LONGEST} make one"
    if not _NAME.fullmatch(name):
        return f"has no name of letters, digits and '_': '{shown}'"
    upper = name.upper()
    if upper.startswith(_OURS):
        return f"is skillbank's own: {shown}"
    if (upper in _NAMED or upper.startswith(_PREFIXES)) and name not in _RENDEZVOUS:
        return f"decides what code runs or speaks for the user: {shown}"
    return None


def name_problems(names: Iterable[str]) -> list[str]:
    """Return what `name_problem` says of each name that may not be handed over."""
    return [problem for name in dict.fromkeys(names) if (problem := name_problem(name)) is not None]
