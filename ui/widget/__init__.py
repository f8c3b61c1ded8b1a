"""The widget's script and its pages."""
