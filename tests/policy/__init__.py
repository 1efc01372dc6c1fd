"""The policy language: what it means, and that it means the same however it is judged."""
