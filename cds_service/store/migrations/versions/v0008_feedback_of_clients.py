"""The client of each decision and of each report on a card.

Whose the rows of before were, nothing says. They are as those of an open service, and no client's.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
ONCE = "feedback_once"


def upgrade() -> None:
    """Add the column to both tables.

    The same report of two clients is two reports.
    """
    op.add_column("decision", _issuer())
    with op.batch_alter_table("feedback") as feedback:
        feedback.add_column(_issuer())
        feedback.drop_constraint(ONCE, type_="unique")
        feedback.create_unique_constraint(ONCE, ["issuer", "card", "outcome", "outcome_at"])


def downgrade() -> None:
    """Drop it again, with reports that would then be there twice."""
    twice = "SELECT 1 FROM feedback AS kept WHERE kept.card = feedback.card AND kept.outcome = feedback.outcome"
    op.execute(f"DELETE FROM feedback WHERE EXISTS ({twice} AND kept.outcome_at = feedback.outcome_at AND kept.id < feedback.id)")  # noqa: S608 - a constant
    with op.batch_alter_table("feedback") as feedback:
        feedback.drop_constraint(ONCE, type_="unique")
        feedback.drop_column("issuer")
        feedback.create_unique_constraint(ONCE, ["card", "outcome", "outcome_at"])
    op.drop_column("decision", "issuer")


def _issuer() -> sa.Column[str]:
    return sa.Column("issuer", sa.String(255), nullable=False, server_default="")
