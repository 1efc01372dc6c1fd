"""A session: the order judged on the chart, answers judged at once, saved in the EHR, read back and judged once more."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from werkzeug.test import TestResponse

from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.answered.launch_links import launch_context, launch_links
from cds_service.hooks.discovery import SERVICE_ID
from cds_service.questionnaires.form import form_by_canonical
from tests.conftest import held_content
from tests.exchange import PATIENT, fetuses, gestational_age, order, prescription
from tests.smart.launched import ON, PUBLIC, SECRET, Launching, chart, launching, text_of

Registered = Callable[..., Launching]
Json = dict[str, Any]
AGE = "a.gestational_age"
SAVE = {"do": "save"}


@dataclass
class Opened:
    """A page of a session as a person without scripts uses it."""

    launched: Launching
    path: str
    page: TestResponse

    @property
    def text(self) -> str:
        """What the page says."""
        return text_of(self.page)

    @property
    def outcome(self) -> list[str]:
        """The outcomes that it shows."""
        return re.findall(r'class="verdict ([a-z-]+)"', self.page.get_data(as_text=True))

    def value(self, name: str) -> str:
        """What stands in a field."""
        found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', self.page.get_data(as_text=True))
        return found[1] if found else ""

    def send(self, sent: Json | None = None, **headers: str) -> Opened:
        """Fills in the form and presses one of its buttons."""
        html = self.page.get_data(as_text=True)
        hidden = {name: self.value(name) for name in ("form", "order", "once") if f'name="{name}"' in html}
        shown = re.findall(r'name="shown" value="([^"]+)"', html)
        page = self.launched.client.post(self.path, data=hidden | {"shown": shown} | (sent or {}), headers=headers)
        return Opened(self.launched, self.path, page)


def opened(launched: Launching, patient: str = "p1", choose: str = "ServiceRequest/o1", **context: Any) -> Opened:
    """The page of a new session, with an order chosen where the launch names none."""
    path = launched.opened(patient, **context)
    page = Opened(launched, path, launched.get(path))
    return page.send({"order": choose}) if choose else page


def card_context(reference: str = "ServiceRequest/o1", signed_with: str = SECRET) -> str:
    """What a card hands on to the app."""
    issuer = "https://ehr.example/fhir"
    link = launch_links(PUBLIC, signed_with, datetime.now(UTC), [issuer], issuer)
    made = link("07bc9814-9d2a-41ee-8c90-0242ac120002", reference, "carelon/prenatal-cfdna-screening@2025-04-01")
    return str((made or {})["appContext"])


def signed(launched: Launching) -> Json:
    """The decision of the next order-sign, for which the EHR prefetches all that it holds of the patient."""
    own = [one for one in launched.ehr.chart if one["id"] == "p1" or one.get("subject") == PATIENT]
    call = {
        "hook": "order-sign",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/dr1", "patientId": "p1", "draftOrders": _bundle(order(on=ON))},
        "prefetch": {key: _bundle(*[one for one in own if one["resourceType"] == kind]) for key, kind in KEYS.items()},
    }
    answer = launched.client.post(f"/cds-services/{SERVICE_ID}", json=call)
    (decision,) = answer.get_json()["extension"]["org.cds-service.decisions"]
    return dict(decision)


def _bundle(*resources: Json) -> Json:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


# what is shown


def test_the_order_is_judged_on_the_chart_with_its_evidence(registered: Registered) -> None:
    """The page names patient and order, and shows every criterion with the evidence found: its value, its day, where it stands."""
    held = registered(chart(fetuses(3, ON)))
    page = opened(held)
    assert page.outcome == ["not-necessary"]
    assert "Ada Example, born 1991-02-03, female" in page.text
    assert "cfDNA aneuploidy panel (81420)" in page.text
    assert f"How many fetuses there are: 3 fetuses, {ON} among the results, Observation/" in page.text
    assert "Presumed, because the chart is silent" in page.text


def test_a_page_and_a_card_decide_alike(registered: Registered) -> None:
    """What the page says of an order is what the card says as it is signed."""
    for more, outcome in (((), "not-documented"), ((fetuses(3, ON),), "not-necessary"), ((gestational_age(84, ON),), "necessary")):
        held = registered(chart(*more))
        assert opened(held).outcome == [outcome] == [signed(held)["outcome"]]


def test_what_the_scopes_do_not_cover_is_not_searched(launched: Launching) -> None:
    """Where the EHR grants less than was asked for, those facts count as not searched, and nobody asks the EHR for them."""
    launched.ehr.ways.scope = "openid fhirUser launch patient/Patient.rs patient/ServiceRequest.rs patient/Condition.rs"
    page = opened(launched)
    assert page.outcome == ["not-documented"]
    assert "Observation : the EHR's token does not cover it" in page.text
    assert "Observation" not in launched.ehr.kinds()
    assert "does not let this app save answers" in page.text


def test_a_patient_whose_record_may_not_be_read_is_named_by_id(launched: Launching) -> None:
    """Without the scope for the Patient the page says whose chart it is by its id."""
    launched.ehr.ways.scope = "launch patient/ServiceRequest.rs"
    assert "Patient Patient p1" in opened(launched).text


# which order


def test_the_cards_order_is_opened(launched: Launching) -> None:
    """The context that a card hands on opens its order at once; it has nothing of the patient."""
    context = card_context()
    told = launch_context(context, SECRET, datetime.now(UTC))
    assert told is not None
    assert "p1" not in str(told)
    assert opened(launched, choose="", appContext=context).outcome == ["not-documented"]


@pytest.mark.parametrize(
    "context",
    [
        "x",
        "",
        pytest.param(card_context(signed_with=SECRET[::-1]), id="another secret"),
        pytest.param(card_context() + "x", id="more"),
    ],
)
def test_a_context_that_we_did_not_sign_is_ignored(launched: Launching, context: str) -> None:
    """Whatever else an EHR or a visitor puts there is as good as nothing: the patient's orders are offered."""
    page = opened(launched, choose="", appContext=context)
    assert page.outcome == []
    assert "Which order?" in page.text


