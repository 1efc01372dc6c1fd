"""Which QuestionnaireResponses count for an order, and of which day their answers speak.

Only forms of ours ask by the names of facts: a response to somebody else's form may use the same ``linkId`` for another question.
A form that was filled in for another order says nothing of this one. Staff finish forms after the order is signed, and renderers
write Universal Time, so an answer may be written after the day that it speaks of.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from cds_service.chart import Case
from cds_service.fhir.elements import Resource, first_days, items, own_reference, reference, text
from cds_service.order import CODE_ELEMENTS, Order
from cds_service.policy.model import Standing
from cds_service.policy.values import Days

OURS: Final = "urn:cds-service:"
"""What the canonical URLs of our own forms begin with, besides the service's public address."""
COPIED: Final = frozenset({"auto", "auto-client", "auto-server"})
"""Origins of answers that no person gave: *auto* up to DTR 2.1, the others since 2.2."""
UNFINISHED: Final = "in-progress"
_DTR: Final = "://hl7.org/fhir/us/davinci-dtr/StructureDefinition/"
_ORIGIN: Final = frozenset({f"http{_DTR}information-origin", f"https{_DTR}information-origin"})
_CONTEXT: Final = frozenset({f"http{_DTR}qr-context", f"https{_DTR}qr-context", f"http{_DTR}context", f"https{_DTR}context"})
"""What Da Vinci DTR calls the order that a form was filled in for, in its versions."""


class Counted:
    """What a response is worth for an order: the day that its answers speak of, its standing and the reason.

    ``written`` is the day on which it was authored, by which a later response replaces an earlier one.
    """

    __slots__ = ("day", "note", "standing", "written")

    def __init__(self, written: Days | None, day: Days | None, standing: Standing = Standing.USABLE, note: str = "") -> None:
        self.written: Final = written
        self.day: Final = day
        self.standing: Final = standing
        self.note: Final = note


def counted(response: Resource, case: Case) -> Counted:
    """What a response is worth for the order of a case."""
    written = first_days(response, "authored")
    form = form_of(response)
    ours = form.startswith(OURS) or (bool(case.our_url) and form.startswith(f"{case.our_url}/"))
    if form and not ours:
        return Counted(written, written, Standing.DISCOUNTED, "it answers a form that is not one of ours")
    order = order_of(response, case.order)
    if order == "other":
        return Counted(written, written, Standing.DISCOUNTED, "it was given for another order")
    if order == "unknown":
        return Counted(written, written, Standing.UNCERTAIN, "it does not say in a known way for which order it was given")
    for_this = ours and order == "this"
    if written is None:
        return Counted(None, Days.on(case.as_of) if for_this else None)
    if written.first > case.as_of and (for_this or _next_day(written, case.as_of)):
        return Counted(written, Days.on(case.as_of), note=f"it was written on {written.text()}")
    return Counted(written, written)


def _next_day(written: Days, day: date) -> bool:
    """Whether an answer was written on the day after: by the clock of Universal Time, or by staff on the next morning."""
    return written.first == written.last and written.first - day <= timedelta(days=1)


def form_of(response: Resource) -> str:
    """The canonical URL of the form that a response answers, without its version; empty where it names none.

    An adaptive form is contained in its response, and names the form that it is made from.
    """
    named = response.get("questionnaire")
    if named is None:
        return ""
    written = text(named).partition("|")[0]
    if written.startswith("#"):
        for contained in items(response.get("contained")):
            if isinstance(contained, dict) and f"#{contained.get('id')}" == written:
                made_from = contained.get("derivedFrom")
                urls = [contained.get("url"), *(made_from if isinstance(made_from, list) else [made_from])]
                named_urls = [text(url).partition("|")[0] for url in urls]
                return next((url for url in named_urls if url.startswith(OURS)), next(filter(None, named_urls), written))
    return written or "?"


def order_of(response: Resource, order: Order) -> str:
    """For which order a response was given: ``this`` one or an ``other``; ``any`` where it names none.

    It is ``unknown`` where what it names cannot be told.
    """
    own = own_reference(response)
    if "/" in own and any(reference(named) == own for named in items(order.resource.get("supportingInfo"))):
        return "this"
    same = {order.reference, *(reference(named) for named in items(order.resource.get("basedOn")))}
    found = "any"
    for named in _contexts(response):
        said = reference(named)
        kind = said.partition("/")[0] if said and said[0] != "#" else text(named.get("type"))
        if said in same or _identifies(named, order):
            return "this"
        if kind in CODE_ELEMENTS:
            found = "other"
        elif not kind and found == "any":
            found = "unknown"
    return found


def _contexts(response: Resource) -> list[dict[str, Any]]:
    """The references by which a response says what it was given for."""
    found = [named for named in items(response.get("basedOn")) if isinstance(named, dict)]
    for extension in items(response.get("extension")):
        if isinstance(extension, dict) and extension.get("url") in _CONTEXT:
            parts = [extension, *(part for part in items(extension.get("extension")) if isinstance(part, dict))]
            found += [part["valueReference"] for part in parts if isinstance(part.get("valueReference"), dict)]
    return found


def _identifies(named: dict[str, Any], order: Order) -> bool:
    """Whether a reference means an order by its identifier, or by its id in a ``urn:uuid``."""
    if text(named.get("reference")).lower() == f"urn:uuid:{text(order.resource.get('id')).lower()}":
        return True
    wanted = named.get("identifier")
    if not isinstance(wanted, dict) or not text(wanted.get("value")):
        return False
    held = [one for one in items(order.resource.get("identifier")) if isinstance(one, dict)]
    return any((one.get("system"), one.get("value")) == (wanted.get("system"), wanted.get("value")) for one in held)


def origin_of(holder: dict[str, Any]) -> str:
    """Who or what gave an answer, by the extension on the answer or its item; empty where that is not said."""
    for extension in items(holder.get("extension")):
        if isinstance(extension, dict) and extension.get("url") in _ORIGIN:
            parts = [part for part in items(extension.get("extension")) if isinstance(part, dict) and part.get("url") == "source"]
            for part in (*parts, extension):
                coded = part.get("valueCoding")
                said = text(part.get("valueCode")) or (text(coded.get("code")) if isinstance(coded, dict) else "")
                if said:
                    return said
            return "?"
    return ""
