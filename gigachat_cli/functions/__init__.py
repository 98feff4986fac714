"""A person's own functions for the model: a Python file, described for the service and run in a process apart."""
