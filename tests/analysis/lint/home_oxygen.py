"""A small content folder in which lint finds nothing: the ground that mistakes are seeded into."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.content.test_content import SATURATION, value_set
from tests.exchange import CPT

TODAY = date(2026, 11, 23)
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
POLICY = "policies/meadowlark/home-oxygen/2026-01-01.yaml"
EARLIER = "policies/meadowlark/home-oxygen/2025-01-01.yaml"
FACTS = "facts/oxygen.yaml"
VIGNETTES = "tests/vignettes/meadowlark/home-oxygen/2026-01-01.yaml"
EXCLUSIONS = "policies/lint-exclusions.yaml"

FILES = {
    POLICY: """\
policy: meadowlark/home-oxygen
version: 2026-01-01
title: Home oxygen
status: active
effective:
  from: 2026-01-01
supersedes: 2025-01-01
applies_to: {payer: meadowlark, orders: {value_set: home-oxygen}}
sources:
  d1:
    title: Home Oxygen Policy
    publisher: Meadowlark Health Plan
    url: https://policies.meadowlark.example/oxygen
    retrieved: 2026-01-01
    sha256: 7d0f3a9be5c1408a7f6a4b27a3d0c1f2e9b8a7d6c5b4a39281706f5e4d3c2b1a
review:
  encoded_on: 2026-01-01
  encoded_by: desk one
  second_reader: desk two
last_checked: {on: 2026-11-01, by: desk two}
alternatives:
  - instead_of: [normal-saturation]
    order: HCPCS E0431
    label: portable oxygen
    cite: {source: d1, at: V}
authorization:
  - says: None is needed in an emergency.
    cite: {source: d1, at: IV}
    needed: false
    when: {id: emergency, says: It is an emergency., cite: {source: d1, at: IV}, fact: emergency, is: true}
  - says: It is needed otherwise.
    cite: {source: d1, at: IV}
    needed: true
settled_first:
  - when:
      id: accessory-in-emergency
      says: An accessory is ordered in an emergency.
      cite: {source: d1, at: III}
      all:
        - id: accessory-ordered
          says: An accessory is ordered.
          cite: {source: d1, at: III}
          fact: ordered_code
          in: oxygen-accessories
        - id: in-emergency
          says: It is an emergency.
          cite: {source: d1, at: III}
          fact: emergency
          is: true
    then: not addressed
  - when:
      id: accessory
      says: The order is one of an accessory.
      cite: {source: d1, at: III}
      fact: ordered_code
      in: oxygen-accessories
    then: not documented
    asks: [emergency]
necessary_when:
  id: necessary
  says: Home oxygen is necessary when the saturation is low.
  cite: {source: d1, at: I}
  all:
    - id: low-saturation
      says: Oxygen saturation at rest is at most 88 %.
      cite: {source: d1, at: I.A, gives: [88 %], quote: saturation of 88 percent or less}
      fact: oxygen_saturation
      is_at_most: 88 %
    - id: seen
      says: A clinician saw the member in the last 6 months.
      cite: {source: d1, at: I.B, gives: [6 months, 9 months, 60 years]}
      fact: visit_date
      within: 6 months
    - id: consequences
      says: Two consequences are documented.
      cite: {source: d1, at: I.C}
      at_least: 2
      of:
        - id: edema
          says: There is edema.
          cite: {source: d1, at: I.C.1}
          fact: edema
          is: true
        - id: polycythemia
          says: There is polycythemia.
          cite: {source: d1, at: I.C.2}
          fact: polycythemia
          is: true
        - id: right-heart-failure
          says: There is right heart failure.
          cite: {source: d1, at: I.C.3}
          fact: right_heart_failure
          is: true
    - id: no-smoking
      says: The member does not smoke.
      cite: {source: d1, at: I.D}
      fact: smokes
      is: false
      if_not_documented:
        treat_as: not met
        because: Charts record who smokes.
not_necessary_when:
  id: not-necessary
  says: Home oxygen is not necessary in these situations.
  cite: {source: d1, at: II}
  any:
    - id: normal-saturation
      says: Oxygen saturation at rest is above 88 %.
      cite: {source: d1, at: II.A, gives: [88 %, 90 %]}
      fact: oxygen_saturation
      is_above: 88 %
""",
    EARLIER: """\
policy: meadowlark/home-oxygen
version: 2025-01-01
title: Home oxygen
status: retired
effective: {from: 2025-01-01, until: 2025-12-31}
applies_to: {payer: meadowlark, orders: {value_set: home-oxygen}}
sources:
  d1: {title: Home Oxygen Policy, publisher: Meadowlark Health Plan}
review: {encoded_on: 2025-01-01, second_reader: desk two}
necessary_when:
  id: edema
  says: There is edema.
  cite: {source: d1, at: I}
  fact: edema
  is: true
""",
    FACTS: """\
ordered_code:
  means: The code of the order.
  type: code
  from: [{order_code: {}}]

"""
    + SATURATION
    + """\
  from: [{observation: {codes: saturation, speaks_for: 30 days}}]

visit_date:
  means: The day of the latest visit.
  type: date
  ask: When did a clinician last see the member?
  from: [{answer: {}}]

emergency: {means: It is an emergency., type: boolean, ask: Is it an emergency?, from: [{answer: {}}]}
edema: {means: There is edema., type: boolean, ask: Is there edema?, from: [{condition: {codes: edema, speaks_for: 30 days}}]}
polycythemia: {means: There is polycythemia., type: boolean, ask: Is there polycythemia?, from: [{answer: {}}]}
right_heart_failure: {means: There is right heart failure., type: boolean, ask: Does the heart fail?, from: [{answer: {}}]}
smokes: {means: The member smokes., type: boolean, ask: Does the member smoke?, from: [{answer: {}}]}
""",
    "value_sets/home-oxygen.json": value_set("home-oxygen", HCPCS, "E1390", "E1391", "E1353"),
    "value_sets/oxygen-accessories.json": value_set("oxygen-accessories", HCPCS, "E1353"),
    "value_sets/saturation.json": value_set("saturation", "http://loinc.org", "59408-5", "2708-6"),
    "value_sets/edema.json": value_set("edema", "http://snomed.info/sct", "267038008"),
    VIGNETTES: """\
policy: meadowlark/home-oxygen
version: 2026-01-01
as_of: 2026-05-04
order: HCPCS E1390
vignettes:
  - name: On the threshold
    story: The saturation is as low as it must be, and nothing else is known.
    chart: {oxygen_saturation: 88 %}
    expect: {outcome: not documented}
  - name: Above the threshold
    story: The saturation is not low.
    chart: {oxygen_saturation: 90 %}
    expect: {outcome: not necessary}
""",
}
CPT_SET = value_set("home-visits", CPT, "99503")


def lay_out(folder: Path) -> Path:
    """Writes the content into a folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
