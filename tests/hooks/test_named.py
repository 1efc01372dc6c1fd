"""UUIDs made of names are those that Python's own library makes."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from cds_service.hooks.answered.named import uuid_of


@given(st.uuids(), st.text(st.characters(codec="utf-8")))
def test_names_have_the_uuids_of_version_5(space: UUID, name: str) -> None:
    """The text of a name's UUID is that of ``uuid.uuid5``."""
    assert uuid_of(space, name) == str(uuid5(space, name))
