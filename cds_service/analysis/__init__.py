"""Questions about policies that a solver answers: what can be met, what differs, and which chart shows it."""
