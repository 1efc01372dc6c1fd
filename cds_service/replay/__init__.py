"""Replay: judges every order of an export as order-sign would have.

The judgement is the same as in a call, over a whole population.
"""
