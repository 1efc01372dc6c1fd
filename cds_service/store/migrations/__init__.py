"""The changes that made the tables what they are.

There is one module for each change, applied in order by ``cds-service store upgrade``.
"""
