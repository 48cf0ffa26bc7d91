"""The small bank of the command line's tests serves experiments too."""

from tests.cli.conftest import bank, data, environment, inline

__all__ = ["bank", "data", "environment", "inline"]
