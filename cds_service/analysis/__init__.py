"""Analysis of policies before a clinician meets them.

It finds mistakes, what a policy can decide, and what its vignettes would catch.
"""
