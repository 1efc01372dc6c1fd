"""``$questionnaire-package``: by context, by order and by canonical, in both versions; what is refused and what is only warned of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from cds_service.configuration.environment import read_configuration
from cds_service.fhir.coverage_information import URL
from cds_service.hooks.settings import Settings
from cds_service.serving.app import create_app
from cds_service.store.store import Store
from cds_service.store.tables import ContextRow
from cds_service.store.upgrade import upgrade
from tests.conftest import TODAY, held_app, held_content
from tests.dtr import talks
from tests.dtr.conftest import CONTEXT, COVERAGE, PUMP, Asking, named, ordered
from tests.exchange import ADDRESS, PATIENT, Json, order, request

STANDARD = f"{talks.PUBLIC}/fhir/Questionnaire/lhcc-implantable-intrathecal-epidural-pain-pump"
BUNDLE = {"2.2": "packagebundle", "2.0.1": "PackageBundle"}
verifies = pytest.mark.verifies


def forms(answered: Json) -> list[str]:
    """The canonicals of the forms of a package."""
    return [f"{form['url']}|{form['version']}" for form, _ in talks.bundles(answered)]


def told(answered: Json) -> list[tuple[str, str]]:
    """What a package tells beside its forms: severity and code."""
    found = [one["resource"] for one in answered.get("parameter", []) if one["name"] in ("outcome", "operationOutcome")]
    return [(issue["severity"], issue["code"]) for one in found for issue in one["issue"]]


@verifies("dtr-package", "dtr-one-endpoint", "dtr-launch", "dtr-canonical", "found-4", "resp-38")
@pytest.mark.parametrize("version", talks.BASES)
@pytest.mark.parametrize("by", ["context", "context and order", "order", "canonical"])
def test_the_form_of_an_order_is_found(asking: Asking, version: str, by: str) -> None:
    """By each way the client gets the very form that coverage-information named: one Bundle, the form first, one draft for it."""
    ways = {
        "context": [CONTEXT(asking.context)],
        "context and order": [CONTEXT(asking.context), ordered(PUMP)],
        "order": [ordered(PUMP)],
        "canonical": [named(asking.canonical)],
    }
    answered = asking.package(*ways[by], version=version)
    Parameters.model_validate(answered)
    assert [one["name"] for one in answered["parameter"]] == [BUNDLE[version]]
    held = answered["parameter"][0]["resource"]
    Bundle.model_validate(held)
    assert (held["type"], [one["resource"]["resourceType"] for one in held["entry"]]) == (
        "collection",
        ["Questionnaire", "QuestionnaireResponse"],
    )
    assert forms(answered) == [asking.canonical]
    ((_, draft),) = talks.bundles(answered)
    assert draft["questionnaire"] == asking.canonical
    assert draft["subject"] == PATIENT
    assert "basedOn" not in draft
    urls = [one["url"].rpartition("/")[2] for one in draft["extension"]]
    about_order = 0 if by == "canonical" else 1
    assert urls.count("qr-context") == about_order + (version == "2.0.1")
    assert urls.count("qr-coverage") == (version == "2.2")
    assert urls.count("intendedUse") == 1


def test_an_order_that_was_never_signed_is_judged_alone(asking: Asking) -> None:
    """A launch without CRD: the order is all there is, so what the chart could say is asked as well."""
    answered = asking.package(ordered(order("62362", "o9", on="2025-07-01")))
    ((form, draft),) = talks.bundles(answered)
    assert len(form["item"]) > len(asking.form()[0]["item"])
    assert "ServiceRequest/o9" in str(draft["extension"])


@verifies("dtr-small-changes")
def test_small_changes_of_the_order_are_borne(asking: Asking) -> None:
    """Another status and a note since the hook: the same form."""
    changed = PUMP | {"status": "active", "note": [{"text": "soon"}]}
    assert forms(asking.package(CONTEXT(asking.context), ordered(changed))) == [asking.canonical]
    assert forms(asking.package(ordered(changed))) == [asking.canonical]


@verifies("dtr-unrelated")
@pytest.mark.parametrize(
    "other",
    [order("62362", "o2", on="2025-07-01"), order("81420", on="2025-07-01"), order("62362", on="2020-01-01")],
    ids=["another order", "another service", "another day"],
)
def test_another_order_with_the_old_context_is_refused(asking: Asking, other: Json) -> None:
    """Never the wrong form: the order must be the one of the context, of the same service and policy version."""
    answered = asking.package(CONTEXT(asking.context), ordered(other), status=422)
    assert answered["issue"][0]["code"] == "business-rule"


@verifies("dtr-restricts")
def test_a_canonical_beside_an_order_narrows_it(asking: Asking) -> None:
    """Only the form that is named; one that asks nothing of this order is a warning."""
    cfdna = f"{talks.PUBLIC}/fhir/Questionnaire/carelon-prenatal-cfdna-screening"
    answered = asking.package(CONTEXT(asking.context), named(asking.canonical), named(cfdna))
    assert forms(answered) == [asking.canonical]
    assert told(answered) == [("warning", "not-found")]
    assert [form["url"] for form, _ in talks.bundles(asking.package(CONTEXT(asking.context), named(STANDARD)))] == [STANDARD]


@verifies("dtr-unknown-form")
def test_a_form_that_is_not_held_is_a_warning(asking: Asking) -> None:
    """One Bundle for the known form, a warning for the retired and for the unknown one; never an error."""
    retired = f"{STANDARD}|2021-01-01-00000000"
    answered = asking.package(named(asking.canonical), named(retired), named("https://elsewhere.example/Questionnaire/x"))
    assert forms(answered) == [asking.canonical]
    assert told(answered) == [("warning", "not-found")] * 2


def test_the_standard_form_and_the_adaptive_one(asking: Asking) -> None:
    """By its name alone a policy's whole form; by its adaptive name one without questions, and where to ask for them."""
    ((form, _),) = talks.bundles(asking.package(named(STANDARD)))
    assert len(form["item"]) > 19
    ((adaptive, draft),) = talks.bundles(asking.package(named(f"{STANDARD}.adaptive")))
    assert "item" not in adaptive
    assert {"valueUrl": f"{talks.PUBLIC}/fhir"} in [
        {"valueUrl": one["valueUrl"]} for one in adaptive["extension"] if "questionnaireAdaptive" in one["url"]
    ]
    assert "item" not in draft


