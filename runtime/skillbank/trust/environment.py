"""The environment of what a bank starts: what every program needs, and what the plan names. Nothing else.

`USUAL` is the whole list; ``references/trust.md`` says it to users, and a test holds both together. A
variable is handed over because it stands here or because the plan names it, never because nothing spoke
against it: whatever else our environment holds, under whichever name, stays with us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from skillbank.environment import everything

__all__ = ["UNCHANGED", "USUAL", "named_values", "program_environment", "usual_values"]

USUAL: Mapping[str, tuple[str, ...]] = {
    "who and where": ("HOME", "LOGNAME", "PATH", "TEMP", "TMP", "TMPDIR", "TZ", "USER"),
    "language": (
        "LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC",
        "LC_TIME",
    ),
    "libraries and compilers": ("CC", "CXX", "LD_LIBRARY_PATH", "LIBRARY_PATH"),
    "GPUs": (
        "CUBLAS_WORKSPACE_CONFIG", "CUDA_CACHE_PATH", "CUDA_DEVICE_ORDER", "CUDA_HOME",
        "CUDA_LAUNCH_BLOCKING", "CUDA_MODULE_LOADING", "CUDA_PATH", "CUDA_VISIBLE_DEVICES",
        "NVIDIA_DRIVER_CAPABILITIES", "NVIDIA_TF32_OVERRIDE", "NVIDIA_VISIBLE_DEVICES",
        "PYTORCH_CUDA_ALLOC_CONF",
    ),
    "GPUs together": (
        "GLOO_SOCKET_IFNAME", "NCCL_DEBUG", "NCCL_IB_DISABLE", "NCCL_IB_HCA", "NCCL_NVLS_ENABLE",
        "NCCL_P2P_DISABLE", "NCCL_SHM_DISABLE", "NCCL_SOCKET_IFNAME",
    ),
    "threads": (
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OMP_WAIT_POLICY",
        "OPENBLAS_NUM_THREADS",
        "TOKENIZERS_PARALLELISM",
    ),
    "models and caches": (
        "HF_DATASETS_OFFLINE", "HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_DISABLE_IMPLICIT_TOKEN",
        "HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT", "HF_HUB_OFFLINE", "HF_TOKEN_PATH",
        "HUGGINGFACE_HUB_CACHE", "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TORCH_HOME",
        "TRANSFORMERS_OFFLINE", "TRITON_CACHE_DIR", "XDG_CACHE_HOME",
    ),
    "network": (
        "ALL_PROXY", "CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR", "SSL_CERT_FILE", "all_proxy", "http_proxy", "https_proxy", "no_proxy",
    ),
}  # fmt: skip
"""What every program on this machine gets of our environment, by what it is for."""
UNCHANGED: Mapping[str, str] = {"PYTHONDONTWRITEBYTECODE": "1"}
"""What programs of a bank from outside get as well: compiled files would change their trusted bank."""
_LOGIN = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#\s]*@|^[^/\s]*:[^/\s]*@")
"""An address with a name or a password in it."""


def usual_values(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what every program gets; an address that holds a login is nobody's who is not named for it."""
    ours = everything() if environment is None else environment
    names = (name for names in USUAL.values() for name in names)
    return {name: ours[name] for name in names if name in ours and not _LOGIN.search(ours[name])}


def named_values(names: Iterable[str], environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return those of the named variables that our environment holds."""
    ours = everything() if environment is None else environment
    return {name: ours[name] for name in dict.fromkeys(names) if name in ours}


def program_environment(
    names: Iterable[str] = (), environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment of a program on this machine.

    Parameters
    ----------
    names
        What it gets beyond `USUAL`.
    environment
        Ours; that of this process when not given.
    """
    return {**usual_values(environment), **named_values(names, environment)}
