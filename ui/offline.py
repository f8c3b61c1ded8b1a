"""Keeps libraries from calling anyone; must run before Gradio and onnxruntime are imported."""

from __future__ import annotations

import os

SILENCE = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    # Gradio summarises its last 10,000 events with pandas after every single one, for a page that is closed here.
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_RUN_HISTORY": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
}
"""What each library reads to stay quiet; without it Gradio reports its start to three outside hosts."""


def stay_offline() -> None:
    """Writes `SILENCE` into the environment of this process; what the user set is overruled on purpose."""
    os.environ.update(SILENCE)
