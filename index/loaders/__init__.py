"""Files in, verbatim text out; one module a format."""
