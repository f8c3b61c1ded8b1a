"""`yiju-serve` with an assistant whose streams never end, as a script."""

from __future__ import annotations

FAKE = """
import sys, time, types
from itertools import repeat
from index.store.folder_store import FolderStore
from tests.support.fake_answerer import FakeAnswerer
class Endless(FakeAnswerer):
    def stream(self, *asked):
        for answer in repeat(self.ask(*asked)):
            time.sleep(0.02)
            yield answer
    def warm(self):
        pass
bootstrap = types.ModuleType("qa.bootstrap")
class Opener:
    def __init__(self, settings):
        if settings.caution != "normal":
            raise SystemExit(f"opened with caution {settings.caution}")
        self.store = FolderStore(settings.index)
    def open(self):
        return Endless()
    def encoder(self, name):
        raise NotImplementedError
bootstrap.Opener = Opener
sys.modules["qa.bootstrap"] = bootstrap
from ui.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
