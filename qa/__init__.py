"""Passages in, cited answers out: question analysis, reading, verification."""
