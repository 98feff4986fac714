"""User functions: a Python file whose functions are described to the service and run in a separate process."""
