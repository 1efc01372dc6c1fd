"""Orders that stand inside another resource.

They are contained in a RequestGroup, a CarePlan or a RequestOrchestration, or written into an activity of a CarePlan.

Each is judged as if it stood alone. Nothing can be written onto it, so it gets no coverage-information, and the client
is told so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from cds_service.fhir.elements import Resource, items, own_reference, text
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.hooks.received.contexts import MOST_ENTRIES
from cds_service.hooks.received.conversation import Conversation
from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.hooks.received.given import Given
from cds_service.order import WITHDRAWN, Place, date_of_service

GROUPS: Final = frozenset({"RequestGroup", "CarePlan", "RequestOrchestration"})
"""The resource types that hold orders inside them."""
_SPACE: Final = UUID("b1c1b9f2-3c55-5f5e-9a7e-7a7a5d0c6e10")
_ALL: Final = frozenset({"", "all", "all-or-none"})
"""The selection behaviors by which every order of a group is meant.

By others, one, some or none are meant.
"""
_DEEPEST: Final = 8
"""The most levels of actions inside one another that are looked at."""
_ENDED: Final = frozenset({"completed", "cancelled", "stopped", "entered-in-error"})
"""Statuses of an activity that asks for nothing any more."""


def with_those_inside(given: Iterable[Given]) -> list[Given]:
    """Replace each group of orders by the orders inside it.

    Raises Unusable (413) for too many orders.
    """
    found: list[Given] = []
    for one in given:
        if one.resource.get("resourceType") in GROUPS:
            found += _inside(one)
        else:
            found.append(one)
        if len(found) > MOST_ENTRIES:
            raise Unusable(413, [RequestIssue(one.where, f"with it there are more than {MOST_ENTRIES} orders", "too-costly")])
    return found


def _inside(given: Given) -> Iterator[Given]:
    group = given.resource
    if text(group.get("status")) in WITHDRAWN:
        return
    own = own_reference(group)
    known = own if "/" in own else ""
    choice = own if _leaves_open(group.get("action")) else ""
    for held, at, name in (*_contained(group), *_activities(group)):
        place = (*(given.place or given.named), *at)
        yield given._replace(resource=_alone(held, group), place=place, inside=f"{known}#{name}", choice=choice)


def _contained(group: Resource) -> Iterator[tuple[Resource, Place, str]]:
    for number, held in enumerate(items(group.get("contained"))):
        if isinstance(held, dict) and text(held.get("resourceType")) in CODE_ELEMENTS:
            yield held, ("contained", number), text(held.get("id")) or f"contained-{number}"


def _activities(group: Resource) -> Iterator[tuple[Resource, Place, str]]:
    """Yield the orders that activities of a CarePlan spell out in place."""
    for number, activity in enumerate(items(group.get("activity"))):
        detail = activity.get("detail") if isinstance(activity, dict) else None
        if isinstance(detail, dict) and (order := _spelled_out(detail)):
            yield order, ("activity", number, "detail"), f"activity-{number}"


def _spelled_out(detail: Resource) -> Resource | None:
    """Return the order that an activity's detail means; None for none."""
    kind = text(detail.get("kind"))
    if kind not in ("ServiceRequest", "MedicationRequest", "DeviceRequest") or text(detail.get("status")) in _ENDED:
        return None
    code = detail.get("productCodeableConcept") or detail.get("code")
    same = {name: detail[name] for name in ("doNotPerform", "reasonCode", "reasonReference") if name in detail}
    made: Resource = {"resourceType": kind, "status": "active", "intent": "plan", CODE_ELEMENTS[kind][0]: code} | same
    if kind == "MedicationRequest" and "productReference" in detail:
        del made["medicationCodeableConcept"]
        made["medicationReference"] = detail["productReference"]
    for scheduled, occurrence in (("scheduledPeriod", "occurrencePeriod"), ("scheduledTiming", "occurrenceTiming")):
        if scheduled in detail and kind != "MedicationRequest":
            made[occurrence] = detail[scheduled]
    return {name: value for name, value in made.items() if value is not None}


def _alone(order: Resource, group: Resource) -> Resource:
    """Return the order completed with what it leaves to its group.

    That is whom it is for, when it was written, and what it refers to inside the group.
    """
    made = _as_r4(order) if group.get("resourceType") == "RequestOrchestration" else dict(order)
    if not any(name in made for name in ("subject", "patient", "participant")) and "subject" in group:
        made["subject"] = group["subject"]
    written = next((group[name] for name in ("authoredOn", "created") if name in group), None)
    if written is not None and date_of_service(made) is None:
        made.setdefault("authoredOn", written)
    held = [one for one in items(group.get("contained")) if isinstance(one, dict)]
    beside = [one for one in held if text(one.get("resourceType")) not in ("", *CODE_ELEMENTS)]
    return made | ({"contained": beside} if beside else {})


def _as_r4(order: Resource) -> Resource:
    """Return an order as R4 writes it.

    A RequestOrchestration is of R5, where a concept and a reference share one element.
    """
    kind = text(order.get("resourceType"))
    made = {name: value for name, value in order.items() if name not in ("code", "medication", "reason")}
    coded = order.get("medication" if kind == "MedicationRequest" else "code")
    concept = coded.get("concept") if isinstance(coded, dict) else None
    if isinstance(concept, dict):
        made[CODE_ELEMENTS[kind][0] if CODE_ELEMENTS[kind] else "code"] = concept
    elif isinstance(coded, dict) and isinstance(coded.get("reference"), dict) and kind == "MedicationRequest":
        made["medicationReference"] = coded["reference"]
    elif coded is not None:
        made["code"] = coded
    reasons = [one for one in items(order.get("reason")) if isinstance(one, dict)]
    for element, part in (("reasonCode", "concept"), ("reasonReference", "reference")):
        if found := [one[part] for one in reasons if part in one]:
            made[element] = [*items(made.get(element)), *found]
    return made


def _leaves_open(actions: Any, depth: int = 0) -> bool:
    """Tell whether actions say that not all of them are meant.

    Actions inside them count too.
    """
    return depth < _DEEPEST and any(
        text(action.get("selectionBehavior")) not in _ALL or _leaves_open(action.get("action"), depth + 1)
        for action in items(actions)
        if isinstance(action, dict)
    )


def cards_of_groups(groups: Mapping[str, str], hook_instance: str, conversation: Conversation) -> list[dict[str, Any]]:
    """Make one card for each group of orders.

    It says why the orders carry no coverage-information. ``groups`` gives by group (``Type/id``) the name of its
    member's payer.
    """
    topic = {"system": conversation.topics, "code": "coverage-info", "display": "Coverage Information"}
    return [
        {
            "uuid": str(uuid5(_SPACE, f"{hook_instance}|{group}")),
            "summary": f"The orders inside a {group.partition('/')[0]} were checked; coverage is not written on them.",
            "detail": (
                f"Orders inside a {group.partition('/')[0]} are judged, but nothing can be written onto them. "
                "Send each as an entry of its own to have its coverage information."
            ),
            "indicator": "info",
            "source": {"label": label, "topic": topic},
            "extension": conversation.associated(group),
        }
        for group, label in groups.items()
    ]
