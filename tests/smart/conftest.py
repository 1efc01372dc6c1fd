"""A service with the SMART app, an EHR that may launch it, and a browser between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.smart.ehr import Ehr
from tests.smart.launched import Launching, launching
from tests.smart.launched import chart as default_chart


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[Launching]:
    """An EHR with a pregnant patient's chart, and the app that is registered with it."""
    with launching(tmp_path, default_chart()) as held:
        yield held


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[Callable[..., Launching]]:
    """Starts EHRs with the app registered as a test wants."""
    with ExitStack() as stack:
        yield lambda chart=None, **entry: stack.enter_context(launching(tmp_path, chart or default_chart(), **entry))


__all__ = ["Ehr"]
