"""What was decided, said to people.

Cards, pages and the command line take their words from here.
"""
