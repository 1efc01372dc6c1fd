"""Imagines a chart from facts: for each, the resources in which extraction would find it again."""

from __future__ import annotations

from cds_service.facts.catalogue import Catalogue
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.answer import imagine_answer
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.facts.kinds.evidence_kind import CannotImagine
from cds_service.policy.model import Evidence, Standing


def imagine(name: str, evidence: Evidence, catalogue: Catalogue, chart: ImaginedChart, via: str = "") -> None:
    """Adds to a chart what documents one piece of evidence for a fact, by the first of its sources that can.

    ``via`` names the kind of evidence to use. A derived fact is imagined by its input; an answer by a questionnaire.
    Raises CannotImagine when no source can say it.
    """
    definition = catalogue[name]
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
