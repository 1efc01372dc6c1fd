"""What is kept between calls.

It is the decision log, feedback on cards, and tokens that were used. No clinical values are kept by default.
"""
