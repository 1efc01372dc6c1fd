"""The policy language: the criteria of policies and what they mean.

The room reads them, judges them, and tells why they came out so.
"""
