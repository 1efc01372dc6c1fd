"""Content: policies, payers and the files that hold them."""
