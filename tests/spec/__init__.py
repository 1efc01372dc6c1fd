"""The readable specification of the policy language: chapters of prose and tables, each row of which is a test."""
