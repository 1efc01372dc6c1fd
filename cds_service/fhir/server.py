"""A client's FHIR R4 server as it is read for one hook call: searches with their pages and single reads, each within its limits.

Nothing raises but for a mistake of ours: what could not be read says so by a code, and what was read before is kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import orjson

from cds_service.fhir.capability import Capabilities, Capability, Search, read_capability, written
from cds_service.fhir.elements import Resource, patient_of, text
from cds_service.fhir.searchset import Page, executed_otherwise, read_page

Get = Callable[[str, int], tuple[int, bytes]]
"""Gets a URL of the server with the token: its status and its body of at most so many bytes. Raises Failed."""
_REFUSING = (400, 404, 405, 501)
_BESIDE = ("Organization", "Medication")
"""Types that come with a search unasked and are of use."""


class Failed(Exception):
    """The server gave nothing usable; ``code`` is one of the codes of ``Found``."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one hook call may cost: seconds for all reading, pages of a search, bytes of a page and of everything."""

    seconds: float = 3.5
    pages: int = 20
    page_bytes: int = 4 * 1024 * 1024
    bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """What was read. ``code`` is empty when that is all there is, else why it may not be:

    the guard's codes (``timeout``, ``connection``, ``tls``, ``too-large``, ``redirect`` …), a status (``http-503``), ``not-json``,
    ``not-fhir``, ``refused``, ``not-supported``, ``pages`` (more than may be read), ``elsewhere`` (the next page), ``incomplete``,
    ``ignored`` (the server searched for something else).
    """

    resources: tuple[Resource, ...] = ()
    code: str = ""


class FhirServer:
    """One server for one call. Threads share it; their bodies together stay within the limit, but for those under way."""

    def __init__(self, address: str, get: Get, capabilities: Capabilities, limits: Limits) -> None:
        """``address`` is the server's base URL without a slash at its end."""
        self.address = address
        self._get, self._capabilities, self._limits = get, capabilities, limits
        self._left = limits.bytes
        self._lock = threading.Lock()

    def read(self, kind: str, id_: str) -> Found:
        """One resource by id; nothing, and nothing wrong, where the server has none (404, 410)."""
        try:
            status, read = self._json(f"{self.address}/{kind}/{id_}")
            if status in (404, 410):
                return Found()
            _require(status)
        except Failed as failed:
            return Found((), failed.code)
        fits = isinstance(read, dict) and read.get("resourceType") == kind and text(read.get("id")) == id_
        return Found((read,)) if fits else Found((), "not-fhir")

    def search(self, search: Search) -> Found:
        """All pages of a search. One that the server refuses is asked once more in the words of its CapabilityStatement."""
        capability, asked = self._capabilities.known(self.address, time.monotonic())
        query = written(search, capability)
        if query is None:
            return Found((), "not-supported")
        found = self.follow(search, f"{self.address}/{query}")
        if found.code != "refused" or found.resources or asked:
            return found
        capability = self._look()
        again = written(search, capability) if capability else query
        if again is None:
            return Found((), "not-supported")
        return found if again == query else self.follow(search, f"{self.address}/{again}")

    def follow(self, search: Search, url: str, held: tuple[Resource, ...] = ()) -> Found:
        """The page of a search at a URL and those after it; ``held`` are the matches of pages before it."""
        found: list[Resource] = list(held)
        seen: set[str] = set()
        while url:
            if url in seen or len(seen) >= self._limits.pages:
                return Found(tuple(found), "pages")
            seen.add(url)
            try:
                page = self._page(url)
            except Failed as failed:
                later = len(seen) > 1 or held
                return Found(tuple(found), "elsewhere" if later and failed.code == "not-allowed" else failed.code)
            others = [r for r in page.resources if search.patient and patient_of(r) not in ("", f"Patient/{search.patient}")]
            found += [r for r in page.resources if r.get("resourceType") in (search.kind, *_BESIDE) and r not in others]
            if others or executed_otherwise(page.executed, search.patient, search.codes):
                return Found(tuple(found), "ignored")
            if not page.sound or page.failed:
                return Found(tuple(found), "incomplete")
            url = urljoin(f"{self.address}/", page.next) if page.next else ""
        return Found(tuple(found), "" if page.holds_all(search.kind, found) else "incomplete")

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
        """The server's CapabilityStatement, remembered whatever comes of it but for want of time."""
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
        """The status, and the JSON of a 200; bodies of errors are not read as anything."""
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
