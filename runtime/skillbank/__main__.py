"""``skillbank`` and ``python -m skillbank``."""

import gc

__all__ = ["main"]


def main() -> None:
    """Run the command line; see `skillbank.cli.main`."""
    # What is imported lives as long as the process, and is not looked through for garbage again and again.
    gc.set_threshold(50_000, 20, 20)
    from skillbank.cli import main as run

    run()


if __name__ == "__main__":
    main()
