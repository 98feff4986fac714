"""The simulator as seen from outside: by the official SDK, by plain HTTP, by its commands."""
