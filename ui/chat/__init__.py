"""The Gradio chat and how answers are shown in it."""