@pytest.mark.parametrize("reference", ["ServiceRequest/o2", "ServiceRequest/none", "Patient/p2", "ServiceRequest/../Patient/p2"])
def test_an_order_of_another_patient_is_not_opened(launched: Launching, reference: str) -> None:
    """An order that is not the patient's, or no order, is not shown, whether a card, the launch or a form names it."""
    for page in (
        opened(launched, choose="", appContext=card_context(reference)),
        opened(launched, choose="", fhirContext=[{"reference": reference}]),
        opened(launched, choose=reference),
    ):
        assert page.outcome == []
        assert "Bea Sample" not in page.text
        assert "Which order?" in page.text


def test_an_ehr_that_mixes_up_patients_is_not_believed(launched: Launching) -> None:
    """Where the EHR itself hands out another patient's order under the token, it is not judged for this one."""
    launched.ehr.chart[:] = [one | ({"subject": {}} if one["id"] == "o2" else {}) for one in launched.ehr.chart]
    assert opened(launched, choose="ServiceRequest/o2").outcome == []


@pytest.mark.parametrize(
    "context", [[{"reference": "ServiceRequest/o1"}], ["ServiceRequest/o1"], [{"type": "x"}, {"reference": "ServiceRequest/o1"}]]
)
def test_the_launchs_own_order_is_opened(launched: Launching, context: list[Any]) -> None:
    """An order that the EHR launches the app on is opened at once, as SMART 2.0 and 2.2 write it."""
    assert opened(launched, choose="", fhirContext=context).outcome == ["not-documented"]


def test_orders_that_a_policy_governs_are_offered(registered: Registered) -> None:
    """Without a named order the patient's open ones are offered of which a policy speaks, and no others."""
    done = order(id_="done", on=ON, status="completed")
    other = order("99213", id_="visit", on=ON, status="active")
    page = opened(registered(chart(done, other)), choose="")
    assert re.findall(r'name="order" value="([^"]+)"', page.page.get_data(as_text=True)) == ["ServiceRequest/o1"]


def test_where_no_policy_speaks_the_page_says_so(registered: Registered) -> None:
    """A patient without such an order gets a sentence; one whose orders may not be searched is told that."""
    held = registered(chart()[:2])
    assert "No policy that is held here speaks of any open order" in opened(held, choose="").text
    held.ehr.ways.scope = "launch patient/Patient.rs"
    assert "Not searched: ServiceRequest, MedicationRequest, DeviceRequest" in opened(held, choose="").text


def test_an_order_that_cannot_be_judged_is_told_by_its_element(registered: Registered) -> None:
    """A malformed order is a readable page that names the element, never a traceback."""
    held = registered([one | ({"authoredOn": "2026-13-45"} if one["id"] == "o1" else {}) for one in chart()])
    page = opened(held)
    assert page.page.status_code == 422
    assert "authoredOn" in page.text


