"""The run of the migrations by alembic.

It takes the connection that ``cds_service.store.upgrade`` hands in, inside its transaction.
"""

from alembic import context

from cds_service.store.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
context.run_migrations()
