"""Which QuestionnaireResponses count for an order, and for which day.

Only our own forms ask by the names of facts: a response to somebody else's form may use the same ``linkId`` for another
question. A form that was filled in for another order says nothing of this one. Staff finish forms after the order is
signed, and renderers write Universal Time, so an answer may be written after the day that it speaks of.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from cds_service.case import Case
from cds_service.fhir.elements import Resource, first_days, items, own_reference, reference, text
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.order import Order
from cds_service.policy.evidence import Standing
from cds_service.policy.values import Days

OURS: Final = "urn:cds-service:"
"""How the canonical URLs of our own forms begin.

They may also begin with the service's public address.
"""
COPIED: Final = frozenset({"auto", "auto-client", "auto-server"})
"""Origins of answers that no person gave.

*auto* is used up to DTR 2.1, the others since 2.2.
"""
UNFINISHED: Final = "in-progress"
DEEPEST: Final = 20
"""Items within items that are looked at."""
WHEN: Final = ".when"
"""The ending of the ``linkId`` of a fact's date item.

It follows the fact's name; the item asks on which day the answer was so.
"""
_DTR: Final = "://hl7.org/fhir/us/davinci-dtr/StructureDefinition/"
_ORIGIN: Final = frozenset({f"http{_DTR}information-origin", f"https{_DTR}information-origin"})
_CONTEXT: Final = frozenset({f"http{_DTR}qr-context", f"https{_DTR}qr-context", f"http{_DTR}context", f"https{_DTR}context"})
"""Extensions that name the order a form was filled in for.

