"""Finders: how evidence of each kind is found in a case.

What the fact files may write of a kind stands in ``kinds``.
"""
