"""Pages that show documents and the place a citation names."""