# answers


def test_an_answer_is_judged_at_once_and_saved_nowhere(launched: Launching) -> None:
    """What is filled in decides on the page, is marked as not saved, and the EHR has heard nothing of it."""
    page = opened(launched).send({AGE: "12", "d.gestational_age": "3"})
    assert page.outcome == ["necessary"]
    assert "which are not saved" in page.text
    assert "12 w 3 d" in page.text
    assert (page.value(AGE), page.value("d.gestational_age")) == ("12", "3")
    assert launched.ehr.written == []
    assert signed(launched)["outcome"] == "not-documented"


def test_what_nobody_knows_stays_undocumented(launched: Launching) -> None:
    """A question left empty decides nothing."""
    assert opened(launched).send({AGE: "", "d.gestational_age": ""}).outcome == ["not-documented"]


@pytest.mark.parametrize("number", ["500", "-3", "ten", "1e99", "NaN", "12 weeks", "12.5", "<script>", "9" * 90])
def test_an_answer_that_cannot_be_read_decides_nothing(launched: Launching, number: str) -> None:
    """What is out of range, no number or of another type is told at its field and is no evidence; it stays where it was typed."""
    page = opened(launched).send({AGE: number})
    assert page.page.status_code == 200
    assert page.outcome == ["not-documented"]
    assert 'aria-invalid="true"' in page.page.get_data(as_text=True)
    saved = page.send(SAVE | {AGE: number})
    assert "Nothing was saved: an answer cannot be read" in saved.text
    assert launched.ehr.written == []


def test_answers_to_what_no_policy_asks_are_not_read(launched: Launching) -> None:
    """A form that was changed by hand says nothing beyond the facts of the order's policies, and nothing of unknown ones."""
    page = opened(launched).send({"a.neutrophil_count": "3", "a.nothing_known": "yes", "a.": "x", "d.x": "y"})
    assert page.outcome == ["not-documented"]
    assert "answers below, which are not saved" not in page.text


def test_a_form_of_another_site_does_nothing(launched: Launching) -> None:
    """A form without this session's own word, or sent from another site, is refused, and nothing is saved."""
    page = opened(launched).send({AGE: "12"})
    for wrong in (page.send(SAVE | {AGE: "12", "form": "x"}), page.send(SAVE | {AGE: "12"}, Origin="https://evil.example")):
        assert wrong.page.status_code == 403
    other = opened(launched)
    assert page.send(SAVE | {AGE: "12", "form": other.value("form")}).page.status_code == 403
    assert launched.ehr.written == []


def test_a_browser_s_origin_is_that_of_the_public_url_however_it_was_written(tmp_path: Path) -> None:
    """A browser writes the host in lower case and leaves out the port of the scheme; its forms are taken all the same."""
    with launching(tmp_path, chart(), "HTTP://LocalHost:80") as held:
        assert opened(held).send({AGE: "12"}, Origin="http://localhost").page.status_code == 200


# saving


def test_saved_answers_change_the_next_signing_and_only_then(launched: Launching) -> None:
    """Answers are saved as a valid QuestionnaireResponse, read back, judged from the chart, and found by the next order-sign."""
    page = opened(launched, encounter="e1").send({AGE: "12"})
    assert signed(launched)["outcome"] == "not-documented"
    saved = page.send(SAVE | {AGE: "12"})
    assert saved.outcome == ["necessary"]
    assert "Saved in the EHR, read back, and judged once more" in saved.text
    assert "not saved" not in saved.text
    (written,) = launched.ehr.written
    QuestionnaireResponse.model_validate({name: value for name, value in written.items() if name != "resourceType"})
    assert written["subject"] == PATIENT
    assert written["basedOn"] == [{"reference": "ServiceRequest/o1"}]
    assert written["encounter"] == {"reference": "Encounter/e1"}
    assert written["author"] == {"reference": "Practitioner/dr1"}
    form = form_by_canonical(written["questionnaire"], held_content(), PUBLIC)
    assert [(item["linkId"], item["text"]) for item in written["item"]] == [
        (item["linkId"], item["text"]) for item in form.questionnaire["item"]
    ]
    assert form.facts == ("gestational_age",)
    decision = signed(launched)
    assert decision["outcome"] == "necessary"
    assert "QuestionnaireResponse/qr1" in {row.get("resource") for row in decision["evidence"]}


