"""Reports of an evaluation as JSON, text, HTML and Markdown, and the regression gate."""
