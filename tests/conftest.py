"""What holds for every test."""

from ui.offline import stay_offline

stay_offline()  # before any test imports Gradio, which would call home
