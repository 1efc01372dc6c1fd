"""FHIR resources as they are read."""
