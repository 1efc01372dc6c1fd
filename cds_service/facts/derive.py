"""The rules by which facts are computed from other facts, by the name that the catalogue uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydantic import BaseModel

from cds_service.facts import (
    chemotherapy,
    fusion_treatment,
    growth_factors,
    neutropenia,
    opioid_dose,
    pain_pump,
    pregnancy,
    sacroiliac,
)
from cds_service.facts.tables import MorphineFactors, RegimenTable
from cds_service.policy.model import Evidence, Fact


@dataclass(frozen=True, slots=True)
class Rule:
    """A derivation: the function, the names under which it takes its facts, and the grammar of its table if it has one.

    A rule with a table takes it, read, as its third argument.
    """

    compute: Callable[..., list[Evidence]]
    takes: frozenset[str]
    table: type[BaseModel] | None = None

    def __call__(self, facts: Mapping[str, Fact], as_of: date, table: BaseModel | None) -> list[Evidence]:
        """The evidence of the derived fact."""
        return self.compute(facts, as_of, table) if self.table else self.compute(facts, as_of)


RULES: Final[dict[str, Rule]] = {
    "gestational age": Rule(
        pregnancy.gestational_age,
        frozenset({"scan", "due_date", "age_by_due_date", "last_period", "age_by_last_period", "week_code", "ended"}),
    ),
    "pregnancy look-back": Rule(pregnancy.pregnancy_look_back, frozenset({"age", "ended"})),
    "pregnancy start": Rule(pregnancy.pregnancy_start, frozenset({"age", "ended"})),
    "loss look-back": Rule(pregnancy.loss_look_back, frozenset({"age", "delivery"})),
    "pregnant": Rule(pregnancy.pregnant, frozenset({"recorded", "age"})),
    "co-twin demise": Rule(pregnancy.co_twin_demise, frozenset({"recorded", "reduction", "fetuses", "start"})),
    "earlier screen": Rule(pregnancy.earlier_screen, frozenset({"orders", "results"})),
    "concurrent serum screen": Rule(pregnancy.concurrent_serum_screen, frozenset({"panels", "markers"})),
    "highest morphine equivalents": Rule(opioid_dose.highest, opioid_dose.TAKES, MorphineFactors),
    "current morphine equivalents": Rule(opioid_dose.current, opioid_dose.TAKES, MorphineFactors),
    "dose reduction": Rule(opioid_dose.reduction, frozenset({"before", "now"})),
    "pump order kind": Rule(pain_pump.order_kind, frozenset({"code", "trial"})),
    "opioid trial order": Rule(pain_pump.opioid_trial, frozenset({"trial", "drugs"})),
    "opioid drug": Rule(pain_pump.opioid_drug, frozenset({"drugs", "in_use"})),
    "other pump drug": Rule(pain_pump.only_drug, frozenset({"drugs"})),
    "pain origin": Rule(pain_pump.pain_origin, frozenset({"recorded", "chronic_pain", "cancer"})),
    "life expectancy": Rule(pain_pump.life_expectancy, frozenset({"stated", "limited"})),
    "pain before a trial": Rule(pain_pump.pain_before_trial, pain_pump.SCORES),
    "pain reduction in a trial": Rule(pain_pump.pain_reduction, pain_pump.SCORES),
    "active substance abuse": Rule(
        pain_pump.substance_abuse, frozenset({"abuse", "opioid_dependence", "remission", "prescribed", "hints"})
    ),
    "allergy to the drug": Rule(pain_pump.drug_allergy, frozenset({"allergies", "class_allergy", "drugs"})),
    "anomaly count": Rule(pregnancy.anomaly_count, frozenset({"sites", "unspecified", "start"})),
    "fusion indication": Rule(sacroiliac.fusion_indication, sacroiliac.TAKES),
    "fusion indication missing": Rule(sacroiliac.indication_missing, frozenset({*sacroiliac.COVERED, "indication"})),
    "with the fusion": Rule(fusion_treatment.with_fusion, frozenset({"recorded"})),
    "treatment of the infection": Rule(fusion_treatment.treatment, frozenset({"given", "going_on", "infection"})),
    **{
        f"fusion for {choice}": Rule(sacroiliac.covered(choice), frozenset({"indication"}))
        for choice in sacroiliac.COVERED.values()
    },
    **{
        f"fusion only for {choice}": Rule(sacroiliac.only(choice), frozenset({*sacroiliac.COVERED, "indication"}))
        for choice in sacroiliac.OTHERS.values()
    },
    "ordered growth factor": Rule(growth_factors.ordered_growth_factor, frozenset({"product", "ingredient"})),
    "another product": Rule(growth_factors.another_product, frozenset({"ordered", "recorded"})),
    "malignancy lineage": Rule(chemotherapy.malignancy_lineage, frozenset({"recorded"})),
    "condition count": Rule(chemotherapy.condition_count, frozenset({"recorded"})),
    "regimen risk": Rule(chemotherapy.regimen_risk, frozenset({"percent", "level", "ordered", "given", "site"}), RegimenTable),
    "febrile neutropenia now": Rule(
        neutropenia.febrile_neutropenia_now, frozenset({"coded", "neutropenia", "fever", "neutrophils", "temperature"})
    ),
    "previous febrile neutropenia": Rule(neutropenia.previous_febrile_neutropenia, frozenset({"coded", "neutropenia", "fever"})),
    "neutropenic complication": Rule(
        neutropenia.neutropenic_complication, frozenset({"coded", "neutropenia", "fever", "chemotherapy"})
    ),
    "prophylaxis before complication": Rule(neutropenia.prophylaxis_before_complication, frozenset({"given", "complication"})),
    "neutrophils before treatment": Rule(neutropenia.neutrophils_before_treatment, frozenset({"neutrophils", "given"})),
    "fever as inpatient": Rule(neutropenia.fever_as_inpatient, frozenset({"stay", "temperature", "fever", "coded"})),
    "sepsis syndrome": Rule(neutropenia.sepsis_syndrome, frozenset({"severe", "sepsis", "organ", "systolic"})),
    "recurrent infection": Rule(neutropenia.recurrent_infection, frozenset({"infection"})),
    "severe aplasia": Rule(neutropenia.severe_aplasia, frozenset({"neutrophils", "platelets"})),
}
