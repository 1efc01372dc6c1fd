"""Cards are GitHub-Flavored Markdown: what a chart says stays text in them, and codes are shown with the short name of their system."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from cds_service.content.content import Content
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.fhir.code_systems import CPT, HCPCS, RXNORM
from cds_service.said.markdown import plain, quoted
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import read_vignettes
from tests.exchange import ICD10CM, Json, condition, gestational_age, order, request
from tests.hook_calls import post
from tests.hooks.test_protocol import VIGNETTES

verifies = pytest.mark.verifies
LINKING = (
    "https://evil.example/a",
    "http://evil.example",
    "ftp://evil.example",
    "www.evil.example",
    "WWW.EVIL.EXAMPLE",
    "(www.evil.example)",
    "evil.com",
    "evil.org/path",
    "//evil.example",
    "someone@evil.example",
    "mailto:someone@evil.example",
    "xmpp:someone@evil.example/x",
    "javascript:evil(1)",
    "&#104;ttps://evil.example",
    "[evil](https://evil.example)",
    "<https://evil.example>",
    "![evil](evil.png)",
    "`https://evil.example`",
    "\\`https://evil.example",
)
"""Words that one renderer or another turns into a link."""
AUTOLINKED = re.compile(
    r"(?:https?|ftp)://|(?<![\w])www\.|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:mailto|xmpp|javascript):\S|\w\.(?:com|org)\b|//\w",
    re.IGNORECASE,
)
"""What GitHub-Flavored Markdown links by itself (its section 6.9), and what other renderers do besides."""


def outside_code(markdown: str) -> str:
    """Markdown without its code spans and with its escapes undone: what a renderer looks for links in."""
    shown = re.sub(r"(?<!\\)`[^`]*`", "·", markdown)
    assert not re.search(r"(?<!\\)[<`]", shown), "nothing opens HTML, and no code span stays open"
    assert not re.search(r"(?<!\\)\]\(", shown), "nothing is written as a link"
    return html.unescape(re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", re.sub(r"(?<!\\)&", "&amp;", shown).replace("\\&", "&amp;")))


def odd(resource: Any, hostile: str) -> Any:
    """A resource with a hostile word in everything that people write into it."""
    if isinstance(resource, list):
        return [odd(one, hostile) for one in resource]
    if not isinstance(resource, dict):
        return resource
    written = ("text", "display", "valueString", "title", "comment", "unit")
    return {
        name: f"{value} {hostile}" if name in written and isinstance(value, str) else odd(value, hostile)
        for name, value in resource.items()
    }


def asked(content: Content, file: Any) -> list[Json]:
    """The requests of a file of vignettes."""
    made = []
    for vignette in read_vignettes(file, file.name, content):
        try:
            made.append(request_of(vignette, content))
        except CannotImagine:
            continue
    return made


@pytest.mark.slow
@verifies("markup")
@pytest.mark.parametrize("file", sorted(VIGNETTES.rglob("*.yaml")), ids=lambda file: file.stem)
def test_no_text_of_a_chart_becomes_a_link(client: FlaskClient, content: Content, file: Any) -> None:
    """Whatever people wrote into a chart, a card links nothing but what its ``links`` say: every vignette, with hostile words."""
    for number, made in enumerate(asked(content, file)):
        hostile = LINKING[number % len(LINKING)]
        made["prefetch"] = odd(made["prefetch"], hostile)
        for card in post(client, made)["cards"]:
            assert not AUTOLINKED.search(outside_code(card["detail"])), (hostile, card["detail"])


@verifies("markup")
@pytest.mark.parametrize("hostile", LINKING)
def test_no_word_of_an_order_becomes_a_link(client: FlaskClient, hostile: str) -> None:
    """The id of a record, the code of an order whose system is not known, its system, and the call's own name stay text."""
    dated = gestational_age(50, "2025-05-01") | {"id": hostile}
    unplaced = order(id_="o2") | {"code": {"coding": [{"system": hostile, "code": f"81420 {hostile}"}], "text": hostile}}
    made = request(order(), unplaced, chart=(dated, condition("O30.1", verified="provisional", id_=hostile)))
    cards = post(client, made | {"hookInstance": hostile})["cards"]
    assert cards
    for card in cards:
        assert not AUTOLINKED.search(outside_code(card["detail"])), card["detail"]


