"""Documents in, passages out: loading, outlining, splitting, encoding, searching."""

import os

# onnxruntime 1.32 looks up mobile.events.data.microsoft.com ten seconds after its import, from native code that no
# Python hook sees, and keeps a device id in the user's cache. Only this, before the import, stops it;
# its own `disable_telemetry_events()` comes too late. `tests/slow/test_offline.py` would notice.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
