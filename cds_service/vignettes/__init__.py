"""Vignettes: imaginary patients and proposals as data.

Each is judged as facts and again as FHIR.
"""
