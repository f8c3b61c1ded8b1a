"""Fuzzing: loaders, the reader of index folders, and the HTTP interface, given what nobody would write on purpose.

`make fuzz` runs everything in turn; `tests/slow/test_fuzz.py` replays the corpus that is kept here.
"""