@pytest.mark.parametrize("word", LINKING)
def test_a_word_that_would_link_is_shown_as_code(word: str) -> None:
    """Such a word is readable still: it stands in a code span, and the words around it are as they were."""
    said = plain(f"seen at {word} today*")
    assert said.startswith("seen at ")
    assert said.endswith(" today\\*")
    assert not AUTOLINKED.search(outside_code(said))
    assert word.replace("`", "").strip("\\") in said or "\\" in said


@pytest.mark.parametrize("text", ["11 w 0 d, e.g. by ultrasound", "BP 120/80 mmHg", "Note: q.d., i.v.", "No. 3 / 4", "10.5 mg/dL."])
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    """Abbreviations, fractions and units are no addresses."""
    assert plain(text) == text


TEXTS = st.lists(
    st.sampled_from(
        [*LINKING, " ", "\n", "a", ".", "*", "_", "`", "``", "\\", "&", "&amp;", "<b>", "]", "[x](", "~~", "#", "é", "1."]
    ),
    max_size=8,
)


@given(TEXTS.map("".join), TEXTS.map("".join))
def test_nothing_that_can_be_written_becomes_a_link(text: str, other: str) -> None:
    """No sequence of such words links, nor two texts behind each other, in bold or in a list."""
    for made in (f"- {plain(text)} (2025), {quoted(other)}", f"**{plain(text)}**, *{plain(other)}*", plain(text)):
        assert not AUTOLINKED.search(outside_code(made))


# Codes by the short names of their systems


ADDRESSES: dict[str, tuple[str, ...]] = {
    "CPT": (CPT, f"{CPT}/", "https://www.ama-assn.org/go/cpt", "urn:oid:2.16.840.1.113883.6.12", "CPT", "CPT-4", "http://terminology.hl7.org/CodeSystem/CPT"),
    "HCPCS": (
        HCPCS,
        "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "https://www.cms.gov/Medicare/Coding/MedHCPCSGenInfo",
        "https://bluebutton.cms.gov/resources/codesystem/hcpcs",
        "urn:oid:2.16.840.1.113883.6.285",
        "urn:oid:2.16.840.1.113883.6.14",
        "HCPCS Level II",
        "http://terminology.hl7.org/CodeSystem/HCPCS",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "address"), [(name, one) for name, listed in ADDRESSES.items() for one in listed])
def test_a_card_names_the_system_of_an_order_shortly(client: FlaskClient, name: str, address: str) -> None:
    """By whatever accepted address an order names CPT or HCPCS, its card says the short name and the code."""
    coded = {"coding": [{"system": address, "code": "81422"}]}
    (card,) = post(client, request(order() | {"code": coded}))["cards"]
    assert card["detail"].startswith(f"**cfDNA microdeletion test** ({name} 81422), judged by ")
    assert card["summary"].startswith("cfDNA microdeletion test (81422): ")
    assert address == name or address not in card["detail"]


@pytest.mark.parametrize("address", [ICD10CM, "urn:oid:2.16.840.1.113883.6.90", "http://www.cdc.gov/nchs/icd/icd-10-cm", "ICD10CM"])
def test_a_card_names_the_system_of_a_diagnosis_shortly(client: FlaskClient, address: str) -> None:
    """A diagnosis among the reasons of a card has the short name of its system too."""
    triplets = condition("O30.101")
    triplets["code"]["coding"][0]["system"] = address
    (card,) = post(client, request(order(), chart=(gestational_age(77, "2025-05-01"), triplets)))["cards"]
    assert "ICD-10-CM O30.101" in card["detail"]


def test_the_plain_card_of_an_unknown_system_names_those_that_are_known(client: FlaskClient) -> None:
    """Where a system is not known, the addresses to send are shown as code, and are no links."""
    (card,) = post(client, request(order() | {"code": {"coding": [{"system": "urn:x", "code": "81420"}]}}))["cards"]
    for address in (CPT, HCPCS, RXNORM):
        assert f"`{address}`" in card["detail"]
    assert not AUTOLINKED.search(outside_code(card["detail"]))
