"""Scores of answers that a language model wrote."""
