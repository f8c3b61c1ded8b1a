"""Evaluation: data sets, scores with intervals, reports and the regression gate."""
