"""Searching as people search: by code, brand, synonym, part of a word, and mistyped; and what the playground takes."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.exchange import order

CFDNA = "Prenatal Screening using Cell-free DNA"
CSF = "Colony Stimulating Factors"


@pytest.mark.parametrize(
    ("words", "title", "means"),
    [
        ("81422", CFDNA, "CPT 81422 (cfDNA microdeletion test) is never necessary."),
        ("cpt 81420", CFDNA, "CPT 81420 (cfDNA aneuploidy panel) is judged by the criteria."),
        ("81479", CFDNA, "is judged by what the order says besides its code"),
        ("O30.1", CFDNA, "ICD-10-CM O30.1: read as evidence of triplets"),
        ("O30.109", CFDNA, "ICD-10-CM O30.109: read as evidence of triplets"),
        ("27279", "Sacroiliac Joint Fusion, Open", "is governed by Carelon: Sacroiliac Joint Fusion"),
        ("Neulasta", CSF, "HCPCS J2506 (Neulasta) is judged by the criteria."),
        ("pegfilgrastim", CSF, "pegfilgrastim"),
        ("filgrast", CSF, "filgrastim"),
        ("NIPT", CFDNA, "Also called NIPT"),
        ("MaterniT21", CFDNA, "is read in the words of an order"),
        ("pain pump", "Implantable Intrathecal or Epidural Pain Pump", "Pain Pump"),
        ("PTAC", "Proposals for Physician-Focused Payment Models", "Physician-Focused Payment Model Technical Advisory Committee"),
    ],
)
def test_a_policy_is_found_with_what_it_means(page: Page, words: str, title: str, means: str) -> None:
    """The first policy found is the right one, and it says what the words mean to it, whose it is, and since when it is in force."""
    _search(page, words)
    first = page.locator(".hit").first
    expect(first.get_by_role("heading")).to_have_text(title)
    expect(first).to_contain_text(means)
    expect(first.locator(".eyebrow")).to_contain_text("in force from 20")


def test_a_mistyped_word_is_told(page: Page) -> None:
    """A brand with a letter missing is taken for the brand, and the page says that it was."""
    _search(page, "Neulsta")
    expect(page.locator(".meant")).to_contain_text("Nothing is found for “Neulsta”. Did you mean Neulasta?")
    expect(page.locator(".hit").first.get_by_role("heading")).to_have_text(CSF)
    page.get_by_role("link", name="Neulasta", exact=True).click()
    expect(page.locator(".meant")).to_have_count(0)
    expect(page.locator(".hit").first.get_by_role("heading")).to_have_text(CSF)


def test_whole_words_come_before_parts(page: Page) -> None:
    """The payer Medica is not the word medical: policies that only have the part stand below, and are said to."""
    _search(page, "medica")
    expect(page.locator(".hits").first.locator(".hit")).to_have_count(1)
    expect(page.locator(".hits").first).to_contain_text("Medica Central")
    expect(page.get_by_role("heading", name="Where it is a part of a word")).to_be_visible()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("99213", "No policy held here governs this code or reads it as evidence."),
        ("zzzz", "None of the 7 policies held here has it"),
    ],
)
def test_what_is_not_found_is_told_as_it_is(page: Page, words: str, said: str) -> None:
    """Where nothing is found, the page says what that means, and claims nothing of policies that it does not hold."""
    _search(page, words)
    expect(page.locator(".results")).to_contain_text(said)
    expect(page.locator(".results")).to_contain_text("That says nothing of policies that are not held here.")
    expect(page.locator(".hit")).to_have_count(0)


@pytest.mark.parametrize(
    ("words", "code", "outcome"),
    [
        ("81422", "CPT 81422", "Not necessary as documented"),
        ("neulasta", "HCPCS J2506", "Not yet documented"),
        ("neulsta", "HCPCS J2506", "Not yet documented"),
        ("sacroiliac joint fusion", "CPT 27280", "Not yet documented"),
    ],
)
def test_an_order_is_named_in_words(page: Page, words: str, code: str, outcome: str) -> None:
    """The playground takes a bare code, a brand, a mistyped one or a policy's name, and says what it took it for."""
    page.goto("/try")
    page.get_by_label("What is ordered").fill(words)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code", exact=True)).to_have_value(code)
    expect(page.locator(".verdict h2")).to_have_text(outcome)
    expect(page.locator(".note").first).to_contain_text("is shown")


