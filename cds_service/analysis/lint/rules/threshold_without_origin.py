"""A number of a test or look-back without a stated origin.

Nobody says whether the document gives it or it is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cds_service.analysis.lint.content_files import ContentFiles, Placed, PolicyFile
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.sentences import numbers, stretches
from cds_service.policy.criterion import Check
from cds_service.policy.ours import gives_threshold, gives_window, named, names_threshold
from cds_service.policy.values import Interval


class StatedNumber(NamedTuple):
    """A number of a criterion.

    ``key`` is what it stands under, ``written`` how it is written. ``given`` tells that the document gives it, ``ours``
    that it is said to be ours, and ``said`` that the criterion's sentence says it.
    """

    key: str
    written: str
    given: bool
    ours: bool
    said: bool


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        if file.policy.status != "active" or file.policy.subject != "order":
            continue
        for placed, check in file.checks:
            stated = list(_numbers(check))
            for number in stated:
                yield from _origin(file, placed, check, number)
            if check.ours and not any(number.ours for number in stated):
                yield Breach(
                    file.name,
                    file.line_of(placed, "ours"),
                    check.id,
                    "'ours' names no number of the test and no look-back, as the file writes them",
                    "name the number that is ours in figures, or leave 'ours' out",
                )


def _origin(file: PolicyFile, placed: Placed, check: Check, number: StatedNumber) -> Iterator[Breach]:
    at = f"{check.cite.source}, {check.cite.at}"
    what = f"'{number.key}: {number.written}'"
    if not number.given and not number.ours:
        said = f"{what} stands under {at}, and nothing says that the document gives the number there"
        hint = f"write 'gives: [{number.written}]' in the citation if it does; if not, say in 'ours' that it is our number, and why"
        yield Breach(file.name, file.line_of(placed, number.key), check.id, said, hint)
    elif number.given and number.ours:
        said = f"{what} is given by the document at {at}, and 'ours' says that it is ours"
        yield Breach(file.name, file.line_of(placed, "ours"), check.id, said, "one of the two is wrong: look it up")
    elif number.ours and number.said:
        said = f"the sentence stands under {at} and says {number.written}, which is not the document's"
        yield Breach(file.name, file.line_of(placed, "says"), check.id, said, "say the number in 'ours' alone")


def _numbers(check: Check) -> Iterator[StatedNumber]:
    written = named(check.test.written) if isinstance(check.test.value, Interval) else ()
    for value, unit in written[:1]:
        given = gives_threshold(check.cite.gives, value, unit) or value in numbers(check.cite.quote)
        yield StatedNumber(check.test.compare, check.test.written, given, check.our_threshold, value in numbers(check.says))
    if check.test.ago:
        given = gives_window(check.cite.gives, check.test.ago) or check.test.ago in stretches(check.cite.quote)
        yield StatedNumber(
            check.test.compare, check.test.written, given, check.our_threshold, check.test.ago in stretches(check.says)
        )
    if check.times and isinstance(check.times.value, Interval):
        count = check.times.value.low
        given = gives_threshold(check.cite.gives, count, "") or count in numbers(check.cite.quote)
        ours = names_threshold(check.ours, count, "")
        yield StatedNumber("times", f"{check.times.compare}: {check.times.written}", given, ours, count in numbers(check.says))
    if check.within:
        given = gives_window(check.cite.gives, check.within) or check.within in stretches(check.cite.quote)
        yield StatedNumber("within", str(check.within), given, check.our_window, check.within in stretches(check.says))


RULE = Rule("threshold-without-origin", "citations", "error", _find)
