"""Chinese grammar: words, measures, periods, quantities and polarity."""
