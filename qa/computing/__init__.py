"""Answers that are computed from several figures, each cited."""
