"""Lint: every rule catches its mistake, at the right line, and nothing else."""
