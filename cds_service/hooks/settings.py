"""What an operator decides of the answers to calls."""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.fhir.coverage_information import CrdVersion


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that an operator decides.

    ``decisions`` sends the machine-readable decisions; ``strict`` refuses an order with any fault. ``crd_version`` is
    the CRD version of answers to requests that name none.

    ``log_values`` keeps in the store what charts say, and ``keep_comments`` the free text of feedback; both may be a
    patient's.

    ``public_url`` is what stands before the service's addresses, and ``link_secret`` signs the links of cards; without
    both, cards link no decision. ``smart_issuers`` are the FHIR servers from which the SMART app can be launched, for
    calls that name one of them.

    ``context_days`` is how many days the service keeps, for forms, what charts say of orders that are asked about; 0
    keeps nothing. ``seconds`` is the time of a call: what is not judged by then is answered as not documented, because
    not searched. ``least_prefetch`` asks by prefetch only for what every call needs.
    """

    decisions: bool = True
    strict: bool = False
    crd_version: CrdVersion = "2.2"
    log_values: bool = False
    keep_comments: bool = False
    public_url: str = ""
    link_secret: str = ""
    smart_issuers: tuple[str, ...] = ()
    seconds: float = 5.0
    context_days: int = 30
    least_prefetch: bool = False
