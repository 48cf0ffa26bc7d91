"""How the loop of a label set goes: models asked about its pictures, measured and compared, as one page."""
