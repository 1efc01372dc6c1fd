"""What is read of codes, units and numbers, as charts write them."""
