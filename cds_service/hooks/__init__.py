"""CDS Hooks on the wire: discovery, order-sign in seven steps, cards, messages."""
