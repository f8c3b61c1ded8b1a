"""Keeps Gradio and its libraries from calling anyone; must run before Gradio is imported."""

from __future__ import annotations

import os

SILENCE = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}
"""What each library reads to stay quiet; without it Gradio reports its start to three outside hosts."""


def stay_offline() -> None:
    """Writes `SILENCE` into the environment of this process; what the user set is overruled on purpose."""
    os.environ.update(SILENCE)
