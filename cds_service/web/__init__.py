"""Pages for people: the library, a policy, the playground, a decision, operations. Rendered on the server, no outside assets."""
