"""From a question and passages to a cited answer or a refusal."""
