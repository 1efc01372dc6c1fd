"""How evidence of each kind is found in a case; what the files may write of a kind stands in ``kinds``."""
