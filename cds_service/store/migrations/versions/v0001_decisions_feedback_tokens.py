"""The decision log, feedback and seen tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first three tables."""
    moment = sa.DateTime(timezone=True)
    text = sa.String(255)
    op.create_table(
        "decision",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("decided_at", moment, nullable=False, index=True),
        sa.Column("hook_instance", text, nullable=False, index=True),
        sa.Column("service", text, nullable=False),
        sa.Column("order_reference", text, nullable=False),
        sa.Column("policy", text, nullable=False),
        sa.Column("version", text, nullable=False),
        sa.Column("revision", text, nullable=False),
        sa.Column("outcome", text, nullable=False),
        sa.Column("because", sa.JSON(), nullable=False),
        sa.Column("asks", sa.JSON(), nullable=False),
        sa.Column("assumed", sa.JSON(), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON()),
        sa.Column("card", sa.String(36), index=True),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("received_at", moment, nullable=False, index=True),
        sa.Column("service", text, nullable=False),
        sa.Column("card", sa.String(36), nullable=False),
        sa.Column("outcome", text, nullable=False),
        sa.Column("outcome_at", moment, nullable=False),
        sa.Column("suggestions", sa.JSON(), nullable=False),
        sa.Column("reason_system", text),
        sa.Column("reason_code", text),
        sa.Column("comment", sa.Text()),
        sa.Column("policy", text),
        sa.Column("version", text),
        sa.Column("because", sa.JSON()),
        sa.UniqueConstraint("card", "outcome", "outcome_at", name="feedback_once"),
    )
    op.create_table(
        "seen_token",
        sa.Column("issuer", text, primary_key=True),
        sa.Column("jti", text, primary_key=True),
        sa.Column("expires", moment, nullable=False, index=True),
    )


def downgrade() -> None:
    """Drop the tables and all that is in them."""
    for table in ("seen_token", "feedback", "decision"):
        op.drop_table(table)
