"""The content held: policies, payers, value sets and facts.

It is read and checked as a whole. ``library`` tells which policy an order falls under.
"""
