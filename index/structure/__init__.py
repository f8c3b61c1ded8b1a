"""Outline, title, metadata, passages and versions of a document."""
