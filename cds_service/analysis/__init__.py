"""What can be shown of a policy before a clinician meets it: which mistakes its vignettes would catch, and which they would not."""
