"""The SMART app, launched from an EHR.

It shows a decision with its evidence, asks what is open, and saves the answers in the EHR.
"""