def test_a_wrong_answer_is_corrected_by_another(launched: Launching) -> None:
    """What was answered can be answered again; the later answer counts, of the same day too, on the page and as it is signed."""
    opened(launched).send({AGE: "8"}).send(SAVE | {AGE: "8"})
    again = opened(launched)
    assert again.outcome == ["not-necessary"]
    assert "Answered before: 8 w 0 d" in again.text
    corrected = again.send({AGE: "12"})
    assert corrected.outcome == ["necessary"]
    assert signed(launched)["outcome"] == "not-necessary"
    assert corrected.send(SAVE | {AGE: "12"}).outcome == ["necessary"]
    assert signed(launched)["outcome"] == "necessary"
    assert len(launched.ehr.written) == 2


def test_a_page_that_is_sent_again_saves_nothing_again(launched: Launching) -> None:
    """Reloading the page that saved does not write a second time into the chart."""
    page = opened(launched).send({AGE: "12"})
    page.send(SAVE | {AGE: "12"})
    again = page.send(SAVE | {AGE: "12"})
    assert "sent already" in again.text
    assert again.outcome == ["necessary"]
    assert len(launched.ehr.written) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "no longer knows this session"),
        (403, "does not let you save"),
        (405, "keeps no answers"),
        (422, "did not accept the answers. It says: item is <b>odd</b>"),
        (500, "its answer was 500"),
    ],
)
def test_answers_stay_where_the_ehr_refuses(launched: Launching, caplog: pytest.LogCaptureFixture, status: int, said: str) -> None:
    """A refused save says why, keeps every answer on the page, and offers them as a file; the log has none of it."""
    launched.ehr.ways.write = status
    launched.ehr.ways.says = {"issue": [{"severity": "error", "diagnostics": "item is <b>odd</b>" if status == 422 else ""}]}
    page = opened(launched).send({AGE: "12"})
    with caplog.at_level(logging.DEBUG):
        refused = page.send(SAVE | {AGE: "12"})
    assert said.replace("<b>odd</b>", "odd") in refused.text.replace("<b>odd</b>", "odd")
    assert "<b>odd" not in refused.page.get_data(as_text=True)
    assert "odd" not in caplog.text
    assert refused.value(AGE) == "12"
    assert refused.outcome == ["necessary"]
    assert "which are not saved" in refused.text
    taken = refused.send({"do": "download", AGE: "12"})
    assert taken.page.headers["Content-Disposition"] == 'attachment; filename="answers.json"'
    assert taken.page.get_json()["item"][0]["linkId"] == "gestational_age"
    launched.ehr.ways.write = 201
    assert "Saved in the EHR" in refused.send(SAVE | {AGE: "12"}).text


def test_without_the_scope_nothing_is_sent(launched: Launching) -> None:
    """Where the token may not create answers there is no button, and a form made by hand sends nothing."""
    launched.ehr.ways.scope = "launch patient/Patient.rs patient/ServiceRequest.rs patient/QuestionnaireResponse.rs"
    page = opened(launched).send({AGE: "12"})
    assert 'value="save"' not in page.page.get_data(as_text=True)
    assert "does not let this app save answers" in page.send(SAVE | {AGE: "12"}).text
    assert ("POST", "/fhir/QuestionnaireResponse") not in launched.ehr.asked


def test_what_the_ehr_does_not_give_back_is_not_called_saved(launched: Launching) -> None:
    """An EHR that takes answers and does not hold them, or holds others, is told apart from one that has saved."""
    launched.ehr.ways.keeps = False
    lost = opened(launched).send({AGE: "12"}).send(SAVE | {AGE: "12"})
    assert "does not give them back" in lost.text
    assert lost.value(AGE) == "12"
    launched.ehr.ways.keeps = True
    launched.ehr.ways.changes = True
    other = opened(launched).send({AGE: "12"}).send(SAVE | {AGE: "12"})
    assert "keeps other answers than were sent" in other.text


def test_an_ehr_that_finds_answers_later_is_told_as_it_is(launched: Launching) -> None:
    """Where the EHR's search does not find what it holds, the page does not judge by it, as the next signing will not."""
    launched.ehr.ways.finds = False
    saved = opened(launched).send({AGE: "12"}).send(SAVE | {AGE: "12"})
    assert "Its search does not find the answers yet" in saved.text
    assert saved.outcome == ["not-documented"]


