"""Coverages as they were sent, each with its payer at hand.

Clients refer to both in more ways than by ``Type/id``. An order may name a Coverage that it contains, or one by its
address in the Bundle of orders (``urn:uuid:``); it then comes with it.

A payor is named by its address in a Bundle (``urn:uuid:``), by a business identifier that an Organization elsewhere in
the call has, or by the ``Type/id`` of one that came under a key of the client's own. Such an Organization is put inside
the Coverage, where whoever recognises payers finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from cds_service.fhir.elements import Resource, items, own_reference, reference, text

_URN: Final = "urn:"
_KINDS: Final = ("Organization", "Coverage")


class Payors:
    """The payers that were sent, by every name that Coverages use.

    ``sent`` are resources and Bundles, read when one is needed.
    """

    __slots__ = ("_own", "_payers", "_sent")

    def __init__(self, sent: Iterable[Any] = ()) -> None:
        self._sent = sent
        self._payers: dict[str, Resource] | None = None
        self._own: dict[int, str] = {}

    def beside(self, resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
        """Return the resources, with payers put inside their Coverages.

        It is done for payers that are not among the resources by their ``Type/id``. A Coverage without an id is known
        by its address in its Bundle.
        """
        if not any(one.get("resourceType") == "Coverage" and _is_loose(one, resources) for one in resources):
            return resources
        if self._payers is None:
            addressed = list(_addressed(self._sent))
            self._payers = _payers(addressed)
            self._own = {id(one): address for address, one in addressed if one["resourceType"] == "Coverage"}
        payers, own = self._payers, self._own
        return tuple([_settled(one, payers, own) if one.get("resourceType") == "Coverage" else one for one in resources])


def insured_by(order: Resource, beside: Iterable[tuple[Any, Resource]], along: Iterable[Any]) -> tuple[Resource, ...]:
    """Return the Coverages that an order names as its insurance.

    They came with the order, each with its payers. One inside the order is known by the reference ``#id``, which holds
    nowhere else. ``beside`` are the resources of the call's Bundle, each with its address; ``along`` is what else came:
    Bundles, and resources of no Bundle.
    """
    sent = [(text(address), one) for address, one in beside if one.get("resourceType") in _KINDS]
    sent += _addressed(along)
    inside = [one for one in items(order.get("contained")) if isinstance(one, dict)]
    payers = _payers(sent)
    found: dict[str, Resource] = {}
    for named in items(order.get("insurance")):
        written = text(named.get("reference")) if isinstance(named, dict) else ""
        if written.startswith("#"):
            held = (
                (written, one) for one in inside if f"#{text(one.get('id'))}" == written and one.get("resourceType") == "Coverage"
            )
        else:
            held = ((address, one) for address, one in sent if _is_named(address, one, written))
        for address, one in held:
            made = {**one, "id": address, "contained": inside} if written.startswith("#") else one
            found.setdefault(written, _settled(made, payers, {id(one): address}))
    return tuple(found.values())


def _is_named(address: str, coverage: Resource, written: str) -> bool:
    """Tell whether a reference means a Coverage that was sent.

    It may name the Coverage by its address or its ``Type/id``.
    """
    by_id = own_reference(coverage) == reference({"reference": written})
    return coverage["resourceType"] == "Coverage" and bool(written) and (address == written or by_id)


def _payers(addressed: Iterable[tuple[str, Resource]]) -> dict[str, Resource]:
    """Return the Organizations by every name a payor may have."""
    return {name: one for address, one in addressed if one["resourceType"] == "Organization" for name in _names(address, one)}


def _is_loose(coverage: Resource, beside: tuple[Resource, ...]) -> bool:
    """Tell whether a Coverage cannot be used just as it is.

    It has no id, or names a payer by an address in a Bundle, an identifier, or the ``Type/id`` of one that is not
    ``beside`` it.
    """
    payors = [one for one in items(coverage.get("payor")) if isinstance(one, dict)]
    if not text(coverage.get("id")):
        return True
    if any(text(one.get("reference")).startswith(_URN) or isinstance(one.get("identifier"), dict) for one in payors):
        return True
    named = {reference(one) for one in payors if reference(one).startswith("Organization/")}
    return bool(named) and not named.issubset([own_reference(one) for one in beside])


def _addressed(sent: Iterable[Any]) -> Iterator[tuple[str, Resource]]:
    """Yield the Organizations and Coverages of a call.

    Each comes with its address in its Bundle.
    """
    for one in sent:
        if not isinstance(one, dict):
            continue
        entries = [entry for entry in items(one.get("entry")) if isinstance(entry, dict)]
        for address, resource in [("", one), *((text(entry.get("fullUrl")), entry.get("resource")) for entry in entries)]:
            if isinstance(resource, dict) and resource.get("resourceType") in _KINDS:
                yield address, resource


def _names(address: str, organization: Resource) -> Iterator[str]:
    yield from (name for name in (address, own_reference(organization)) if name)
    if id_ := text(organization.get("id")):
        yield f"urn:uuid:{id_}"
    yield from map(_identified, items(organization.get("identifier")))


def _identified(identifier: Any) -> str:
    """Return an identifier as one word.

    It is the empty string for an identifier without a value.
    """
    value = text(identifier.get("value")) if isinstance(identifier, dict) else ""
    return f"{text(identifier.get('system'))}|{value}" if value else ""


def _settled(coverage: Resource, payers: dict[str, Resource], own: dict[int, str]) -> Resource:
    made = dict(coverage)
    if not text(made.get("id")) and (address := own.get(id(coverage), "")).startswith(_URN):
        made["id"] = address
    inside: list[Resource] = []
    payors: list[Any] = []
    for number, payor in enumerate(items(coverage.get("payor"))):
        named = _named(payor) if isinstance(payor, dict) else ""
        if found := payers.get(named) if named else None:
            inside.append({**found, "id": f"payor-{number}"})
            payors.append({**payor, "reference": f"#payor-{number}"})
        else:
            payors.append(payor)
    return made | ({"payor": payors, "contained": [*items(coverage.get("contained")), *inside]} if inside else {})


def _named(payor: dict[str, Any]) -> str:
    """Return the name by which a payor is looked up.

    It is the empty string for one that is contained.
    """
    written = text(payor.get("reference"))
    if written.startswith(_URN):
        return written
    named = reference(payor)
    return "" if named.startswith("#") else named or _identified(payor.get("identifier"))
