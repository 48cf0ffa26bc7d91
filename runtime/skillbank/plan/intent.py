"""The reader of plain language, see `skillbank.plan.reader.reading`."""

from skillbank.plan.reader.reading import Reading, read_text

__all__ = ["Reading", "read_text"]
