"""Training of the reader (`make reader`). The product never imports it; its dependencies are the extra `training`."""
