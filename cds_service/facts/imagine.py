"""Imagines a chart from facts.

It makes for each fact the resources in which extraction would find it again.
"""

from __future__ import annotations

from cds_service.facts.catalogue import Catalogue
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.answer import imagine_answer
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.facts.kinds.evidence_kind import CannotImagine
from cds_service.policy.evidence import Evidence, Standing


def imagine(name: str, evidence: Evidence, catalogue: Catalogue, chart: ImaginedChart, via: str = "") -> None:
    """Add to a chart what documents one piece of evidence.

    The first of the fact's sources that can say it is used; ``via`` names the kind of evidence to use. A derived fact
    is imagined by its input, an answer by a questionnaire. Raises CannotImagine when no source can say it.
    """
    definition = catalogue[name]
    if evidence.standing is Standing.DISCOUNTED or evidence.value is None:
        said = "cancelled" if evidence.standing is Standing.DISCOUNTED else "unreadable"
        raise CannotImagine(f"no record of '{name}' can be made up that is {said}; write the record as it is under 'fhir'")
    derived = definition.entry.derived
    if evidence.kind == "answered" or (derived and not derived.imagined_by):
        imagine_answer(evidence, definition.wanted, chart)
        return
    if derived and derived.imagined_by:
        imagine(derived.imagined_by, evidence, catalogue, chart, via)
        return
    tried: list[str] = []
    for source in definition.entry.from_:
        provisional = evidence.standing is Standing.UNCERTAIN
        if (via and source.name != via) or (provisional and not isinstance(source.kind, ConditionEvidence)):
            continue
        try:
            source.kind.imagine(evidence, definition.wanted, chart)
        except CannotImagine as error:
            tried.append(f"{source.name}: {error}")
        else:
            return
    raise CannotImagine(f"no evidence of '{name}' says this ({'; '.join(tried) or 'none of the kind asked for'})")
