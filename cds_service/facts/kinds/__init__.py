"""The closed list of evidence kinds, one module for each way a chart says something."""
