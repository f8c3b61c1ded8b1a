"""Tests that take long or need more than the product: clusters, training, benchmarks, faults."""
