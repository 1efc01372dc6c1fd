"""Every reason why a line or an order was not decided.

The reasons are in words, as the ledger and the report give them.
"""

from __future__ import annotations

from typing import Final

NOT_UTF8: Final = "the line is not UTF-8"
NOT_JSON: Final = "the line is not JSON"
NOT_A_RESOURCE: Final = "the line is no FHIR resource"
CUT_OFF: Final = "the file ends in the middle"
TOO_LONG: Final = "the line is longer than a chart may be"
NOT_READ: Final = "resources of this type are not read"
NO_PATIENT: Final = "the resource names no patient by reference"
FOREIGN: Final = "its patient is not in the source"
DOUBLED: Final = "another line holds the same resource"
NO_ID: Final = "an order without id"
TOO_LARGE: Final = "the chart is larger than --largest-chart"
IN_ERROR: Final = "entered in error"
WITHDRAWN: Final = "withdrawn, by the status in the source"
DRAFT: Final = "never signed, by the status in the source"
NOT_TO_DO: Final = "an order not to do something"
INTENT: Final = "no order by its intent"
NOT_A_CLAIM: Final = "the claim asks or estimates, and bills nothing"
ADJUDICATED: Final = "the claim is adjudicated by another line"
NO_DAY: Final = "the order says no day"
BAD_DAY: Final = "the order's date is no day"
MALFORMED: Final = "not valid FHIR in an element that decisions read"
OUTSIDE: Final = "outside the dates asked for"
NOT_GOVERNED: Final = "no policy held governs it"
NOT_SELECTED: Final = "not of the policies or payers asked for"
FAILED: Final = "the program could not decide it"
NO_CODE: Final = "the item of the claim has no code"

REASONS: Final = frozenset({value for name, value in globals().items() if name.isupper() and isinstance(value, str)})
"""Every reason that a ledger may give."""
