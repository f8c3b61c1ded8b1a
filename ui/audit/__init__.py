"""Who asked what of which document: a file that is only ever appended to, and shows whether anything in it was changed.

`chain.py` makes and checks the lines, `people.py` keeps what names stand behind them and can be forgotten, `log.py`
writes behind the answers' backs, `command.py` is `yiju-serve audit`.
"""
