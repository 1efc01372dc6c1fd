"""FHIR R4 JSON as clients send it: codes, elements, value sets, validation."""
