"""The tests: what the language means, what each policy decides, and how the service behaves on the wire."""
