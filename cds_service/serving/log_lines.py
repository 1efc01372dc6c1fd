"""Log lines for machines, one JSON object a line.

Each has every field that a call of the logger adds.
"""

from __future__ import annotations

import logging
import traceback
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

_OWN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}
"""The names that every log record carries.

Every other name in a record was added by the call.
"""


class LogLine(logging.Formatter):
    """A formatter that writes each log record as a JSON object.

    The object is ``{"time", "level", "logger", "said", …}`` and the fields given in ``extra``. Of an exception it tells
    the type and where it happened, never its words: they may quote a patient's values.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as one line of JSON.

        Fields of types that JSON does not know are written as text.
        """
        line: dict[str, Any] = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": record.getMessage(),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])
            line |= {"error": record.exc_info[0].__name__, "at": [f"{Path(f.filename).name}:{f.lineno}" for f in frames][-6:]}
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _time(seconds: float) -> str:
    before, after = _second(int(seconds))
    return f"{before}.{int(seconds % 1 * 1000):03}{after}"


@lru_cache(maxsize=4)
def _second(seconds: int) -> tuple[str, str]:
    """Return the local time of a second as ISO 8601.

    It is in two parts, which stand before and after its milliseconds; many lines have the same.
    """
    written = datetime.fromtimestamp(seconds).astimezone().isoformat()
    return written[:19], written[19:]


def log_configuration(server_level: str = "INFO") -> dict[str, Any]:
    """Make the configuration that sends every log to stdout.

    It is for ``logging.config``; each log is a line of JSON. ``server_level`` is the HTTP server's.
    """
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no line tells them
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": LogLine}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stdout"}},
        "root": {"handlers": ["stdout"], "level": "WARNING"},
        "loggers": {
            "cds_service": {"handlers": ["stdout"], "level": "INFO", "propagate": False},
            "_granian": {"handlers": ["stdout"], "level": server_level, "propagate": False},
        },
    }
