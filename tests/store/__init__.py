"""Tests of the store: decisions, feedback and seen tokens, on SQLite and on PostgreSQL."""
