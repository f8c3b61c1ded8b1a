"""People and programs: the Gradio chat, the HTTP API, the embeddable widget."""