@verifies("dtr-changed-since")
def test_nothing_comes_where_nothing_changed(asking: Asking) -> None:
    """After the content and the chart were last read there is no Bundle, and no error; before, there is."""
    later = {"name": "changedsince", "valueInstant": (datetime.now(UTC) + timedelta(minutes=1)).isoformat()}
    earlier = {"name": "changedsince", "valueDateTime": "2020-01-01T00:00:00Z"}
    assert talks.bundles(asking.package(CONTEXT(asking.context), later)) == []
    assert len(talks.bundles(asking.package(CONTEXT(asking.context), earlier))) == 1
    asking.package(CONTEXT(asking.context), {"name": "changedsince", "valueInstant": "yesterday"}, status=400)


@verifies("dtr-nothing-needed")
def test_an_order_that_was_decided_meanwhile_needs_nothing(asking: Asking) -> None:
    """The chart documents it by now: no Bundle, and an outcome that says so; nothing of the chart is kept any more."""
    form, draft = asking.form()
    answers = {item["linkId"]: {"valueBoolean": False} for item in form["item"] if item["type"] == "boolean"}
    done = draft | {"id": "a1", "status": "completed"}
    done["item"] = [{"linkId": link, "answer": [talks.by_hand(value)]} for link, value in answers.items()]
    assert asking.sign(done)["outcome"] == "not-necessary"
    answered = asking.package(CONTEXT(asking.context))
    assert talks.bundles(answered) == []
    assert told(answered) == [("information", "informational")]
    (row,) = asking.store.contexts("", asking.context, datetime.now(UTC))
    assert row.facts is None


