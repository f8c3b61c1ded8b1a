"""Builds the models that the product ships. Never imported by the product; needs the extra `training`."""
