"""Search over vectors and over terms, and the fusion of both."""
