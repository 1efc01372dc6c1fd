"""Facts: the typed catalogue of what a chart can document.

Here stands also how a fact is found in a chart.
"""
