"""Vignettes: imaginary patients as data, each judged as facts and again as FHIR over HTTP."""
