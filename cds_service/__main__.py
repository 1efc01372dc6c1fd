"""What the shell calls ``cds-service``, and ``python -m cds_service``.

The server's workers read this module again, so it loads the command line only where that is run.
"""

from __future__ import annotations


def run() -> None:
    """Run the command line."""
    from cds_service.cli import app  # noqa: PLC0415 - workers do without it

    app()


if __name__ == "__main__":
    run()
