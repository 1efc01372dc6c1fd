"""What cards call what is ordered: a medicine by its product, else by the order's own words; a test by our label and its code."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from cds_service.fhir.code_systems import HCPCS, NDC, RXNORM
from tests.exchange import Json, condition, order, prescription, sign

CHART = (condition("C50.912"),)


def coded(*codings: tuple[str, str] | tuple[str, str, str], text: str = "") -> Json:
    """A concept of codings, each with its display where it has one."""
    named = [dict(zip(("system", "code", "display"), coding, strict=False)) for coding in codings]
    return {"coding": named} | ({"text": text} if text else {})


@pytest.mark.parametrize(
    ("medicine", "said"),
    [
        (coded((RXNORM, "727539"), text="pegfilgrastim (NEULASTA) injection 6 mg"), "Neulasta: "),
        (coded((RXNORM, "727539", "0.6 ML pegfilgrastim 10 MG/ML [Neulasta]")), "Neulasta: "),
        (coded((RXNORM, "727539")), "Neulasta: "),
        (coded((NDC, "55513-0190-01")), "Neulasta: "),
        (coded((HCPCS, "J2506"), text="  Neulasta   Onpro "), "Neulasta: "),
        (coded((RXNORM, "338036")), "Neulasta: "),
        (coded((RXNORM, "338036"), text="pegfilgrastim 6 mg"), "pegfilgrastim 6 mg: "),
        (coded((RXNORM, "727539"), text="pegfilgrastim " * 9), "pegfilgrastim pegfilgrastim…: "),
    ],
    ids=["words", "display", "number alone", "NDC", "billing code with words", "ingredient alone", "ingredient with words", "long words"],
)  # fmt: skip
def test_a_card_names_the_medicine(client: FlaskClient, medicine: Json, said: str) -> None:
    """A number of RxNorm says nothing to whoever ordered by name; and who ordered an ingredient is not told of a brand."""
    assert sign(client, prescription(medicine), chart=CHART)["cards"][0]["summary"].startswith(said)


def test_a_medicine_that_is_referred_to_is_named(client: FlaskClient) -> None:
    """By its record, which the order refers to."""
    held = {"resourceType": "Medication", "id": "med", "code": coded((RXNORM, "727539"), text="Neulasta 6 mg syringe")}
    referring = prescription(None, contained=[held], medicationReference={"reference": "#med"})
    assert sign(client, referring, chart=CHART)["cards"][0]["summary"].startswith("Neulasta: ")


def test_a_name_formats_nothing(client: FlaskClient) -> None:
    """The words are the client's: in the detail nothing of them becomes a link or formatting."""
    medicine = coded((RXNORM, "727539"), text="[Neulasta](http://x.example) *6 mg*")
    detail = sign(client, prescription(medicine), chart=CHART)["cards"][0]["detail"]
    assert detail.startswith(r"**Neulasta** (RXNORM 727539, ordered as `[Neulasta](http://x.example)` \*6 mg\*), judged by")


def test_an_order_of_a_test_has_our_label_and_its_code(client: FlaskClient) -> None:
    """People tell such tests by their codes; what the client calls it is not repeated."""
    named = order(code="81420") | {"code": coded(("http://www.ama-assn.org/go/cpt", "81420"), text="some panel")}
    assert sign(client, named)["cards"][0]["summary"].startswith("cfDNA aneuploidy panel (81420): ")
