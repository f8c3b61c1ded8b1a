"""Fitting of the weights around the reader's network."""
