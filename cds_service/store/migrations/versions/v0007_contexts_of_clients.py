"""The client for whom a context was kept, in its key.

Whose the contexts of before were, nothing says. They are forgotten: none of them could be handed out to anybody.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table anew, with the column.

    An index finds contexts by their orders.
    """
    op.drop_table("context")
    _make(sa.Column("issuer", sa.String(255), primary_key=True))
    op.create_index("ix_context_order_reference", "context", ["order_reference"])


def downgrade() -> None:
    """Make it anew without them."""
    op.drop_table("context")
    _make()


def _make(*first: sa.Column[str]) -> None:
    text = sa.String(255)
    op.create_table(
        "context",
        *first,
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("policy", text, primary_key=True),
        sa.Column("version", text, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("order_reference", text, nullable=False),
        sa.Column("coverage", text, nullable=False),
        sa.Column("patient", text, nullable=False),
        sa.Column("payer", text, nullable=False),
        sa.Column("code", text, nullable=False),
        sa.Column("date_of_service", sa.Date(), nullable=False),
        sa.Column("outcome", text, nullable=False),
        sa.Column("unsearched", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True)),
    )
