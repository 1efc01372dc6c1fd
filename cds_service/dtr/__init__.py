"""Da Vinci DTR, the payer's side.

Packages of forms, adaptive forms, and what a client of either needs besides.
"""
