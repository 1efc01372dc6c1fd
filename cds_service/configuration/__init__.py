"""What an operator decides.

One frozen object, read once from flags and environment, and the page made of it.
"""