def test_nothing_to_save_is_told(launched: Launching) -> None:
    """Saving or taking away an empty form does neither."""
    page = opened(launched)
    assert "There is nothing to save" in page.send(SAVE).text
    assert page.send({"do": "download"}).page.status_code == 422


def test_an_answer_nobody_heard_of_is_not_sent_twice(launched: Launching) -> None:
    """Where the EHR hangs up on a save, it is sent once and the page says that nobody can tell."""
    page = opened(launched).send({AGE: "12"})
    launched.ehr.ways.write = 0
    unsure = page.send(SAVE | {AGE: "12"})
    assert "nobody can tell whether the answers were saved" in unsure.text
    assert unsure.value(AGE) == "12"
    assert launched.ehr.asked.count(("POST", "/fhir/QuestionnaireResponse")) == 1


# sessions


def test_two_patients_in_two_tabs_never_mix(launched: Launching) -> None:
    """Each session reads its own patient's chart and writes there, in whatever order the tabs are used."""
    first, second = opened(launched), opened(launched, "p2", "ServiceRequest/o2")
    assert "Ada Example" in first.send({AGE: "12"}).text
    assert "Bea Sample" in second.send({AGE: "8"}).text
    first.send(SAVE | {AGE: "12"})
    second.send(SAVE | {AGE: "8"})
    assert [one["subject"]["reference"] for one in launched.ehr.written] == ["Patient/p1", "Patient/p2"]


def test_any_worker_answers(launched: Launching) -> None:
    """A launch that one worker began is ended by another, and a third shows its session: what they share is the store alone."""
    left = launched.leave()
    back = launched.sign_in(left)
    cookies = [one.partition(";")[0].partition("=") for one in left.headers.getlist("Set-Cookie")]
    second = launched.another().test_client()
    for name, _, value in cookies:
        second.set_cookie(name, value, path="/smart/callback")
    landed = launched.get(back, second)
    place = landed.headers["Location"].removeprefix(PUBLIC)
    third = launched.another().test_client()
    name, _, value = next(
        one.partition(";")[0].partition("=") for one in landed.headers.getlist("Set-Cookie") if f"Path={place}" in one
    )
    third.set_cookie(name, value, path=place)
    assert "Ada Example" in text_of(launched.get(place, third))
    replayed = launched.another().test_client()
    for name, _, value in cookies:
        replayed.set_cookie(name, value, path="/smart/callback")
    assert "used already" in text_of(launched.get(back, replayed))


def test_what_was_typed_is_told_when_the_session_ended(launched: Launching) -> None:
    """Answers that come after the session's end are not saved, and not lost: the page says them back."""
    page = opened(launched)
    launched.clock.ahead = timedelta(minutes=20)
    after = page.send(SAVE | {AGE: "12", "d.gestational_age": "3"})
    assert after.page.status_code == 403
    assert "nothing of it is saved" in after.text
    assert "12 weeks 3 days" in after.text
    assert launched.ehr.written == []


def test_a_closed_session_is_over(launched: Launching) -> None:
    """Closing forgets the session; the page then says that it has ended."""
    page = opened(launched)
    closed = page.send({"do": "end"})
    assert "Nothing of the session is kept" in closed.text
    assert launched.get(page.path).status_code == 403


def test_what_is_not_saved_says_so_where_the_outcome_stands(launched: Launching) -> None:
    """Beside the outcome, before its reasons, and again above the buttons: who reads nothing else knows that nothing is in the chart."""
    page = opened(launched)
    assert "Not in the chart yet" not in page.text
    page = page.send({AGE: "12"})
    assert "Necessary Not in the chart yet. Judged with the answers below, which are not saved." in page.text
    assert "With these answers: Necessary . They are not saved. Judge with these answers" in page.text
    saved = page.send(SAVE | {AGE: "12"})
    assert "Not in the chart yet" not in saved.text
    assert "With these answers" not in saved.text


def test_a_refused_save_is_no_quiet_note(launched: Launching) -> None:
    """It begins with what matters and is marked as bad news; what nobody can tell is not called unsaved."""
    page = opened(launched).send({AGE: "12"})
    launched.ehr.ways.write = 422
    refused = page.send(SAVE | {AGE: "12"}).page.get_data(as_text=True)
    assert '<p class="note bad" role="alert">Not saved. The EHR did not accept the answers.' in refused
    launched.ehr.ways.write = 0
    assert "Not saved." not in page.send(SAVE | {AGE: "12"}).text


