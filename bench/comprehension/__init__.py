"""Benchmarks on public reading comprehension sets."""
