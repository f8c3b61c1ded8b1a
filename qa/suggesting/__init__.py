"""Example questions and follow-up questions."""
