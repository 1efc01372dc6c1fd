"""What an order of a spinal drug pump asks for.

Its code and words tell whether it is of a trial or a pump, and of which drug. Each rule takes named facts and the date
of service, and gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from cds_service.facts.restated import but, doubtful, usable
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Code, Days

INJECTIONS: Final = "pump-injections"
PERMANENT: Final = "pump-permanent-orders"
NOT_A_TRIAL_DRUG: Final = frozenset({"steroid", "local anaesthetic"})
OF_ANOTHER_POLICY: Final = frozenset({"baclofen", "insulin or chemotherapy"})

Inputs = Mapping[str, Fact]


@rule("pump order kind", "code", "trial")
def order_kind(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether a trial or a permanent pump is ordered.

    A code that serves both is a trial's where the order says trial.
    """
    for e in facts["code"].evidence:
        if isinstance(e.value, Code):
            sets = e.value.sets
            says_trial = any(t.value == "trial" for t in usable(facts["trial"]))
            trial = PERMANENT not in sets and (INJECTIONS in sets or says_trial)
            return [but(e, "trial" if trial else "permanent")]
    return []


@rule("opioid trial order", "trial", "drugs", "pump_beside", "anaesthesia")
def opioid_trial(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether an injection order is a trial of a spinal drug.

    It is where an opioid goes with it, or where it says trial or pump and does not name only a steroid or a local
    anaesthetic. A drug of another policy beside an order of a pump makes it one too, for that policy. Silence is no
    trial: these are everyday injections. A medicine by a spinal route that is not read leaves it open. An opioid for
    a birth, an operation or the pain after it is no trial, where neither a trial nor a pump is named.
    """
    drugs = {str(e.value): e for e in usable(facts["drugs"])}
    says = usable(facts["trial"])
    ordinary_care = usable(facts["anaesthesia"])
    if ordinary_care and not says and not usable(facts["pump_beside"]):
        return [but(ordinary_care[0], False)]
    if "opioid" in drugs:
        return [but(drugs["opioid"], True)]
    ordinary = bool(drugs) and set(drugs) <= NOT_A_TRIAL_DRUG
    if says and not ordinary:
        return [but(says[0], True)]
    elsewhere = [e for drug, e in drugs.items() if drug in OF_ANOTHER_POLICY]
    if elsewhere and usable(facts["pump_beside"]):
        return [but(elsewhere[0], True)]
    named = next(iter(drugs.values()), None)
    open_ = [e for e in facts["drugs"].evidence if e.standing is Standing.UNCERTAIN and e.resource.startswith("MedicationRequest")]
    if open_ and not named:
        return [doubtful(e, "the medicine that goes with it may be a spinal opioid", True) for e in open_]
    return [but(named, False)] if named else [Evidence(False, Days.on(as_of), kind="assumed")]


@rule("opioid drug", "drugs", "in_use")
def opioid_drug(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether the drug is an opioid, alone or in combination.

    Another pain drug alone leaves it open.
    """
    drugs = usable(facts["drugs"])
    opioids = [but(e, True) for e in (*drugs, *usable(facts["in_use"])) if e.value == "opioid"]
    if opioids:
        return opioids
    return [doubtful(e, f"only {e.value} is named", True) for e in drugs]


@rule("other pump drug", "drugs")
def only_drug(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return the drug of another policy that is named without an opioid.

    It is baclofen, or insulin or chemotherapy.
    """
    drugs = usable(facts["drugs"])
    if any(e.value == "opioid" for e in drugs):
        return []
    return [e for e in drugs if e.value in OF_ANOTHER_POLICY]
