"""Proofs, mutants and lint of content."""
