"""What was decided, said to people and to programs.

Cards, pages and the command line take their words from here.
"""
