"""How the tables came to be what they are: one module for each change, applied in order by ``cds-service store upgrade``."""
