"""The policy language: what criteria are, how they are read, what they mean, and why they came out so."""
