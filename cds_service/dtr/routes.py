"""The addresses of Da Vinci DTR.

2.2 is below ``/fhir``, 2.0.1 below ``/fhir/2.0.1``; the token endpoint guards both.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import orjson
from flask import Blueprint, Response, current_app, request

from cds_service.content.content import Content
from cds_service.content.forms import NotHeld, named_form
from cds_service.dtr.capability import capability_statement, smart_configuration
from cds_service.dtr.next_question import Talk
from cds_service.dtr.opened import Openers
from cds_service.dtr.package import Packages
from cds_service.dtr.parameters import errors_in, parameters_of, read_json, refused
from cds_service.dtr.tokens import TOKEN, check_scope, token_route
from cds_service.dtr.versions import SPOKEN, Spoken
from cds_service.fhir.elements import items, text
from cds_service.hooks.answered.replies import FHIR_JSON
from cds_service.hooks.received.bodies import ENCODED, plain_body
from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.hooks.settings import Settings
from cds_service.security.access import Access
from cds_service.store.failures import StoreFailed
from cds_service.store.store import Store

log = logging.getLogger("cds_service")
WELL_KNOWN = "/.well-known/smart-configuration"
_CODES = frozenset(
    {"invalid", "structure", "required", "value", "invariant", "not-found", "not-supported", "processing", "exception"}
)
"""Codes of outcomes that are logged as they are.

A client may write anything there, so others are not repeated.
"""


def dtr_routes(content: Content, settings: Settings, today: Callable[[], date], store: Store | None, access: Access) -> Blueprint:
    """Make the blueprint of both versions.

    Forms are made for whoever may call; what their answers say is kept nowhere.
    """
    routes = Blueprint("dtr", __name__)
    openers = Openers(content, settings.public_url, store if settings.context_days else None)
    packages, talk = Packages(openers, _changed(content)), Talk(openers)
    for spoken in SPOKEN:
        _operations(routes, spoken, packages, talk, content, settings, today, access)
        _descriptions(routes, spoken, settings, today, access, talks=openers.store is not None)
    routes.get(WELL_KNOWN, endpoint="smart configuration")(lambda: _smart_configuration(settings))
    token_route(routes, access, settings.link_secret, store)
    return routes


def _operations(
    routes: Blueprint,
    spoken: Spoken,
    packages: Packages,
    talk: Talk,
    content: Content,
    settings: Settings,
    today: Callable[[], date],
    access: Access,
) -> None:
    name, secret = spoken.version.replace(".", "-"), settings.link_secret

    def package() -> Response:
        issuer = check_scope(access, secret, "Questionnaire")
        with _told():
            return _fhir(packages.package(_body(), spoken, today(), datetime.now(UTC), issuer))

    def next_question() -> Response:
        issuer = check_scope(access, secret, "Questionnaire")
        with _told():
            return _fhir(talk.next(_body(), spoken, today(), datetime.now(UTC), issuer))

    def log_errors() -> Response:
        check_scope(access, secret, "Questionnaire")
        _log_trouble(*errors_in(_body()), content, settings.public_url)
        return Response(status=204)

    def expand() -> Response:
        check_scope(access, secret, "ValueSet")
        if not _value_set_named():
            raise refused(400, "url", "the url of a ValueSet is needed", "required")
        raise refused(404, "url", "no such ValueSet is held: the options of a question stand in its form", "not-found")

    base = f"{spoken.base}/Questionnaire"
    routes.post(f"{base}/$questionnaire-package", endpoint=f"package {name}")(package)
    routes.post(f"{base}/$next-question", endpoint=f"next {name}")(next_question)
    routes.post(f"{base}/$log-questionnaire-errors", endpoint=f"errors {name}")(log_errors)
    routes.route(f"{spoken.base}/ValueSet/$expand", methods=["GET", "POST"], endpoint=f"expand {name}")(expand)


def _descriptions(
    routes: Blueprint, spoken: Spoken, settings: Settings, today: Callable[[], date], access: Access, *, talks: bool
) -> None:
    def metadata() -> Response:
        address = f"{settings.public_url or request.host_url.rstrip('/')}{spoken.base}"
        return _fhir(capability_statement(spoken, address, today(), guarded=access.clients is not None, talks=talks))

    routes.get(f"{spoken.base}/metadata", endpoint=f"metadata {spoken.version.replace('.', '-')}")(metadata)
    well_known = routes.get(f"{spoken.base}{WELL_KNOWN}", endpoint=f"smart configuration {spoken.version.replace('.', '-')}")
    well_known(lambda: _smart_configuration(settings))


@contextmanager
def _told() -> Iterator[None]:
    """Answer with 503 where the store of contexts cannot be read."""
    try:
        yield
    except StoreFailed as error:
        log.error("contexts of forms cannot be read", extra={"why": error.why})  # noqa: TRY400 - values
        raise Unusable(503, [RequestIssue("", "what forms are made of cannot be read now; send it again", "transient")]) from None


def _smart_configuration(settings: Settings) -> Response:
    base = settings.public_url or request.host_url.rstrip("/")
    return Response(orjson.dumps(smart_configuration(f"{base}{TOKEN}")), mimetype="application/json")


def _body() -> bytes:
    """Return the body as its client wrote it.

    Raises Unusable where it says that it is not JSON.
    """
    said = request.mimetype
    if said and said not in ("application/json", FHIR_JSON, "text/json"):
        raise refused(415, "", f"JSON is read here ({FHIR_JSON})", "not-supported")
    body, encoding = request.get_data(cache=False), request.headers.get(ENCODED, "")
    return plain_body(body, encoding, current_app.config["MAX_CONTENT_LENGTH"]) if encoding else body


def _value_set_named() -> str:
    """Return the ValueSet that a call names, in address or Parameters."""
    if request.method == "GET":
        return request.args.get("url", "")
    held = parameters_of(read_json(_body()))
    return next((text(one.get("valueUri")) for one in held if one.get("name") == "url"), "")


def _log_trouble(forms: Iterable[str], outcomes: Iterable[dict[str, object]], content: Content, our_url: str) -> None:
    """Log that a client had trouble with forms.

    One line for each form of ours names it, and codes; one is for all others. The client's words are left out: they may
    be a patient's.
    """
    said = [text(issue.get("code")) for one in outcomes for issue in items(one.get("issue")) if isinstance(issue, dict)]
    codes = sorted({code if code in _CODES else "other" for code in said})
    for named in dict.fromkeys(_name(form, content, our_url) for form in forms):
        log.warning("a client had trouble with a form", extra={"form": named, "codes": codes, "issues": len(said)})


def _name(form: str, content: Content, our_url: str) -> str:
    try:
        known = named_form(form, content.forms, our_url)
    except NotHeld:
        return "not held"
    return f"{known.of.name}|{known.of.version}"


def _changed(content: Content) -> datetime:
    """Return when the content that forms are made of last changed.

    That is the newest of its files, or now where none can be read.
    """
    files = [path for folder in ("policies", "facts") for path in (content.root / folder).rglob("*.yaml")]
    return datetime.fromtimestamp(max((path.stat().st_mtime for path in files), default=time.time()), UTC)


def _fhir(made: dict[str, object]) -> Response:
    return Response(orjson.dumps(made), mimetype=FHIR_JSON, headers={"Cache-Control": "no-store"})
