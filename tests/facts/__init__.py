"""Facts: what a chart says of them, and what it leaves open."""
