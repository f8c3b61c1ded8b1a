"""Paragraphs by an optional language model, checked sentence by sentence."""
