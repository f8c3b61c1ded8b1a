"""From what a user types to standalone questions and what they ask for."""
