"""Questions that a table answers: one of its cells, the largest, a sum, a difference, each read off the grid."""
