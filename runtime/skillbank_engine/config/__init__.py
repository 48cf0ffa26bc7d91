"""Building blocks of typed specs."""
