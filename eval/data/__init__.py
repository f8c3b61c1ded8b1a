"""Question sets: read, checked, drafted and answered."""
