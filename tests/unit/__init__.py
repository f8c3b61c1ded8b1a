"""Tests without files, servers or models, in milliseconds each."""
