"""What people and programs talk to: the chat, the widget and the HTTP interface."""

import os

# Before Gradio is imported, or it tells three outside hosts that it starts; what the user set is overruled on purpose.
os.environ.update(
    {
        "GRADIO_ANALYTICS_ENABLED": "False",
        # Gradio summarises its last 10,000 events with pandas after every single one, for a page that is closed here.
        "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
        "GRADIO_ANALYTICS_MAX_EVENTS": "1",
        "GRADIO_RUN_HISTORY": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
)
