"""Who may call, and whom the service calls: tests with real sockets, keys and stores."""
