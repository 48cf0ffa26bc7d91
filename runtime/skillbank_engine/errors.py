"""Errors of the engine: every one is a single sentence that names the thing and the way out."""


class EngineError(Exception):
    """Something the user can put right; its text is shown as it is, without a traceback."""


class DataError(EngineError):
    """A data set, an annotation file or a picture cannot be used."""


class PromptError(EngineError):
    """A description cannot be made into a prompt."""


class ModelError(EngineError):
    """The model block of a spec asks for something the embedded engine does not build."""


class WeightsError(EngineError):
    """Weights or a checkpoint cannot be found, read or matched with the model."""


class UnsupportedActionError(EngineError):
    """The action exists in the family but not in the embedded engine."""


class MissingPackageError(EngineError):
    """A package that only some actions need is not installed."""


class InterruptedRunError(EngineError):
    """The run was asked to stop (SIGTERM or SIGINT)."""


class NotFiniteError(EngineError):
    """A loss, a gradient or a weight is no longer a number: nothing that comes after it is worth keeping."""
