"""A client's FHIR R4 server, read for one hook call within limits.

It makes searches with all their pages, and single reads. Nothing raises but for a mistake of ours: what could not be
read is told by a code, and what was read before is kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import orjson

from cds_service.fhir.capability import Capabilities, Capability, SupportedSearch, read_capability, written
from cds_service.fhir.elements import Resource, patient_of, text
from cds_service.fhir.searchset import Page, executed_otherwise, read_page

Get = Callable[[str, int], tuple[int, bytes]]
"""A function that gets a URL of the server with the token.

Arguments are the URL and the most bytes that the body may have; it returns the status and the body. Raises Failed.
"""
_REFUSING = (400, 404, 405, 501)
_BESIDE = ("Organization", "Medication")
"""Types that come with a search unasked and are useful."""


class Failed(Exception):
    """The server gave nothing usable.

    ``code`` is one of the codes of ``ReadResult``.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading for one hook call may cost.

    Seconds for all reading, pages of a search, bytes of one page and bytes of everything.
    """

    seconds: float = 3.5
    pages: int = 20
    page_bytes: int = 4 * 1024 * 1024
    bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What was read, and why it may not be everything.

    ``code`` is empty when nothing is missing. Else it is one of the guard's codes (``timeout``, ``connection``,
    ``tls``, ``too-large``, ``redirect`` …), a status (``http-503``), ``not-json``, ``not-fhir``, ``refused``,
    ``not-supported``, ``pages`` (there are more than may be read), ``elsewhere`` (the next page is on another server),
    ``incomplete``, or ``ignored`` (the server searched for something else).
    """

    resources: tuple[Resource, ...] = ()
    code: str = ""


class FhirServer:
    """One server, read for one call.

    Threads share it. The bodies that they read stay within the limit together, except for those under way when it is
    reached.
    """

    def __init__(self, address: str, get: Get, capabilities: Capabilities, limits: Limits) -> None:
        """Take the server's base URL, without a slash at its end."""
        self.address = address
        self._get, self._capabilities, self._limits = get, capabilities, limits
        self._left = limits.bytes
        self._lock = threading.Lock()

    def read(self, kind: str, id_: str) -> ReadResult:
        """Read one resource by id.

        Finds nothing, without an error code, where the server has none (404, 410).
        """
        try:
            status, read = self._json(f"{self.address}/{kind}/{id_}")
            if status in (404, 410):
                return ReadResult()
            _require(status)
        except Failed as failed:
            return ReadResult((), failed.code)
        fits = isinstance(read, dict) and read.get("resourceType") == kind and text(read.get("id")) == id_
        return ReadResult((read,)) if fits else ReadResult((), "not-fhir")

    def search(self, search: SupportedSearch) -> ReadResult:
        """Read all pages of a search.

        A search that the server refuses is repeated once, with parameters that its CapabilityStatement lists.
        """
        capability, asked = self._capabilities.known(self.address, time.monotonic())
        query = written(search, capability)
        if query is None:
            return ReadResult((), "not-supported")
        found = self.follow(search, f"{self.address}/{query}")
        if found.code != "refused" or found.resources or asked:
            return found
        capability = self._look()
        again = written(search, capability) if capability else query
        if again is None:
            return ReadResult((), "not-supported")
        return found if again == query else self.follow(search, f"{self.address}/{again}")

    def follow(self, search: SupportedSearch, url: str, held: tuple[Resource, ...] = ()) -> ReadResult:
        """Read a page of a search by URL, and those after it.

        ``held`` are the matches of earlier pages.
        """
        found: list[Resource] = list(held)
        seen: set[str] = set()
        while url:
            if url in seen or len(seen) >= self._limits.pages:
                return ReadResult(tuple(found), "pages")
            seen.add(url)
            try:
                page = self._page(url)
            except Failed as failed:
                later = len(seen) > 1 or held
                return ReadResult(tuple(found), "elsewhere" if later and failed.code == "not-allowed" else failed.code)
            others = [r for r in page.resources if search.patient and patient_of(r) not in ("", f"Patient/{search.patient}")]
            found += [r for r in page.resources if r.get("resourceType") in (search.kind, *_BESIDE) and r not in others]
            if others or executed_otherwise(page.executed, search.patient, search.codes):
                return ReadResult(tuple(found), "ignored")
            if not page.sound or page.failed:
                return ReadResult(tuple(found), "incomplete")
            try:
                url = urljoin(f"{self.address}/", page.next) if page.next else ""
            except ValueError:
                return ReadResult(tuple(found), "incomplete")
        return ReadResult(tuple(found), "" if page.holds_all(search.kind, found) else "incomplete")

    def _page(self, url: str) -> Page:
        status, read = self._json(url)
        if status in _REFUSING:
            raise Failed("refused")
        _require(status)
        if not isinstance(read, dict):
            raise Failed("not-fhir")
        if read.get("resourceType") == "OperationOutcome":
            raise Failed("refused")
        page = read_page(read) if read.get("resourceType") == "Bundle" else None
        if page is None:
            raise Failed("not-fhir")
        return page

    def _look(self) -> Capability | None:
        """Read and remember the server's CapabilityStatement.

        A failure is remembered too, unless time ran out.
        """
        try:
            status, read = self._json(f"{self.address}/metadata")
            capability = read_capability(read) if status == 200 else None
        except Failed as failed:
            if failed.code == "timeout":
                return None
            capability = None
        self._capabilities.learn(self.address, capability, time.monotonic())
        return capability

    def _json(self, url: str) -> tuple[int, Any]:
        """Return the status, and the JSON where the status is 200.

        Bodies of errors are not parsed.
        """
        with self._lock:
            largest = min(self._limits.page_bytes, self._left)
        if largest <= 0:
            raise Failed("too-large")
        status, body = self._get(url, largest)
        with self._lock:
            self._left -= len(body)
        if status != 200:
            return status, None
        try:
            return status, orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Failed("not-json") from None


def _require(status: int) -> None:
    if status != 200:
        raise Failed(f"http-{status}" if 100 <= status < 600 else "not-fhir")
