"""One process of the service: starting, answering, ending, recovering."""
