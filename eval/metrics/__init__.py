"""Scores of retrieval and of answers, with intervals and tests."""
