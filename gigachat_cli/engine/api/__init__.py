"""The service's endpoints, one file each: values to JSON on the way out, JSON to values on the way in."""
