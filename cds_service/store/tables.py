"""The tables of the store, one class each.

Changes go with a migration in ``migrations/versions``; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Float, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

LONGEST = 255
"""The most characters kept of a text that a client chose."""
Row = dict[str, Any]
"""What is written as one row of a table, by column."""


class Moment(TypeDecorator[datetime]):
    """A column type for a moment, in UTC.

    SQLite keeps no zone, so it is put back on reading.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC.

        Raises ValueError for one without a zone.
        """
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment has a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment as it was kept, with its zone."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Table(DeclarativeBase):
    """What all tables share: how Python types are kept."""

    type_annotation_map = {
        datetime: Moment(),
        str: String(LONGEST),
        list[str]: JSON(none_as_null=True),
        list[dict[str, Any]]: JSON(none_as_null=True),
    }


class DecisionRow(Table):
    """One decision: an order of a call, judged under one policy.

    - ``resources``: the references of what it rests on, without the patient's own id.
    - ``evidence``: what those resources say; empty unless the operator turns values on.
    - ``card``: the card that showed this decision, if one did.
    - ``proposal``: the card that proposed another order because of it.
    - ``outcomes``: the outcomes of all criteria (``store.outcomes``).
    - ``milliseconds``: how long the call took until it was answered, in the row of its first decision.
    - ``issuer``: the client whose call it was; empty where the service is open, and in rows of before it was kept.
    - ``code``: the code by which the policy governs the order, with its system, one of the policy's own list.
    """

    __tablename__ = "decision"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    decided_at: Mapped[datetime] = mapped_column(index=True)
    hook_instance: Mapped[str] = mapped_column(index=True)
    service: Mapped[str]
    hook: Mapped[str] = mapped_column(server_default="order-sign")
    order_reference: Mapped[str]
    policy: Mapped[str]
    version: Mapped[str]
    revision: Mapped[str]
    outcome: Mapped[str]
    because: Mapped[list[str]]
    asks: Mapped[list[str]]
    assumed: Mapped[list[str]]
    resources: Mapped[list[str]]
    evidence: Mapped[list[dict[str, Any]] | None]
    card: Mapped[str | None] = mapped_column(String(36), index=True)
    proposal: Mapped[str | None] = mapped_column(String(36), index=True)
    outcomes: Mapped[str | None] = mapped_column(Text)
    milliseconds: Mapped[float | None] = mapped_column(Float)
    code: Mapped[str | None]
    date_of_service: Mapped[date | None]
    issuer: Mapped[str] = mapped_column(server_default="")


class FeedbackRow(Table):
    """What a clinician did with one card.

    ``issuer`` is the client that reports; empty where the service is open. ``policy``, ``version`` and ``because`` are
    those of the decision that the card showed to that very client, where known. ``comment`` may speak of the patient,
    and is empty unless the operator keeps comments.
    """

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("issuer", "card", "outcome", "outcome_at", name="feedback_once"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    service: Mapped[str]
    card: Mapped[str] = mapped_column(String(36))
    outcome: Mapped[str]
    outcome_at: Mapped[datetime]
    suggestions: Mapped[list[str]]
    reason_system: Mapped[str | None]
    reason_code: Mapped[str | None]
    comment: Mapped[str | None] = mapped_column(Text)
    policy: Mapped[str | None]
    version: Mapped[str | None]
    because: Mapped[list[str] | None]
    issuer: Mapped[str] = mapped_column(server_default="")


class ContextRow(Table):
    """The chart's words on one order that a policy left open.

    They are kept so that a form can be made and its answers judged later.

    ``issuer`` is the client for whom it was kept, and who alone finds it again; empty where the service is open. ``id``
    is that of the assertion which asked for documentation. ``facts`` is evidence by fact
    (``questionnaires.remembered``), no resource; empty once the order is decided. Rows go after ``contexts.DAYS`` days.
    """

    __tablename__ = "context"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    policy: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    kept_at: Mapped[datetime] = mapped_column(index=True)
    order_reference: Mapped[str] = mapped_column(index=True)
    coverage: Mapped[str]
    patient: Mapped[str]
    payer: Mapped[str]
    code: Mapped[str]
    date_of_service: Mapped[date]
    outcome: Mapped[str]
    unsearched: Mapped[list[str]]
    facts: Mapped[list[dict[str, Any]] | None]


class SeenToken(Table):
    """A token that was used, until it expires."""

    __tablename__ = "seen_token"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires: Mapped[datetime] = mapped_column(index=True)


class SmartSessionRow(Table):
    """A session of the SMART app, until it ends.

    ``sealed`` opens only with what the person's browser holds.
    """

    __tablename__ = "smart_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    expires: Mapped[datetime] = mapped_column(index=True)
