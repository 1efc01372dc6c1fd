"""The SMART app against an EHR of the tests' own, which is strict where public launchers are loose."""
