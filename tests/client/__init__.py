"""The house itself: packages, pages for contributors, dead code, conformance."""
