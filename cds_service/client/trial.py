"""A conversation that tries a CDS Hooks service.

It goes through discovery, prefetch, a signed order and feedback, and says in words what is wrong.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import uuid4

import orjson
import requests

from cds_service.client.replies import wrong_with_answer, wrong_with_discovery

HOOK: Final = "order-sign"
PATIENCE: Final = 20
"""Seconds to wait for an answer."""
SOON: Final = 0.5
"""Seconds within which an answer is meant to come."""
LONGEST_QUERY: Final = 7000
"""Characters of the longest search asked by GET; longer ones are posted."""
_TOKEN: Final = re.compile(r"\{\{\s*([A-Za-z0-9_.]+)\s*\}\}")
Json = dict[str, Any]
Sign = Callable[[str], str]
"""A function that makes an address's token; empty where there is none."""


class TrialFinding(NamedTuple):
    """The result of one step.

    ``good`` says whether it went well; it is None for what is only worth knowing.
    """

    step: str
    good: bool | None
    words: str


class _Ends(Exception):
    """An error, with words, for a step without which none can follow."""


@dataclass(frozen=True, slots=True)
class TrialServer:
    """A client's FHIR server for prefetch, with its access token."""

    url: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class ClientTrial:
    """A service to try (address ending in ``/cds-services``) and its token maker."""

    discovery: str
    sign: Sign
    fhir: TrialServer | None = None
    ca_bundle: str | None = None
    feedback: bool = True

    def told(self, request: Json) -> Iterator[TrialFinding]:
        """Have the whole conversation with one request, and yield each result."""
        try:
            service = yield from self._discovered()
            address = f"{self.discovery}/{service['id']}"
            made = request | {"hookInstance": str(uuid4())}
            yield from self._prefetched(service.get("prefetch") or {}, made)
            answer = yield from self._answered(address, made)
            if self.feedback:
                yield from self._reported(address, answer)
        except _Ends as end:
            step, words = end.args
            yield TrialFinding(step, False, words)

    def _discovered(self) -> Generator[TrialFinding, None, Json]:
        document = self._asked("discovery", "GET", self.discovery)
        for words in wrong_with_discovery(document):
            yield TrialFinding("discovery", False, words)
        services = [one for one in _list(document, "services") if isinstance(one, dict)]
        yield TrialFinding("discovery", True, f"{len(services)} services: {', '.join(str(one.get('id')) for one in services)}")
        for one in services:
            if one.get("hook") == HOOK and one.get("id"):
                return one
        raise _Ends("discovery", f"no service is for the hook {HOOK}")

    def _prefetched(self, templates: Json, request: Json) -> Iterator[TrialFinding]:
        given = request.get("prefetch") or {}
        if self.fhir is None:
            for key in sorted(set(given) - set(templates)):
                yield TrialFinding("prefetch", None, f"'{key}' is sent, and the service does not ask for it")
            return
        request["fhirServer"] = self.fhir.url
        if self.fhir.token:
            request["fhirAuthorization"] = {
                "access_token": self.fhir.token, "token_type": "Bearer", "expires_in": 300,
                "scope": "patient/*.read", "subject": "cds-service",
            }  # fmt: skip
        read: Json = {}
        for key, template in templates.items():
            try:
                read[key] = self._read(self.fhir, filled(str(template), request["context"]))
            except LookupError as error:
                yield TrialFinding("prefetch", None, f"'{key}' is left out: {error.args[0]}")
            except _Ends as error:
                yield TrialFinding("prefetch", False, f"'{key}' was not read and is left out: {error.args[1]}")
        yield TrialFinding("prefetch", True, f"{len(read)} of {len(templates)} keys were read from the FHIR server")
        request["prefetch"] = read

    def _read(self, fhir: TrialServer, query: str) -> Any:
        headers = {"Accept": "application/fhir+json"} | ({"Authorization": f"Bearer {fhir.token}"} if fhir.token else {})
        base = fhir.url.rstrip("/")
        kind, _, search = query.partition("?")
        if search and len(query) > LONGEST_QUERY:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            return self._sent("prefetch", "POST", f"{base}/{kind}/_search", headers | form, search.encode())
        return self._sent("prefetch", "GET", f"{base}/{query}", headers)

    def _answered(self, address: str, request: Json) -> Generator[TrialFinding, None, Any]:
        begun = time.perf_counter()
        answer = self._asked(HOOK, "POST", address, request)
        seconds = time.perf_counter() - begun
        for words in wrong_with_answer(answer):
            yield TrialFinding(HOOK, False, words)
        cards = _list(answer, "cards")
        yield TrialFinding(HOOK, True, f"{len(cards)} cards in {seconds * 1000:.0f} ms")
        for card in cards:
            if isinstance(card, dict):
                yield TrialFinding(HOOK, None, f"{card.get('indicator')}: {card.get('summary')}")
        if seconds > SOON:
            yield TrialFinding(HOOK, None, f"an answer is meant within {SOON * 1000:.0f} ms")
        return answer

    def _reported(self, address: str, answer: Any) -> Iterator[TrialFinding]:
        cards = [one for one in _list(answer, "cards") if isinstance(one, dict) and one.get("uuid")]
        if not cards:
            yield TrialFinding("feedback", None, "there is no card with a uuid, so there is nothing to report on")
            return
        accepted = [{"id": one["uuid"]} for one in _list(cards[0], "suggestions") if isinstance(one, dict) and one.get("uuid")][:1]
        outcome: Json = {"outcome": "accepted", "acceptedSuggestions": accepted} if accepted else {"outcome": "overridden"}
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        report = {"feedback": [{"card": cards[0]["uuid"], "outcomeTimestamp": at} | outcome]}
        self._asked("feedback", "POST", f"{address}/feedback", report)
        yield TrialFinding("feedback", True, f"that the card was {outcome['outcome']} is acknowledged")

    def _asked(self, step: str, method: str, address: str, body: Json | None = None) -> Any:
        token = self.sign(address)
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            return self._sent(step, method, address, headers, orjson.dumps(body) if body is not None else None)
        except _Refused as refused:
            raise _Ends(step, why_refused(refused.status, address, signed=bool(token)) + refused.said) from None

    def _sent(self, step: str, method: str, address: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        try:
            reply = requests.request(
                method, address, headers=headers, data=body, timeout=PATIENCE, allow_redirects=False, verify=self.ca_bundle or True
            )
        except requests.exceptions.SSLError:
            raise _Ends(
                step, f"{address}: its certificate is not trusted, or is of another name; --ca-bundle names your own"
            ) from None
        except requests.Timeout:
            raise _Ends(step, f"{address}: no answer within {PATIENCE} s") from None
        except requests.RequestException as error:
            raise _Ends(step, f"{address}: nobody answers there ({type(error).__name__})") from None
        if 300 <= reply.status_code < 400:
            raise _Ends(
                step, f"{address}: it redirects ({reply.status_code}), which clients do not follow; use the address it leads to"
            )
        if reply.status_code >= 400:
            raise _Refused(
                step, f"{address}: {reply.status_code}{_issues(reply.content)}", reply.status_code, _issues(reply.content)
            )
        if not reply.content:
            return {}
        try:
            return orjson.loads(reply.content)
        except orjson.JSONDecodeError:
            raise _Ends(step, f"{address}: the answer is not JSON ({reply.headers.get('Content-Type', 'of no type')})") from None


class _Refused(_Ends):
    """An error for an answer with a status of refusal."""

    def __init__(self, step: str, words: str, status: int, said: str) -> None:
        super().__init__(step, words)
        self.status, self.said = status, said


def why_refused(status: int, address: str, *, signed: bool) -> str:
    """Say what a refusal's status means to whoever connects a client."""
    if status == 401 and not signed:
        return f"{address}: it wants a token (401); name --key and --issuer"
    if status == 401:
        return (
            f"{address}: it does not take the token (401). Is the issuer registered letter for letter, is this key among its "
            "keys, and is this address the one that the service is told as its public one (the token is for it)? The service's "
            "log has the reason ('token refused')"
        )
    meant = {
        403: "it is not allowed",
        404: "there is nothing there; the address of discovery ends in /cds-services",
        405: "it takes no such call",
        412: "it lacks what it needs to answer",
        413: "the request is too large",
        503: "it cannot do this now; its log says why",
    }
    return (
        f"{address}: {meant.get(status, 'the service failed; its log says why' if status >= 500 else 'it is refused')} ({status})"
    )


def filled(template: str, context: Json) -> str:
    """Fill a prefetch template from the call's context.

    Raises LookupError, with words, for what the context does not have.
    """

    def value(found: re.Match[str]) -> str:
        at: Any = {"context": context, "userPractitionerId": str(context.get("userId", "")).removeprefix("Practitioner/")}
        for name in found[1].split("."):
            at = at.get(name) if isinstance(at, dict) else None
        if not isinstance(at, str) or not at:
            raise LookupError(f"the context has no {found[1]}")
        return at

    return _TOKEN.sub(value, template)


def _issues(body: bytes) -> str:
    """Return what an OperationOutcome says, to follow a sentence."""
    try:
        issues = _list(orjson.loads(body), "issue")
    except orjson.JSONDecodeError:
        return ""
    said = [one.get("diagnostics") or (one.get("details") or {}).get("text") for one in issues[:5] if isinstance(one, dict)]
    words = "; ".join(str(one) for one in said if one)
    return f": {words}" if words else ""


def _list(holder: Any, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []
