"""Tests of several parts together: files, models, commands and servers of this machine."""
