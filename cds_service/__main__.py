"""What the shell calls ``cds-service``, and ``python -m cds_service``.

The server's workers read this module again, so it loads the command line only where that is run.
"""

from __future__ import annotations

import gc

OBJECTS = 200_000
"""Objects made, and not yet freed, at which Python looks for garbage.

Commands make many objects that they hold to their end. With Python's own 700, ``policy check`` takes a third longer.
"""


def run() -> None:
    """Run the command line."""
    gc.set_threshold(OBJECTS, 50, 50)
    from cds_service.cli import app  # noqa: PLC0415 - workers do without it

    app()


if __name__ == "__main__":
    run()