def test_an_order_of_another_service_now_has_no_form_of_before(tmp_path: Path) -> None:
    """An order that is signed again for another service is asked about that one alone, under the same context."""
    client, store = talks.service(held_content(), tmp_path)
    cms = COVERAGE | {"payor": [{"identifier": {"system": "urn:cds-service:payer", "value": "cms"}}]}
    oxygen = {"coding": [{"system": "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "code": "E1390"}]}
    scan = {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "71271"}]}
    contexts = []
    for code in (oxygen, scan):
        signed = order(on="2026-06-15") | {"code": code}
        answered = client.post(ADDRESS, json=request(signed, chart=(cms,))).get_json()
        (extension,) = [one for one in answered["systemActions"][0]["resource"]["extension"] if one["url"] == URL]
        contexts.append(talks.parts(extension)["coverage-assertion-id"][0])
        assert store.decisions.flush(5)
    assert contexts[0] == contexts[1]
    packed = talks.package(client, "2.2", {"name": "coverage", "resource": cms}, CONTEXT(contexts[0]))
    assert ["ldct" in canonical for canonical in forms(packed)] == [True]
    store.close()


OTHER_PATIENT = COVERAGE | {"beneficiary": {"reference": "Patient/p2"}}
OTHER_PAYER = COVERAGE | {"payor": [{"identifier": {"system": "urn:cds-service:payer", "value": "carelon"}}]}
COVER = {"name": "coverage", "resource": COVERAGE}
WRONG: list[tuple[str, list[Json], int, str]] = [
    ("nothing", [], 400, "required"),
    ("the Coverage alone", [COVER], 400, "required"),
    ("no Coverage", [ordered(PUMP)], 400, "required"),
    (
        "a Coverage that is a Patient",
        [{"name": "coverage", "resource": PATIENT | {"resourceType": "Patient"}}, ordered(PUMP)],
        400,
        "required",
    ),
    ("two coverages", [COVER, COVER, ordered(PUMP)], 400, "invalid"),
    ("a Coverage that is no resource", [{"name": "coverage", "resource": "c1"}, ordered(PUMP)], 400, "structure"),
    (
        "an unknown payer",
        [{"name": "coverage", "resource": COVERAGE | {"payor": [{"display": "Nobody"}]}}, ordered(PUMP)],
        404,
        "not-found",
    ),
    (
        "a Coverage that is over",
        [{"name": "coverage", "resource": COVERAGE | {"period": {"end": "2020-01-01"}}}, ordered(PUMP)],
        404,
        "not-found",
    ),
    ("an unknown context", [COVER, CONTEXT("nope")], 404, "not-found"),
    ("a context that is too long", [COVER, CONTEXT("x" * 4000)], 404, "not-found"),
    ("an empty context", [COVER, CONTEXT("")], 400, "invalid"),
    ("two contexts", [COVER, CONTEXT("a"), CONTEXT("b")], 400, "invalid"),
    ("an empty canonical", [COVER, named("")], 400, "invalid"),
    ("an order for another patient", [COVER, ordered(PUMP | {"subject": {"reference": "Patient/p2"}})], 422, "business-rule"),
    ("too many", [COVER, *[named(f"urn:{n}") for n in range(51)]], 400, "too-costly"),
]


@verifies("dtr-errors", "dtr-nothing-named")
@pytest.mark.parametrize(("said", "parameters", "status", "code"), WRONG, ids=[row[0] for row in WRONG])
def test_what_cannot_be_answered_is_refused(asking: Asking, said: str, parameters: list[Json], status: int, code: str) -> None:
    """Each with a 4xx and an OperationOutcome that names the parameter; never a 500, never what it held."""
    answered = talks.package(asking.client, "2.2", *parameters, status=status)
    assert answered["resourceType"] == "OperationOutcome"
    assert [issue["code"] for issue in answered["issue"]] == [code]


def test_two_coverages_may_come_in_the_earlier_version(asking: Asking) -> None:
    """As 2.0.1 has it."""
    answered = talks.package(asking.client, "2.0.1", COVER, COVER | {"resource": COVERAGE | {"id": "c2"}}, ordered(PUMP))
    assert forms(answered) == [asking.canonical]


def test_more_coverages_than_orders_are_refused(asking: Asking) -> None:
    """Each order is judged beside every Coverage, so there may be no more of these than of orders and forms."""
    coverages = [COVER | {"resource": COVERAGE | {"id": f"c{at}"}} for at in range(51)]
    answered = talks.package(asking.client, "2.0.1", *coverages, ordered(PUMP), status=400)
    assert [issue["code"] for issue in answered["issue"]] == ["too-costly"]


@pytest.mark.parametrize("coverage", [OTHER_PATIENT, OTHER_PAYER, COVERAGE | {"id": "c2"}], ids=["patient", "payer", "coverage"])
def test_another_s_context_is_unknown(asking: Asking, coverage: Json) -> None:
    """Whoever does not bring the Coverage that the context is of does not even learn that it is there."""
    parameters = ({"name": "coverage", "resource": coverage}, CONTEXT(asking.context))
    answered = talks.package(asking.client, "2.2", *parameters, status=404)
    assert "no decision is held" in answered["issue"][0]["details"]["text"]


@verifies("dtr-retention")
def test_a_context_that_expired_is_unknown(asking: Asking) -> None:
    """After thirty days nothing is found, and the next context that is kept takes it away."""
    asking.store.decisions.flush(5)
    with asking.store.engine.begin() as connection:
        connection.execute(update(ContextRow).values(kept_at=datetime.now(UTC) - timedelta(days=31)))
    asking.package(CONTEXT(asking.context), status=404)
    asking.sign(signed=PUMP | {"id": "o2"})
    asking.store.decisions.flush(5)
    with asking.store.engine.connect() as connection:
        assert [row.order_reference for row in connection.execute(select(ContextRow.order_reference))] == ["ServiceRequest/o2"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/fhir+json", 400),
        (b"{", "application/fhir+json", 400),
        (b"[]", "application/json", 400),
        (b'{"resourceType":"Bundle"}', "application/fhir+json", 400),
        (b'{"resourceType":"Parameters","parameter":{}}', "application/fhir+json", 400),
        (b"<Parameters/>", "application/fhir+xml", 415),
    ],
)
@pytest.mark.parametrize("operation", ["$questionnaire-package", "$next-question", "$log-questionnaire-errors"])
def test_a_body_that_is_no_json_is_refused(asking: Asking, operation: str, body: bytes, kind: str, status: int) -> None:
    """400 or 415 with an OperationOutcome."""
    answered = asking.client.post(f"/fhir/Questionnaire/{operation}", data=body, content_type=kind)
    assert (answered.status_code, answered.get_json()["resourceType"]) == (status, "OperationOutcome")


anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["resource", "reference", "id", "coding", "item"]), inner)
    ),
    max_leaves=8,
)
parameter = st.fixed_dictionaries(
    {"name": st.sampled_from(["coverage", "order", "questionnaire", "context", "changedsince", "questionnaire-response", "x"])},
    optional={"resource": anything, "valueString": anything, "valueCanonical": anything, "valueInstant": anything},
)


@given(parameters=st.lists(parameter, max_size=4), operation=st.sampled_from(["$questionnaire-package", "$next-question"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_brings_the_service_down(parameters: list[Json], operation: str) -> None:
    """Whatever the parameters hold, the answer is a 4xx with an OperationOutcome, or the operation's own."""
    body = {"resourceType": "Parameters", "parameter": [COVER, ordered(PUMP), *parameters]}
    answered = held_app().test_client().post(f"/fhir/Questionnaire/{operation}", json=body)
    assert answered.status_code < 500, answered.get_data(as_text=True)


@verifies("dtr-retention")
def test_an_operator_may_keep_no_contexts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With no days nothing of a chart is kept, and forms are made by order and canonical alone; what is no number is refused."""
    store = Store(f"sqlite:///{tmp_path}/store.sqlite")
    upgrade(store.engine)
    client = create_app(held_content(), Settings(public_url=talks.PUBLIC, context_days=0), lambda: TODAY, store).test_client()
    talks.sign(client, request(PUMP, chart=(COVERAGE,)))
    store.decisions.flush(5)
    with store.engine.connect() as connection:
        assert list(connection.execute(select(ContextRow.id))) == []
    assert len(talks.bundles(talks.package(client, "2.2", COVER, ordered(PUMP)))) == 1
    store.close()
    for written in ("-1", "x", "1000"):
        monkeypatch.setenv("CDS_SERVICE_CONTEXT_DAYS", written)
        with pytest.raises(ValueError, match="CDS_SERVICE_CONTEXT_DAYS"):
            read_configuration()
