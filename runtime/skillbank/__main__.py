"""``python -m skillbank``."""

from skillbank.cli import main

main()
