"""One mistake for each rule of lint: how it is made in the sound content, and the line at which it must be told."""

from __future__ import annotations

import json
from typing import NamedTuple

from cds_service.analysis.value_sets.relations import FILE as RELATIONS
from cds_service.fhir.code_systems import ICD10CM, SNOMED
from tests.analysis.lint.home_oxygen import CPT_SET, EARLIER, EXCLUSIONS, FACTS, FILES, POLICY, VIGNETTES
from tests.content.test_content import value_set


class Seed(NamedTuple):
    """``edits`` are (file, old, new), each made once; the issue stands in ``file`` at the line(s) that begin with ``at``.

    ``at`` is text of the broken file up to the end of the line meant, so that it stands there only once; empty means no line.
    """

    rule: str
    edits: tuple[tuple[str, str, str], ...]
    file: str
    at: str


def one(rule: str, old: str, new: str, at: str, file: str = POLICY, told: str = "") -> Seed:
    """A mistake made by one edit."""
    return Seed(rule, ((file, old, new),), told or file, at)


LOW = "is_at_most: 88 %"
HIGH = "      says: Oxygen saturation at rest is above 88 %.\n      cite: {source: d1, at: II.A, gives: [88 %, 90 %]}\n      fact: oxygen_saturation\n      is_above: 88 %\n"
SECOND = """settled_first:
  - when: {id: urgent, says: It is an emergency., cite: {source: d1, at: III}, fact: emergency, is: true}
    then: not addressed
"""
EDEMA = "edema: {means: There is edema."
TOBACCO = json.loads(value_set("tobacco", SNOMED, "77176002"))
TOBACCO["compose"]["include"].append({"system": ICD10CM, "filter": [{"property": "concept", "op": "is-a", "value": "F17"}]})
SMOKES = "smokes: {means: The member smokes., type: boolean, ask: Does the member smoke?, from: [{answer: {}}]}"
BY_RULE = """smokes:
  means: The member smokes.
  type: boolean
  ask: Does the member smoke?
  derived:
    rule: treatment of the infection
    takes: {given: tobacco, going_on: tobacco, local: tobacco, elsewhere: tobacco, meant: tobacco, infection: edema}
tobacco:
  means: Tobacco is used.
  type: boolean
  from: [{condition: {codes: edema, speaks_for: 1 year}}]
  words: {say: [tobacco]}
"""
LINTED = (
    one("boundary-untested", "{oxygen_saturation: 88 %}", "{oxygen_saturation: 87 %}", "is_at_most: 88 %|is_above: 88 %", VIGNETTES, POLICY),
    one("broken-supersedes", "supersedes: 2025-01-01", "supersedes: 2024-01-01", "supersedes: 2024-01-01"),
    one("code-not-governed", "          in: oxygen-accessories", "          in: saturation", "          in: saturation"),
    one("code-twice", '"code": "E1391"', '"code" : "E1390"', '"code" : "E1390"', "value_sets/home-oxygen.json"),
    Seed("code-wider-than-its-site", ((RELATIONS, "", "wider:\n  - {facts: [edema], codes: [SNOMED 267038008], because: It may be of the lung.}\n"),), FACTS, EDEMA),
    one("comparison-contradicts-says", "is at most 88 %", "is less than 88 %", LOW),
    one("count-in-disguise", "at_least: 2", "at_least: 3", "at_least: 3"),
    Seed(
        "cpt-descriptor",
        (("value_sets/home-visits.json", "", CPT_SET.replace('"display": "99503"', '"display": "visit at home; with teaching"')),
         (POLICY, "{value_set: home-oxygen}", "{value_set: [home-oxygen, home-visits]}")),
        "value_sets/home-visits.json", '"code": "99503"',
    ),
    one("date-in-the-future", "encoded_on: 2026-01-01", "encoded_on: 2062-01-01", "encoded_on: 2062-01-01"),
    one("edited-after-effective", "alternatives:", "corrections:\n  - {on: 2026-11-02, what: a word, why: a slip}\nalternatives:", "- {on: 2026-11-02, what: a word, why: a slip}"),
    one("encoder-is-reader", "second_reader: desk two", "second_reader: Desk one", "second_reader: Desk one"),
    Seed("exclusion-without-reason", ((EXCLUSIONS, "", "exclusions:\n  - rule: unused-fact\n    file: facts/oxygen.yaml\n"),), EXCLUSIONS, "- rule: unused-fact"),
    Seed("idle-exclusion", ((EXCLUSIONS, "", "exclusions:\n  - rule: unused-fact\n    file: facts/*\n    because: It is needed soon.\n"),), EXCLUSIONS, "- rule: unused-fact"),
    Seed("family-with-holes", (("value_sets/edema.json", '"http://snomed.info/sct"', f'"{ICD10CM}"'), ("value_sets/edema.json", '"267038008"', '"R60.0"')), FACTS, EDEMA),
    one("future-look-back", "The day of the latest visit.", "The day of the next planned visit.", "within: 6 months", FACTS, POLICY),
    one("gap-between-thresholds", HIGH, HIGH.replace("88", "90"), "- id: normal-saturation"),
    one("gap-between-versions", "until: 2025-12-31", "until: 2025-12-30", "effective: {from: 2025-01-01, until: 2025-12-30}", EARLIER),
    one("id-style", "id: polycythemia", "id: part-2", "- id: part-2"),
    one("look-back-not-in-says", "within: 6 months", "within: 9 months", "within: 9 months"),
    one("look-back-too-long", "says: A clinician saw the member in the last 6 months.\n      cite: {source: d1, at: I.B, gives: [6 months, 9 months, 60 years]}\n      fact: visit_date\n      within: 6 months", "says: A clinician saw the member.\n      cite: {source: d1, at: I.B, gives: [6 months, 9 months, 60 years]}\n      fact: visit_date\n      within: 60 years", "within: 60 years"),
    one("malformed-code", '"267038008"', '"267038009"', '"code": "267038009"', "value_sets/edema.json"),
    one("negation-not-in-says", "The member does not smoke.", "The member smokes.", "      fact: smokes\n      is: false"),
    one("no-second-reader", "second_reader: desk two", "second_reader: none yet", "second_reader: none yet"),
    one("no-vignettes", "status: retired", "status: active", "version: 2025-01-01", EARLIER),
    one("not-checked-lately", "{on: 2026-11-01, by", "{on: 2026-02-01, by", "last_checked: {on: 2026-02-01, by: desk two}"),
    one("overlapping-thresholds", HIGH, HIGH.replace("above", "at least").replace("is_at least", "is_at_least"), "- id: normal-saturation"),
    one("passage-neither-encoded-nor-excused", "at: I.C.3}", "at: I.C.4}", "cite: {source: d1, at: I.C.4}"),
    one("presumption-in-one-system", SMOKES, BY_RULE, EDEMA, FACTS),
    Seed("presumption-without-words", ((FACTS, SMOKES, SMOKES.replace("{answer: {}}", "{condition: {codes: tobacco, speaks_for: 1 year}}")), ("value_sets/tobacco.json", "", json.dumps(TOBACCO))), POLICY, "if_not_documented:"),
    Seed("presumes-met", ((POLICY, "treat_as: not met", "treat_as: met"), (POLICY, "second_reader: desk two", "second_reader: none yet"), (POLICY, "status: active", "status: draft")), POLICY, "treat_as: met"),
    one("quantity-without-range", "  range: {from: 0, to: 100}\n", "", "oxygen_saturation:", FACTS),
    one("question-missing", "ask: Is there polycythemia?, from: [{answer: {}}]", "from: [{condition: {codes: edema, speaks_for: 30 days}}]", "fact: polycythemia", FACTS, POLICY),
    one("question-no-item-can-hold", "ask: Does the member smoke?", "ask: How many does the member smoke?", "smokes:", FACTS),
    one("quote-too-long", "quote: saturation of 88 percent or less", "quote: saturation of 88" + " and" * 30, "quote: saturation of 88" + " and" * 30 + "}"),
    Seed(
        "refuting-one-denies-all",
        (("value_sets/edema.json", '"http://snomed.info/sct"', f'"{ICD10CM}"'), ("value_sets/edema.json", '"267038008"', '"R60"}, {"code": "I50"')),
        FACTS, EDEMA,
    ),
    one("same-part-twice", "        - id: right-heart-failure", "        - id: swelling\n          says: There is swelling.\n          cite: {source: d1, at: I.C.1}\n          fact: edema\n          is: true\n        - id: right-heart-failure", "- id: swelling"),
    one("same-says-twice", "says: There is right heart failure.", "says: There is polycythemia.", "says: There is polycythemia.\n          cite: {source: d1, at: I.C.3}"),
    one("says-too-long", "says: There is edema.", "says: There is edema" + " of the leg" * 15 + ".", "says: There is edema" + " of the leg" * 15 + "."),
    Seed(
        "source-hash-changed",
        (("policies/meadowlark/home-nurse/2026-02-01.yaml", "", FILES[EARLIER].replace("home-oxygen\n", "home-nurse\n").replace("2025-01-01", "2026-02-01").replace("until: 2025-12-31", "until: 2027-12-31").replace("retired", "draft").replace("publisher: Meadowlark Health Plan", f"publisher: Meadowlark Health Plan, url: https://policies.meadowlark.example/oxygen, retrieved: 2026-02-01, sha256: {'a' * 64}")),),
        POLICY, "sha256: 7d0f3a9be5c1408a7f6a4b27a3d0c1f2e9b8a7d6c5b4a39281706f5e4d3c2b1a",
    ),
    one("state-without-shelf-life", "{codes: edema, speaks_for: 30 days}", "{codes: edema}", EDEMA, FACTS),
    Seed("states-disagree", ((RELATIONS, "", "within:\n  - {value_set: edema, within: [saturation], because: One state.}\n"),), RELATIONS, "- {value_set: edema"),
    one("threshold-not-in-quote", "saturation of 88 percent or less", "saturation of 89 percent or less", "cite: {source: d1, at: I.A, gives: [88 %], quote: saturation of 89 percent or less}"),
    one("threshold-without-origin", "at: II.A, gives: [88 %, 90 %]", "at: II.A", "is_above: 88 %"),
    Seed(
        "denies-by-our-number",
        ((POLICY, "is at most 88 %", "is low"), (POLICY, "at: I.A, gives: [88 %], quote: saturation of 88 percent or less}", "at: I.A}"),
         (POLICY, "      is_at_most: 88 %\n", "      is_at_most: 88 %\n      ours: 88 % is our reading of \"low\".\n")),
        POLICY, "      is_at_most: 88 %",
    ),
    one("threshold-not-in-says", "at rest is at most 88 %", "at rest is low", "says: Oxygen saturation at rest is low."),
    one("unreachable-authorization", "    when: {id: emergency, says: It is an emergency., cite: {source: d1, at: IV}, fact: emergency, is: true}\n", "", "- says: It is needed otherwise."),
    one("unreachable-rule", "settled_first:\n", SECOND, "      id: accessory-in-emergency"),
    one("unused-fact", "smokes:", "cough: {means: A cough., type: boolean, ask: Is there a cough?, from: [{answer: {}}]}\nsmokes:", "cough: {means: A cough., type: boolean, ask: Is there a cough?, from: [{answer: {}}]}", FACTS),
    Seed("unused-value-set", (("value_sets/home-visits.json", "", CPT_SET),), "value_sets/home-visits.json", ""),
    Seed("version-not-effective-date", ((POLICY, "  from: 2026-01-01", "  from: 2026-01-02"), (EARLIER, "2025-12-31", "2026-01-01")), POLICY, "  from: 2026-01-02"),
)  # fmt: skip
"""Mistakes that read well; lint finds each."""

AT_READING = (
    one("citation-to-unknown-source", "cite: {source: d1, at: I.D}", "cite: {source: d2, at: I.D}", "cite: {source: d2, at: I.D}"),
    one(
        "criterion-without-citation", "      cite: {source: d1, at: I.B, gives: [6 months, 9 months, 60 years]}\n", "", "- id: seen"
    ),
    one("unknown-fact", "fact: smokes", "fact: smoke", "- id: no-smoking"),
    one("unknown-value-set", "          in: oxygen-accessories", "          in: oxygen-accessory", "- id: accessory-ordered"),
    one("unit-mismatch", "is_at_most: 88 %", "is_at_most: 88 kg", "- id: low-saturation"),
    one("out-of-range", "is_at_most: 88 %", "is_at_most: 880 %", "- id: low-saturation"),
    one("overlapping-versions", "until: 2025-12-31", "until: 2026-12-31", "", EARLIER),
    one("presumption-without-because", "        because: Charts record who smokes.\n", "", "if_not_documented:"),
    one("same-id-twice", "id: polycythemia", "id: edema", "- id: edema\n          says: There is polycythemia."),
)
"""Mistakes that reading refuses; each is told with its line before lint begins."""
