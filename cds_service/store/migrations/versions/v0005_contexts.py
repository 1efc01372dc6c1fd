"""The contexts of orders that are asked about, for thirty days.

A context is what the chart said of such an order.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of contexts."""
    text = sa.String(255)
    op.create_table(
        "context",
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


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("context")
