"""The outcome of every criterion of a decision, and its call's time.

The time is how long the call took. Decisions logged before have neither.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("decision", sa.Column("outcomes", sa.Text()))
    op.add_column("decision", sa.Column("milliseconds", sa.Float()))


def downgrade() -> None:
    """Drop the two columns again."""
    op.drop_column("decision", "milliseconds")
    op.drop_column("decision", "outcomes")
