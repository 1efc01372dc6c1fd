"""The report of a replay.

What was decided, what decided it, what is missing, what another content would change, and at what price.
"""
