"""Value sets compared with the whole classification.

It finds families with holes and codes that do not exist, and makes expansions of what is meant.
"""
