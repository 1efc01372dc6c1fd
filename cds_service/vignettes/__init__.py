"""Vignettes: imaginary patients and proposals as data, each judged as facts and again as FHIR."""
