"""What was asked: the usage log and its commands."""
