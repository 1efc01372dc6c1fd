"""Conversations between a served process and real servers."""
