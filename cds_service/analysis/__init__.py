"""What can be shown of a policy before a clinician meets it: mistakes, what it can decide, and what its vignettes would catch."""
