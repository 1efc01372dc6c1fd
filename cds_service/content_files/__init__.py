"""How content is written down, and what its author is told.

It is YAML with the line of every key; problems name file and line.
"""
