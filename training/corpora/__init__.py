"""Documents that question sets and training ask about, written from the shared data."""
