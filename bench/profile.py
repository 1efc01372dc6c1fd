"""Where the time of an order-sign goes: ``python -m bench.profile --name NAME`` writes ``docs/performance/NAME.txt``.

pyinstrument looks at the running service every half millisecond while one process answers so many order-signs of each size, from
the bytes of the request to those of the reply, with its log lines, without a server or a network. The shares are what to read:
looking costs time too. For each size the file holds the functions by the time spent in themselves, and the tree of calls, where
the frames of libraries are folded together.
"""

from __future__ import annotations

import argparse
import logging
import platform
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from io import StringIO
from pathlib import Path

from pyinstrument import Profiler
from pyinstrument.frame import Frame
from pyinstrument.renderers import ConsoleRenderer
from pyinstrument.session import Session

from bench.bodies import BODIES, USUAL, body_of
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.hooks.calls import Calls
from cds_service.serving.app import CALLS, create_app
from cds_service.serving.log_lines import LogLine

FOLDER = Path(__file__).parent.parent / "docs" / "performance"
SIZES = (6_000, 60_000)
THRESHOLD = 1.0
"""Functions with a smaller share of the time, in per cent, are left out."""
_SECONDS_BETWEEN = 0.0005


def sign(calls: Calls, body: bytes) -> None:
    """One order-sign, from its bytes to the reply's, as a worker answers it. Raises RuntimeError for a reply that is not 200."""
    reply = calls.at_once(body)
    if reply is None or reply.status != 200:
        raise RuntimeError(f"the service answered {reply}"[:500])


def profiled(calls: Calls, body: bytes, requests: int) -> Session:
    """What pyinstrument saw of so many requests, after some that fill the caches."""
    for _ in range(50):
        sign(calls, body)
    with Profiler(interval=_SECONDS_BETWEEN, async_mode="disabled") as profiler:
        for _ in range(requests):
            sign(calls, body)
    assert profiler.last_session is not None
    return profiler.last_session


def tree(session: Session, threshold: float) -> str:
    """The calls as a tree, in per cent of the whole; frames of libraries are folded together."""
    return _text(session, ConsoleRenderer(time="percent_of_total", processor_options={"filter_threshold": threshold / 100}))


def own_time(session: Session, threshold: float) -> str:
    """The functions, of libraries too, by the time spent in themselves; then with all that they call. In per cent of the whole."""
    own: defaultdict[str, float] = defaultdict(float)
    whole: defaultdict[str, float] = defaultdict(float)
    root = session.root_frame()
    assert root is not None
    _add(root, frozenset(), own, whole)
    told = [(100 * seconds / root.time, 100 * whole[name] / root.time, name) for name, seconds in own.items()]
    return "\n".join(
        f"{alone:5.1f}  {with_calls:5.1f}  {name}" for alone, with_calls, name in sorted(told, reverse=True) if alone >= threshold
    )


def _add(frame: Frame, inside: frozenset[str], own: defaultdict[str, float], whole: defaultdict[str, float]) -> None:
    """Adds up a frame and what it called; of a function that calls itself the outermost call is the whole."""
    name = _name(frame)
    calls = [called for called in frame.children if not called.is_synthetic]  # what is synthetic is the frame's own time
    own[name] += frame.time - sum(called.time for called in calls)
    if name not in inside:
        whole[name] += frame.time
    for called in calls:
        _add(called, inside | {name}, own, whole)


def _name(frame: Frame) -> str:
    # without the class: a library's one method would stand there once for each class of resource
    return f"{frame.function}  {frame.code_position_short() or 'built-in'}"


def _text(session: Session, renderer: ConsoleRenderer) -> str:
    """What a renderer writes, without its own head and without paths of this machine."""
    lines = [line.rstrip() for line in re.sub(r"(?<![\w.])/[^\s:]*/", "", renderer.render(session)).splitlines()]
    return "\n".join(lines[next(n for n, line in enumerate(lines) if re.match(r"[\d.]+%", line)) :]).strip("\n")


def machine() -> str:
    """The processor, the system, Python and the libraries that the time is spent in."""
    processors = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", processors.read_text(encoding="utf-8")) if processors.is_file() else None
    held = ", ".join(f"{name} {version(name)}" for name in ("flask", "orjson", "pydantic", "fhir.resources", "pyinstrument"))
    processor = named[1] if named else platform.machine()
    return f"{processor}, {platform.system()} {platform.machine()}, Python {platform.python_version()}\n{held}"


def report(content: Content, name: str, requests: int, threshold: float) -> str:
    """The whole text of a profile."""
    calls: Calls = create_app(content).extensions[CALLS]
    with _logging():
        sessions = {size: profiled(calls, body_of(size, content, name), requests) for size in SIZES}
    return "\n\n".join(_pieces(sessions, requests, threshold)) + "\n"


@contextmanager
def _logging() -> Iterator[None]:
    """Writes log lines as the service does, to nowhere."""
    written, log = logging.StreamHandler(StringIO()), logging.getLogger("cds_service")
    written.setFormatter(LogLine())
    before = log.level, log.propagate
    log.addHandler(written)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(written)
        log.setLevel(before[0])
        log.propagate = before[1]


def _pieces(sessions: Mapping[int, Session], requests: int, threshold: float) -> list[str]:
    pieces = []
    for size, session in sessions.items():
        each = session.duration / requests * 1e6
        head = f"{size // 1000} kB: {each:.0f} µs a request while looked at, {session.sample_count} looks"
        pieces += [f"{head}\n{'=' * len(head)}"]
        pieces += [
            f"Per cent in the function itself, from {threshold:g} on, then with all that it calls:",
            own_time(session, threshold),
        ]
        pieces += [f"Tree of calls, from {2 * threshold:g} per cent on:", tree(session, 2 * threshold)]
    return pieces


def main() -> None:
    """Writes the file and says where."""
    arguments = argparse.ArgumentParser(description="Where the time of an order-sign goes.")
    arguments.add_argument("--name", required=True, help="what the file is called, without its ending")
    arguments.add_argument("--requests", type=int, default=2000, help="order-signs of each size")
    arguments.add_argument("--threshold", type=float, default=THRESHOLD, help="the smallest share that is told, in per cent")
    arguments.add_argument("--body", choices=list(BODIES), default=USUAL)
    given = arguments.parse_args()
    content = read_content(shipped_content())
    options = f"--requests {given.requests} --threshold {given.threshold:g} --body {given.body}"
    text = report(content, given.body, given.requests, given.threshold)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{given.name}.txt"
    path.write_text(f"python -m bench.profile --name {given.name} {options}\n{machine()}\n\n{text}", encoding="utf-8")
    print(f"written: {path.relative_to(FOLDER.parent.parent).as_posix()}")


if __name__ == "__main__":
    main()
