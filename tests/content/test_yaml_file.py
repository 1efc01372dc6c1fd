"""Files of authors are read fast where nothing in them is unusual, and to the same result as by the slower reader."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from ucumvert import PintUcumRegistry

from cds_service.content.content import shipped_content
from cds_service.content_files.yaml_file import YamlFile
from cds_service.content_files.yaml_nodes import Nodes, Unusual
from cds_service.facts.units import scale

FILES = sorted(
    path
    for top in (*(shipped_content() / folder for folder in ("policies", "facts")), Path(__file__).parent.parent)
    for path in top.rglob("*.yaml")
    if path.name != "conformance.yaml" and path.parent.name != "readings"  # lists, no author's files
)


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in the data of a file."""
    yield place
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(below, (*place, key))


def slowly(path: Path) -> YamlFile:
    """A file as ruamel.yaml alone reads it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("cds_service.content_files.yaml_file.Nodes", refuse)
        return YamlFile(path, path.name)


def refuse(text: str) -> Nodes:
    """Takes every file for an unusual one."""
    raise Unusual


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_both_readers_agree_on_every_file(path: Path) -> None:
    """Every policy, fact and vignette file gives the same data and the same line of every place, whichever reads it."""
    quickly, known = YamlFile(path, path.name), slowly(path)
    assert quickly.data == known.data
    for place in list(places(known.data))[:: 1 if len(known.data) < 40 else 7]:
        assert quickly.line(place) == known.line(place), place
        assert quickly.line((*place, "nowhere")) == known.line((*place, "nowhere"))


def test_policies_and_facts_are_read_fast() -> None:
    """Nothing in a shipped policy or fact is unusual: the service starts without the slower reader."""
    for folder in ("policies", "facts"):
        for path in (shipped_content() / folder).rglob("*.yaml"):
            assert Nodes(path.read_text(encoding="utf-8")).data, path


@pytest.mark.parametrize(
    "word",
    [
        "NO",
        "yes",
        "On",
        "null",
        "~",
        "12",
        "-12",
        "1234567890123",
        "0",
        "0x1F",
        "0o17",
        "017",
        "1_000",
        "1e3",
        ".5",
        "-.inf",
        ".NaN",
        "2025-04-01",
        "2025-02-30",
        "2025-4-1",
        "12:30",
        "1.2.3",
        "=x",
        "-",
        "'no'",
        '"12"',
        "12_weeks",
        "true",
        "false",
        "TRUE",
        "y",
        "nullable",
        "nobody",
        "(a)",
        "1,5",
        "+1",
        "0.0",
        "é",
    ],
)
def test_bare_words_mean_the_same_to_both_readers(tmp_path: Path, word: str) -> None:
    """A word, number, day or nothing is read as ruamel.yaml reads it, as a value, an item and a key."""
    path = tmp_path / "one.yaml"
    path.write_text(f"value: {word}\nlist: [a, {word}]\n{word}: key\nsaid: {word} {word}\nnone:\n", encoding="utf-8")
    try:
        known = slowly(path)
    except Exception as error:
        with pytest.raises(type(error)):
            YamlFile(path, path.name)
        return
    data = YamlFile(path, path.name).data
    assert repr(data) == repr(known.data)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a: !!str 1\n",
        "<<: {a: 1}\n",
        "- a\n",
        "a: [\n",
        "a: b\n---\nc: d\n",
        "? [a]\n: b\n",
        "a: \x00\n",
        "",
        "a: !x y\n",
    ],
)
def test_the_unusual_is_left_to_the_slower_reader(text: str) -> None:
    """Keys that stand twice, tags, merges, several documents and mistakes are not read fast."""
    with pytest.raises(Unusual):
        Nodes(text)


def test_an_anchor_is_read_where_it_is_named(tmp_path: Path) -> None:
    """What is named once and referred to is the same in both places."""
    path = tmp_path / "one.yaml"
    path.write_text("a: &x {b: 1}\nc: *x\n", encoding="utf-8")
    assert YamlFile(path, "one.yaml").data == {"a": {"b": 1}, "c": {"b": 1}}


@lru_cache(maxsize=1)
def units() -> PintUcumRegistry:
    """The library's units of UCUM, which take half a second to read."""
    return PintUcumRegistry()


@pytest.mark.parametrize(("unit", "wanted"), list(permutations(["s", "min", "h", "d", "wk"], 2)))
def test_units_of_time_convert_as_the_library_converts_them(unit: str, wanted: str) -> None:
    """The units of time that are known without the library of units are those of UCUM."""
    registry = units()
    one = registry.Quantity(1, registry.from_ucum(unit)).to(registry.from_ucum(wanted)).magnitude
    factor, offset = scale(unit, wanted)
    assert factor == pytest.approx(one, rel=1e-12)
    assert offset == 0


def test_the_reader_of_words_is_a_reader_of_yaml_1_2() -> None:
    """ruamel.yaml, which says what words mean, reads the country code of Norway as a word."""
    assert YAML(typ="safe", pure=True).load("NO") == "NO"