def test_closing_with_unsaved_answers_is_asked_about(launched: Launching) -> None:
    """Nobody loses answers by a button at the end of the page: it says that they are not saved, and closes when it is told again."""
    page = opened(launched).send({AGE: "12", "do": "end"})
    assert "Not closed: the answers below are not saved" in page.text
    assert page.value(AGE) == "12"
    assert "Close without saving" in page.text
    assert "Saved in the EHR" in page.send(SAVE | {AGE: "12"}).text
    again = opened(launched).send({AGE: "12", "do": "end"}).send({AGE: "12", "do": "leave"})
    assert "Nothing of the session is kept" in again.text
    assert launched.get(again.path).status_code == 403


def test_another_order_says_back_what_was_not_saved(launched: Launching) -> None:
    """Going to another order does not drop answers without a word."""
    listed = opened(launched).send({AGE: "12", "do": "another"})
    assert "Which order?" in listed.text
    assert "nothing of it is saved: How far along is the pregnancy on the date of service? 12 weeks 0 days" in listed.text
    assert launched.ehr.written == []


def test_a_token_that_the_ehr_took_back_leaves_a_page(launched: Launching) -> None:
    """Where the EHR no longer knows the token, the page says that nothing can be read, and says back what was answered."""
    page = opened(launched)
    launched.ehr.tokens.clear()
    after = page.send(SAVE | {AGE: "12"})
    assert after.page.status_code == 200
    assert after.outcome == []
    assert "cannot be read from the EHR" in after.text
    assert "nothing of it is saved: How far along is the pregnancy on the date of service? 12 weeks 0 days" in after.text


def test_a_page_is_counted_as_a_page(launched: Launching, caplog: pytest.LogCaptureFixture) -> None:
    """What a session judges stands in the log under its address, with the policy and the outcome, and not as an order that was signed."""
    with caplog.at_level(logging.INFO):
        opened(launched)
    judged = [record.__dict__ for record in caplog.records if record.__dict__.get("outcomes")]
    assert [one["hook"] for one in judged] == ["POST /smart/session/<name>"]
    assert [one["outcomes"][0]["outcome"] for one in judged] == ["not-documented"]


def test_nothing_of_the_chart_is_logged_or_kept(launched: Launching, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the log nor the store has the patient, an answer or a word of the page."""
    with caplog.at_level(logging.DEBUG):
        opened(launched).send({AGE: "12"}).send(SAVE | {AGE: "12"})
    told = caplog.text + "".join(str(record.__dict__) for record in caplog.records if record.name == "cds_service")
    assert launched.store.decisions.flush(5)
    with launched.store.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        told += "\n".join(raw.iterdump())
    for word in ("Ada", "Example,", "Patient/p1", "gestational_age", "81420", "Practitioner/dr1", *launched.ehr.tokens):
        assert word not in told, word


PEGFILGRASTIM: Json = {"coding": [{"system": "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "code": "J2506"}]}


@pytest.mark.parametrize(
    ("medicine", "beside"),
    [
        ({"medicationCodeableConcept": PEGFILGRASTIM}, ()),
        (
            {"medicationReference": {"reference": "Medication/d1"}},
            ({"resourceType": "Medication", "id": "d1", "code": PEGFILGRASTIM},),
        ),
    ],
    ids=["by its code", "by reference"],
)
def test_a_medicines_order_is_answered_too(registered: Registered, medicine: Json, beside: tuple[Json, ...]) -> None:
    """An answer for a MedicationRequest, which no response may be based on, says by DTR's extension what it was given for."""
    held = registered(chart(prescription(None, on=ON) | medicine, *beside))
    listed = opened(held, choose="").page.get_data(as_text=True)
    assert 'value="MedicationRequest/m1"' in listed
    page = opened(held, choose="MedicationRequest/m1")
    assert page.outcome == ["not-documented"]
    asked = re.findall(r'name="(a\.[a-z_]+)"', page.page.get_data(as_text=True))
    answer = {name: "non-myeloid" if "lineage" in name else "yes" for name in asked[:1]}
    page.send(answer).send(SAVE | answer)
    (written,) = held.ehr.written
    assert "basedOn" not in written
    assert written["extension"][0]["valueReference"] == {"reference": "MedicationRequest/m1"}