They are those of Da Vinci DTR, in its versions.
"""


class Counted:
    """What a response is worth for an order.

    ``day`` is the day that its answers speak of, ``standing`` its standing and ``note`` the reason. ``written`` is the
    day on which it was authored, by which a later response replaces an earlier one. ``for_this`` tells whether it was
    given for this very order.
    """

    __slots__ = ("day", "for_this", "note", "standing", "written")

    def __init__(
        self,
        written: Days | None,
        day: Days | None,
        standing: Standing = Standing.USABLE,
        note: str = "",
        *,
        for_this: bool = False,
    ) -> None:
        self.written: Final = written
        self.day: Final = day
        self.standing: Final = standing
        self.note: Final = note
        self.for_this: Final = for_this


def counted(response: Resource, case: Case) -> Counted:
    """Judge what a response is worth for the order of a case."""
    written = first_days(response, "authored")
    form = canonical_of(response)
    ours = form.startswith(OURS) or (bool(case.our_url) and form.startswith(f"{case.our_url}/"))
    if form and not ours:
        return Counted(written, written, Standing.DISCOUNTED, "it answers a form that is not one of ours")
    order = order_of(response, case.order)
    if order == "other":
        return Counted(written, written, Standing.DISCOUNTED, "it was given for another order")
    if ours and (why := _other_form(form, case.form, for_this_order=order == "this")):
        return Counted(written, written, Standing.DISCOUNTED, why)
    if order == "unknown":
        return Counted(written, written, Standing.UNCERTAIN, "it does not say in a known way for which order it was given")
    named = order == "this"
    for_this = ours and named
    if written is None:
        return Counted(None, Days.on(case.as_of) if for_this else None, for_this=named)
    if written.first > case.as_of and (for_this or _next_day(written, case.as_of)):
        return Counted(written, Days.on(case.as_of), note=f"it was written on {written.text()}", for_this=named)
    return Counted(written, written, for_this=named)


def _next_day(written: Days, day: date) -> bool:
    """Tell whether an answer was written at most a day later.

    The clock of Universal Time may have put it there, or staff wrote it the next morning.
    """
    return written.first == written.last and written.first - day <= timedelta(days=1)


def form_base(our_url: str) -> str:
    """Return what stands before ``Questionnaire/`` in the canonicals of our forms.

    It is an address of ours, or our own names without one.
    """
    return f"{our_url}/fhir/" if our_url else OURS


def _other_form(canonical: str, own: str, *, for_this_order: bool) -> str:
    """Say why a form is not one of the policy that judges.

    The form is one of ours. ``own`` names that policy's form (``Policy.form``). Empty where it is one of them. What was
    asked for this very order counts for it, whichever of its policies asked.
    """
    name, _, version = own.partition("|")
    url, _, written = canonical.partition("|")
    if not name or url.rpartition("/")[2].rpartition(":")[2].partition(".")[0] != name:
        return "it answers a form of another policy" if name and not for_this_order else ""
    return "it answers a version of the form that is not the one in force" if written and not written.startswith(version) else ""


def canonical_of(response: Resource) -> str:
    """Return the canonical of the form that a response answers.

    It is empty where the response names no form. An adaptive form is contained in its response, and names the form that
    it is made from.
    """
    named = response.get("questionnaire")
    if named is None:
        return ""
    written = text(named)
    if (contained := contained_form(response)) is not None:
        made_from = contained.get("derivedFrom")
        urls = [contained.get("url"), *(made_from if isinstance(made_from, list) else [made_from])]
        named_urls = [text(url) for url in urls]
        return next((url for url in named_urls if url.startswith(OURS)), next(filter(None, named_urls), written))
    return written or "?"


def contained_form(response: Resource) -> dict[str, Any] | None:
    """Return the form that is contained in its response, or None.

    An adaptive form is contained so.
    """
    written = text(response.get("questionnaire"))
    if not written.startswith("#"):
        return None
    held = [one for one in items(response.get("contained")) if isinstance(one, dict)]
    return next((one for one in held if f"#{one.get('id')}" == written), None)


def every_item(node: dict[str, Any], depth: int = 0) -> list[dict[str, Any]]:
    """Return all items below a form or a response.

    Those of an item come before those of its answers.
    """
    found: list[dict[str, Any]] = []
    for item in items(node.get("item")) if depth <= DEEPEST else ():
        if isinstance(item, dict):
            found.append(item)
            found += every_item(item, depth + 1)
            for answer in items(item.get("answer")):
                if isinstance(answer, dict):
                    found += every_item(answer, depth + 1)
    return found


def order_of(response: Resource, order: Order) -> str:
    """Tell for which order a response was given.

    Returns ``this`` for the given order, ``other`` for another, ``any`` where the response names none, and ``unknown``
    where what it names cannot be told.
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


def is_for_one(response: Resource) -> bool:
    """Tell whether a response names its order or its form.

    It may then count for one order or policy and not for another.
    """
    return "questionnaire" in response or bool(_contexts(response))


def _contexts(response: Resource) -> list[dict[str, Any]]:
    """Return the references that say what a response was given for."""
    found = [named for named in items(response.get("basedOn")) if isinstance(named, dict)]
    for extension in items(response.get("extension")):
        if isinstance(extension, dict) and extension.get("url") in _CONTEXT:
            parts = [extension, *(part for part in items(extension.get("extension")) if isinstance(part, dict))]
            found += [part["valueReference"] for part in parts if isinstance(part.get("valueReference"), dict)]
    return found


def _identifies(named: dict[str, Any], order: Order) -> bool:
    """Tell whether a reference means an order by its identifier.

    It may also name the order's id in a ``urn:uuid``.
    """
    if text(named.get("reference")).lower() == f"urn:uuid:{text(order.resource.get('id')).lower()}":
        return True
    wanted = named.get("identifier")
    if not isinstance(wanted, dict) or not text(wanted.get("value")):
        return False
    held = [one for one in items(order.resource.get("identifier")) if isinstance(one, dict)]
    return any((one.get("system"), one.get("value")) == (wanted.get("system"), wanted.get("value")) for one in held)


def origin_of(holder: dict[str, Any]) -> str:
    """Return who or what gave an answer, as far as stated.

    An extension on the answer or its item says so. Returns the empty string where there is none.
    """
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
