"""The page that is played: each of its parts that has commands, with the addresses and the store of the bench."""

from __future__ import annotations

from bench.connect import LEFT_OUT, PAGE, parts, script


def test_every_part_of_the_page_is_played_but_that_of_a_file() -> None:
    """What is left out is a part of the page; of the others no command is, nor an address or a store of the page's own."""
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"\n## {heading}\n" in text for heading in LEFT_OUT)
    assert [heading for heading, _ in parts(text)] == [
        "A client in twenty lines", "The first answer", "Your own chart", "Keys change without a gap",
    ]  # fmt: skip
    played = script(text, "http://127.0.0.1:1/cds", "http://127.0.0.1:2")
    assert not [one for one in ("8080", "sqlite", "ehr.example/fhir --patient", "kill %") if one in played]
    assert played.count("cds-service client try http://127.0.0.1:1/cds ") == 5
    assert played.count("serve --clients clients.yaml --public-url http://127.0.0.1:1/cds --store $STORE") == 2
