"""Lint: mistakes in content that reads well.

Each rule has a file of its own; what it finds are issues.
"""
