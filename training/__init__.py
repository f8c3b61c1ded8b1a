"""Workshop that builds the models; no part of the product."""
