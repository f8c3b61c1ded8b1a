"""Documents in, passages out: loading, outlining, splitting, encoding, searching."""
