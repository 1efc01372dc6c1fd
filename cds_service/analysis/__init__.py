"""What can be shown of a policy before a clinician meets it: what can be met, which chart tells, which mistakes are noticed."""
