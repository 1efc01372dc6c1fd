"""What was ordered: the code that a policy lists, and the day.

The day is the date of service. Decisions logged before have neither.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("decision", sa.Column("code", sa.String(255)))
    op.add_column("decision", sa.Column("date_of_service", sa.Date()))


def downgrade() -> None:
    """Drop the two columns again."""
    op.drop_column("decision", "date_of_service")
    op.drop_column("decision", "code")
