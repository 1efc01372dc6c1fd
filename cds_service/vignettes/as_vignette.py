"""Write a chart as a vignette.

It is written as ``tests/vignettes`` holds them. A person decides what is right for it: ``expect`` is left empty, so
that the file is refused until somebody has filled it in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from cds_service.content.content import Content
from cds_service.decision import Decision, DecisionOutcome
from cds_service.facts.definition import Definition
from cds_service.fhir.codes import Coding
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.model import Policy
from cds_service.policy.values import Code, Days, Interval, Value
from cds_service.vignettes.grammar import ExpectEntry, OrderEntry
from cds_service.vignettes.read import Vignette
from cds_service.vignettes.run import decide_as_facts


class CannotBeWritten(ValueError):
    """Evidence that vignettes have no words for.

    The judge can still be asked about it.
    """


def as_vignette(
    facts: Mapping[str, Fact], policy: Policy, as_of: date, content: Content, name: str, story: str, said: Decision | None = None
) -> str:
    """Write one entry of a vignette file.

    ``said`` is the decision as the policy stands, noted for the person who decides. Evidence that vignettes cannot
    express is noted in a comment.
    """
    lines = [f"  - name: {_quoted(name)}", f"    story: {_quoted(story)}"]
    lines += [f"    order: {code}" for code in [order_code(facts, policy, content)] if code]
    lines.append(f"    as_of: {as_of}")
    unsearched = dict.fromkeys(kind for fact in facts.values() for kind in fact.unsearched)
    if unsearched:
        lines.append(f"    not_searched: [{', '.join(unsearched)}]")
    entries = list(_chart(facts, as_of, content))
    lines += ["    chart:", *(f"      {entry}" for entry in entries)] if entries else []
    if said:
        lines.append(f"    # decided as the policy stands: {_words(said.outcome)}, because {_list(said.because_ids)}")
        lines += [f"    # asks {_list(said.asks)}"] if said.asks else []
        lines += [f"    # assumed {_list(said.assumed)}"] if said.assumed else []
        whole = decided_as_vignette(facts, policy, as_of, content)
        if whole and whole.outcome is not said.outcome:
            lines.append(f"    # with what the order itself says and other facts are derived from: {_words(whole.outcome)}")
    lines.append("    expect: {outcome: }  # a person decides what is right")
    return "\n".join(lines)


def vignette_file(policy: Policy, as_of: date, entries: list[str]) -> str:
    """Write a vignette file, complete but for what is expected."""
    head = f"policy: {policy.id}\nversion: {policy.version}\nas_of: {as_of}\n\nvignettes:\n"
    return head + "".join(f"\n{entry}\n" for entry in entries)


def decided_as_vignette(facts: Mapping[str, Fact], policy: Policy, as_of: date, content: Content) -> Decision | None:
    """Decide the vignette that facts make, or return None.

    None means that there is no order to judge. The decision may be another than on the facts alone: an order's code and
    words say things too, and facts are derived from others.
    """
    code = order_code(facts, policy, content)
    if not code:
        return None
    given = {name: list(fact.evidence) for name, fact in facts.items() if fact.evidence and not _is_order(name, content)}
    unsearched = frozenset(kind for fact in facts.values() for kind in fact.unsearched)
    order, expect = OrderEntry(code=code), ExpectEntry(outcome="not documented")
    vignette = Vignette("found", "found", policy, as_of, order, (), (), unsearched, {}, given, expect, "", 0)
    return decide_as_facts(vignette, content)


def _words(outcome: DecisionOutcome) -> str:
    return outcome.value.replace("-", " ")


def _list(names: tuple[str, ...]) -> str:
    return f"[{', '.join(names)}]"


def _quoted(text: str) -> str:
    """Write a text as YAML does on one line, quoted if needed."""
    yaml = YAML()
    yaml.width = 10_000
    said = StringIO()
    plain = not any(mark in text for mark in (": ", " #", '"', "'"))
    yaml.dump(text if plain else DoubleQuotedScalarString(text), said)
    return said.getvalue().removesuffix("...\n").strip()


def order_code(facts: Mapping[str, Fact], policy: Policy, content: Content) -> str:
    """Return the code of the order.

    It is what the fact of the order's own code says, else the first code that the policy governs.
    """
    for name, fact in facts.items():
        if _is_order(name, content) and fact.evidence and isinstance(fact.evidence[0].value, Code):
            return fact.evidence[0].value.shown
    held = (content.terminology.sets.get(id_) for id_ in policy.order_sets)
    codings = (Coding(system, code) for one in held if one for system, codes in one.systems.items() for code in codes)
    first = next(codings, None)
    return first.text if first else ""


def _is_order(name: str, content: Content) -> bool:
    return content.catalogue[name].is_order_code


def _chart(facts: Mapping[str, Fact], as_of: date, content: Content) -> Iterator[str]:
    for name, fact in facts.items():
        if not fact.evidence or _is_order(name, content):
            continue
        said = []
        for piece in fact.evidence:
            try:
                said.append(written(piece, content.catalogue[name], as_of))
            except CannotBeWritten as error:
                yield f"# {name}: {error}"
        if said:
            yield f"{name}: {said[0] if len(said) == 1 else _list(tuple(said))}"


def written(piece: Evidence, definition: Definition, as_of: date) -> str:
    """Write a piece of evidence in the words of vignettes.

    An example is ``provisional yes on 2026-03-01``. Raises CannotBeWritten, naming the evidence, where there are no
    such words.
    """
    if piece.when is None:
        raise CannotBeWritten(f"{definition.show(piece.value) if piece.value is not None else 'something'}, undated")
    if piece.value is None:
        raise CannotBeWritten("something unreadable")
    said = _value(piece.value, definition)
    if piece.standing is Standing.UNCERTAIN:
        said = f"provisional {said}"
    return said if piece.when == Days.on(as_of) else f"{said} on {_day(piece.when)}"


def _value(value: Value, definition: Definition) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Days():
            return _day(value)
        case Interval():
            return _interval(value, definition)
        case Code():
            if not value.shown:
                raise CannotBeWritten("a code that no value set holds")
            return value.shown
        case str():
            return value


def _day(day: Days) -> str:
    """Write a day, or the month or year that a span covers.

    Raises CannotBeWritten for any other span.
    """
    if day.first == day.last:
        return day.first.isoformat()
    next_day = day.last + timedelta(1)
    if day.first.day == 1 and next_day.day == 1 and (day.first.year, day.first.month) == (day.last.year, day.last.month):
        return day.first.isoformat()[:7]
    if (day.first.month, day.first.day, day.last.month, day.last.day) == (1, 1, 12, 31) and day.first.year == day.last.year:
        return day.first.isoformat()[:4]
    raise CannotBeWritten(f"some day from {day.text()}")


def _interval(value: Interval, definition: Definition) -> str:
    low, high = (_number(bound, definition) for bound in (value.low, value.high))
    if value.low == value.high:
        return low
    if math.isinf(value.low) and value.high_open and not math.isinf(value.high):
        return f"below {high}"
    if math.isinf(value.high) and not math.isinf(value.low):
        return f"above {low}" if value.low_open else f"{low} or more"
    if not (value.low_open or value.high_open or math.isinf(value.low)):
        return f"{low} to {high}"
    raise CannotBeWritten(f"a number that is {value.text(definition.entry.unit)}")


def _number(number: float, definition: Definition) -> str:
    unit = definition.entry.unit
    if definition.entry.shown_as == "weeks and days" and not math.isinf(number) and number == int(number):
        weeks, days = divmod(int(number), 7)
        return f"{weeks} wk {days} d" if days else f"{weeks} wk"
    said = f"{number:.12g}"
    if unit != "1" and not unit.startswith("{"):
        return f"{said} {unit}"
    return f'"{said}"' if "." in said else said
