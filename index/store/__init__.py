"""Index folders: building, changing, reading, backing up and repairing them."""
