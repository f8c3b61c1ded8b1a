"""The process that reads files, where the system limits no process."""

import sys
from importlib import import_module

if __name__ == "__main__":
    sys.modules["resource"] = None  # type: ignore[assignment]  # what Windows lacks
    sys.exit(import_module("index.sandbox.worker").main(sys.argv[1:]))