def test_it_opens_on_triplets(page: Page) -> None:
    """The playground opens on the example of the README, and its outcome is in sight on a phone, whatever is in view."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/try")
    expect(page.get_by_label("How many fetuses there are", exact=True)).to_have_value("3")
    bar = page.locator(".bar")
    for place in (0, 1200, 4000):
        page.mouse.wheel(0, place)
        expect(bar).to_be_in_viewport()
        expect(bar).to_contain_text("Not necessary as documented")


def test_a_switched_code_date_and_policy_are_told(page: Page) -> None:
    """Another code, another date of service, a code of another policy: the answer says what it switched."""
    page.goto("/try")
    page.get_by_label("Code", exact=True).fill("81422")
    expect(page.locator(".note").first).to_contain_text("“81422” is taken for CPT 81422.")
    expect(page.locator(".verdict")).to_contain_text("never necessary")
    page.get_by_label("Date of service", exact=True).fill("2025-03-01")
    expect(page.locator(".switched")).to_contain_text("version 2024-11-17 governs, and not 2025-04-01")
    page.get_by_label("Code", exact=True).fill("neulasta")
    expect(page.locator(".note").nth(1)).to_contain_text("HCPCS J2506 is governed by Colony Stimulating Factors.")
    page.get_by_role("button", name="Show its fields").click()
    expect(page.locator(".hint").first).to_contain_text(CSF)
    expect(page.locator(".note").filter(has_text="Its fields are shown now.")).to_be_visible()


def test_only_what_is_asked_is_open(page: Page) -> None:
    """Of the largest policy's fields those that are asked for now stand open, and the others are folded under its own headings."""
    page.goto("/try?policy=bcbsm/colony-stimulating-factors")
    asked = page.locator("details.group[open] .fact-row")
    assert 1 <= asked.count() <= 5
    assert page.locator("details.group:not([open])").count() > 5
    page.get_by_label("Whether the malignancy is non-myeloid or myeloid", exact=True).select_option("non-myeloid")
    expect(page.locator(".bar")).to_contain_text("Not yet documented")
    expect(page.locator(".fact-row.asked:visible")).not_to_have_count(0)


def test_the_buttons_of_a_card_are_pressed(page: Page) -> None:
    """Removing the order leaves nothing to sign and can be taken back; an override shows what the EHR sends for it."""
    page.goto("/try")
    page.get_by_role("button", name="Remove this order").click()
    expect(page.locator(".pressed")).to_contain_text("the order is removed, and nothing is left to sign")
    expect(page.locator(".bar")).to_contain_text("The order is removed")
    page.get_by_role("button", name="Put the order back").click()
    expect(page.locator(".verdict h2")).to_have_text("Not necessary as documented")
    page.locator(".overrides summary").click()
    page.locator(".overrides button").first.click()
    expect(page.locator(".pressed")).to_contain_text("Overridden: ")
    expect(page.locator(".pressed pre")).to_contain_text('"outcome": "overridden"')


def test_a_pasted_order_is_wrapped(page: Page) -> None:
    """An order alone is wrapped in a call, the form gives way to it, and its card's button changes what was pasted."""
    page.goto("/try")
    page.get_by_label("Paste a request").fill(json.dumps(order("81422")))
    page.get_by_role("button", name="Answer it").click()
    expect(page.locator(".note").first).to_contain_text("The ServiceRequest was wrapped in an order-sign call.")
    expect(page.locator(".verdict h2")).to_have_text("Not necessary as documented")
    expect(page.locator("#chart")).to_have_count(0)
    page.get_by_role("button", name="Remove this order").click()
    expect(page.locator(".pressed")).to_contain_text("nothing is left to sign")


def test_a_criterion_has_an_address(page: Page) -> None:
    """The link of a criterion opens everything around it; expanding all opens all, and the contents follow."""
    policy = "/policies/carelon/prenatal-cfdna-screening/2025-04-01"
    page.goto(f"{policy}#c-two-or-more-anomalies")
    inside = page.locator("#c-two-or-more-anomalies > .says")
    expect(inside).to_be_in_viewport()
    page.goto("/")
    page.goto(policy)
    expect(inside).not_to_be_visible()
    page.get_by_role("link", name="Expand all").click()
    expect(inside).to_be_visible()
    page.locator("#orders h2").scroll_into_view_if_needed()
    page.mouse.wheel(0, 500)
    expect(page.locator(".toc a[aria-current]")).to_have_count(1)


def _search(page: Page, words: str) -> None:
    page.goto("/")
    page.locator("#q").fill(words)
    page.get_by_role("button", name="Search").click()
