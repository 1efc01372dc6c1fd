"""What the shell calls ``cds-service``, and ``python -m cds_service``.

The server's workers read this module again, so it loads the command line only where that is run.
"""

from __future__ import annotations

import atexit
import gc
import os

OBJECTS = 1_000_000
"""Objects made, and not yet freed, at which Python looks for garbage.

Commands make many objects that they hold to their end. With Python's own 700, ``policy check`` takes a third longer.
"""


def run() -> None:
    """Run the command line."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for one, it reads of every installed package
    gc.set_threshold(OBJECTS, 50, 50)
    atexit.register(gc.freeze)  # the end frees all without looking through it once more
    from cds_service.cli import app  # noqa: PLC0415 - workers do without it

    app()


if __name__ == "__main__":
    run()
