"""What every action that works on a spec has around it: folder, status lines, the spec as used, notes."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skillbank_engine.config.blocks import SpecBase
from skillbank_engine.config.specs import Specs, SpecT
from skillbank_engine.config.unheeded import not_heeded
from skillbank_engine.results import results_folder, write_experiment
from skillbank_engine.status import StatusLog

_LOG = logging.getLogger(__name__)
_LONGEST = 8_000
"""Characters of a reason; our own are shorter, with all faults of a spec in them."""


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

    def use(self, spec: SpecBase, notes: str = "") -> None:
        """Write down the spec as it is really used, and what was changed in it."""
        if self._silent:
            return
        write_experiment(self.folder, spec)
        if notes:
            _LOG.info("%s", notes)
            self.status.write("RUNNING", notes)

    def say(self, text: str) -> None:
        """Say what was chosen, in the log and as a line of ``status.json``."""
        _LOG.info("%s", text)
        self.status.write("RUNNING", f"{text}.")

    def tell(self, text: str) -> None:
        """Warn of something, in the log and as a line of ``status.json``."""
        _LOG.warning("%s", text)
        self.status.write("RUNNING", f"{text}.")


@contextmanager
def open_session(specs: Specs[SpecT], action: str, spec: SpecT, silent: bool = False) -> Iterator[Session]:
    """Run an action inside its status lines: STARTED, then SUCCESS, or FAILURE with the reason.

    Parameters
    ----------
    specs : Specs
        The family's.
    action : str
        Name of the action and of its block in the spec.
    spec : pydantic model
        The loaded spec; tells where results go.
    silent : bool
        Whether nothing is written, because another node does.
    """
    session = Session(action, results_folder(spec, action), silent)
    session.status.write("STARTED", f"Starting {specs.title} {action}.")
    try:
        for text in (*specs.warnings(spec), *not_heeded(specs, spec)):
            _LOG.warning("%s", text)
        yield session
    except BaseException as error:
        session.status.write("FAILURE", reason(error))
        raise
    session.status.write("SUCCESS", f"{specs.title} {action} finished successfully.")


def reason(error: BaseException) -> str:
    """Say in one line what went wrong; a library that prints a whole network into its error is cut short."""
    text = " ".join(str(error).split())
    shortened = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
    return shortened or type(error).__name__


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
