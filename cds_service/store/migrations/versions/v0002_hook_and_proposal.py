"""The hook that decided, and the card that proposed another order.

Decisions logged before were all of order-sign.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("decision", sa.Column("hook", sa.String(255), nullable=False, server_default="order-sign"))
    op.add_column("decision", sa.Column("proposal", sa.String(36)))
    op.create_index("ix_decision_proposal", "decision", ["proposal"])


def downgrade() -> None:
    """Drop the two columns again."""
    op.drop_index("ix_decision_proposal", "decision")
    op.drop_column("decision", "proposal")
    op.drop_column("decision", "hook")
