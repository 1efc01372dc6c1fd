"""The rules by which facts are computed from other facts, by the name that the catalogue uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydantic import BaseModel

from cds_service.facts import (
    chemotherapy,
    chronic_pain,
    febrile_neutropenia,
    fetuses,
    fusion_treatment,
    growth_factors,
    implant_cautions,
    neutropenia,
    opioid_dose,
    pain_pump,
    pain_trial,
    pregnancy,
    pregnancy_dating,
    pregnancy_span,
    prenatal_screening,
    sacroiliac,
    substance_abuse,
    treatment_course,
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
        pregnancy_dating.gestational_age,
        frozenset({"scan", "due_date", "age_by_due_date", "last_period", "age_by_last_period", "week_code", "ended"}),
    ),
    "pregnancy look-back": Rule(pregnancy_span.pregnancy_look_back, frozenset({"age", "ended"})),
    "pregnancy start": Rule(pregnancy_span.pregnancy_start, frozenset({"age", "ended"})),
    "loss look-back": Rule(pregnancy_span.loss_look_back, frozenset({"age", "delivery"})),
    "delivered": Rule(pregnancy.delivered, frozenset({"recorded", "day"})),
    "pregnancy ended": Rule(pregnancy.pregnancy_ended, frozenset({"delivery", "loss", "demise"})),
    "fetal demise": Rule(pregnancy.fetal_demise, frozenset({"recorded", "viable", "by_scan", "due_date"})),
    "viable": Rule(pregnancy.viable, frozenset({"stated", "loss", "demise", "delivery", "age", "by_scan", "due_date"})),
    "pregnant": Rule(pregnancy.pregnant, frozenset({"recorded", "denied", "age", "test", "delivery", "deceased", "sex", "years"})),
    "number of fetuses": Rule(fetuses.number_of_fetuses, frozenset({"recorded"})),
    "co-twin demise": Rule(fetuses.co_twin_demise, frozenset({"recorded", "reduction", "fetuses", "start"})),
    "anomaly count": Rule(fetuses.anomaly_count, frozenset({"sites", "unspecified", "start"})),
    "earlier screen": Rule(prenatal_screening.earlier_screen, frozenset({"orders", "results"})),
    "concurrent serum screen": Rule(prenatal_screening.concurrent_serum_screen, frozenset({"panels", "markers"})),
    "highest morphine equivalents": Rule(opioid_dose.highest, opioid_dose.TAKES, MorphineFactors),
    "current morphine equivalents": Rule(opioid_dose.current, opioid_dose.TAKES, MorphineFactors),
    "dose reduction": Rule(opioid_dose.reduction, frozenset({"before", "now"})),
    "pump order kind": Rule(pain_pump.order_kind, frozenset({"code", "trial"})),
    "opioid trial order": Rule(pain_pump.opioid_trial, frozenset({"trial", "drugs", "pump_beside"})),
    "opioid drug": Rule(pain_pump.opioid_drug, frozenset({"drugs", "in_use"})),
    "other pump drug": Rule(pain_pump.only_drug, frozenset({"drugs"})),
    "pain origin": Rule(chronic_pain.pain_origin, frozenset({"recorded", "chronic_pain", "painful", "cancer", "history", "bone"})),
    "life expectancy": Rule(chronic_pain.life_expectancy, frozenset({"stated", "limited"})),
    "noninvasive methods failed": Rule(chronic_pain.noninvasive_failed, frozenset({"recorded", "pain", "cancer"})),
    "pain before a trial": Rule(pain_trial.pain_before_trial, pain_trial.SCORES),
    "pain reduction in a trial": Rule(pain_trial.pain_reduction, pain_trial.SCORES),
    "active substance abuse": Rule(substance_abuse.substance_abuse, substance_abuse.TAKES),
    "allergy to the drug": Rule(implant_cautions.drug_allergy, frozenset({"allergies", "class_allergy", "relatives", "drugs"})),
    "other programmable device": Rule(implant_cautions.other_device, frozenset({"recorded", "perhaps", "removed"})),
    "recorded or hinted": Rule(implant_cautions.recorded_or_hinted, frozenset({"recorded", "hinted"})),
    "recorded, lasting or hinted": Rule(implant_cautions.recorded_or_hinted, frozenset({"recorded", "lasting", "hinted"})),
    "bleeding tendency": Rule(implant_cautions.coagulopathy, frozenset({"recorded", "hinted", "inr", "platelets"})),
    "fusion indication": Rule(sacroiliac.fusion_indication, sacroiliac.TAKES),
    "fusion indication missing": Rule(sacroiliac.indication_missing, frozenset({*sacroiliac.COVERED, "indication"})),
    "with the fusion": Rule(fusion_treatment.with_fusion, frozenset({"recorded"})),
    "treatment of the infection": Rule(fusion_treatment.treatment, fusion_treatment.TAKES),
    **{
        f"fusion for {choice}": Rule(sacroiliac.covered(choice), frozenset({"indication"}))
        for choice in sacroiliac.COVERED.values()
    },
    **{
        f"fusion only for {choice}": Rule(sacroiliac.only(choice), frozenset({*sacroiliac.COVERED, "indication"}))
        for choice in sacroiliac.OTHERS.values()
    },
    "ordered growth factor": Rule(growth_factors.ordered_growth_factor, frozenset({"product", "ingredient"})),
    "another product": Rule(growth_factors.another_product, frozenset({"ordered", "class", "recorded", "ingredient"})),
    "malignancy lineage": Rule(chemotherapy.malignancy_lineage, frozenset({"recorded"})),
    "advanced cancer": Rule(chemotherapy.advanced_cancer, frozenset({"metastasis", "stage"})),
    "condition count": Rule(chemotherapy.condition_count, frozenset({"recorded"})),
    "regimen risk": Rule(chemotherapy.regimen_risk, frozenset({"percent", "level", "ordered", "given", "site"}), RegimenTable),
    "febrile neutropenia now": Rule(
        febrile_neutropenia.febrile_neutropenia_now, frozenset({"coded", "neutropenia", "fever", "neutrophils", "temperature"})
    ),
    "previous febrile neutropenia": Rule(
        febrile_neutropenia.previous_febrile_neutropenia, frozenset({"coded", "neutropenia", "fever", *treatment_course.TAKES})
    ),
    "neutropenic complication": Rule(
        febrile_neutropenia.neutropenic_complication, frozenset({"coded", "neutropenia", "fever", "chemotherapy"})
    ),
    "prophylaxis before complication": Rule(
        febrile_neutropenia.prophylaxis_before_complication, frozenset({"given", "complication"})
    ),
    "neutrophils before treatment": Rule(
        treatment_course.neutrophils_before_treatment, frozenset({"neutrophils", *treatment_course.TAKES})
    ),
    "fever as inpatient": Rule(neutropenia.fever_as_inpatient, frozenset({"stay", "temperature", "fever", "coded"})),
    "sepsis syndrome": Rule(neutropenia.sepsis_syndrome, frozenset({"severe", "sepsis", "organ", "systolic"})),
    "recurrent infection": Rule(neutropenia.recurrent_infection, frozenset({"infection"})),
    "body mass index": Rule(neutropenia.body_mass_index, frozenset({"index", "age"})),
    "severe aplasia": Rule(neutropenia.severe_aplasia, frozenset({"graded", "neutrophils", "platelets"})),
}
