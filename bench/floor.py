"""What the server and Flask cost by themselves: ``python -m bench.floor``. It is the measure for ``bench.hook``."""

from __future__ import annotations

import sys

from bench.hook import main

if __name__ == "__main__":
    sys.argv += ["--only", "floor"]
    main()
