"""What every action that works on a spec has around it: folder, status lines, the spec as used, notes."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skillbank_engine.results import results_folder, write_experiment
from skillbank_engine.status import StatusLog

_LOG = logging.getLogger(__name__)


class Session:
    """One running action.

    Parameters
    ----------
    action : str
        Its name.
    folder : Path
        Its results folder.
    silent : bool
        Whether nothing is written, because another process does.
    """

    def __init__(self, action: str, folder: Path, silent: bool = False) -> None:
        self.action = action
        self.folder = folder
        self.status = StatusLog(folder, silent)
        self._silent = silent

    def use(self, spec: Any, notes: str = "") -> None:
        """Write down the spec as it is really used, and what was changed in it."""
        if self._silent:
            return
        write_experiment(self.folder, spec)
        if notes:
            _LOG.info("%s", notes)
            self.status.write("RUNNING", notes)


@contextmanager
def open_session(action: str, spec: Any, silent: bool = False) -> Iterator[Session]:
    """Run an action inside its status lines: STARTED, then SUCCESS, or FAILURE with the reason.

    Parameters
    ----------
    action : str
        Name of the action and of its block in the spec.
    spec : pydantic model
        The loaded spec; tells where results go.
    silent : bool
        Whether nothing is written, because another node does.
    """
    session = Session(action, results_folder(spec, action), silent)
    session.status.write("STARTED", f"Starting Grounding DINO {action}.")
    try:
        warn_about(spec)
        yield session
    except BaseException as error:
        session.status.write("FAILURE", reason(error))
        raise
    session.status.write("SUCCESS", f"Grounding DINO {action} finished successfully.")


def reason(error: BaseException) -> str:
    """Say in one line what went wrong."""
    text = " ".join(str(error).split())
    return text or type(error).__name__


class _StderrHandler(logging.Handler):
    """Writes to whatever stderr is at the time, which callers may replace."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        print(self.format(record), file=sys.stderr, flush=True)


def setup_logging(level: int = logging.INFO) -> None:
    """Log plain lines to stderr; stdout is for results."""
    handler = _StderrHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    package = logging.getLogger("skillbank_engine")
    package.handlers = [handler]
    package.setLevel(level)
    package.propagate = False


def prepare_libraries() -> None:
    """Set what libraries read when they are imported: no spinning threads, no bars, no advice in the log."""
    from skillbank_engine.threads import wait_passively

    wait_passively()
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # transformers imports torchao wherever it is installed, which then complains of kernels for other GPUs.
    for name in ("torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def importing() -> Iterator[None]:
    """Import PyTorch and what is built on it: three thousand modules that live as long as the program.

    Looking through them for garbage again and again would be a seventh of the time that importing takes.
    """
    if "skillbank_engine.families.grounding_dino.detector" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    gc.freeze()


def warn_about(spec: Any) -> None:
    """Warn of settings that are often set by mistake, and of those that the embedded engine does not heed."""
    dataset = spec.dataset
    if dataset.eval_class_ids is not None:
        _LOG.warning(
            "dataset.eval_class_ids is %s: mAP counts these categories only; set it to null for all",
            dataset.eval_class_ids,
        )
    if dataset.augmentation.fixed_random_crop is not None:
        _LOG.warning(
            "dataset.augmentation.fixed_random_crop is %s, but the embedded engine has no large-scale "
            "jitter; crops follow train_random_crop_min and train_random_crop_max",
            dataset.augmentation.fixed_random_crop,
        )
    if spec.encryption_key:
        _LOG.warning("encryption_key is set, but the embedded engine writes checkpoints in the clear")
    if spec.wandb.enable:
        _LOG.warning("wandb.enable is set, but the embedded engine reports to status.json only")
