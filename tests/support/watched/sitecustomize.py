"""Python runs this at start when its folder is on PYTHONPATH: every address a process turns to goes to a log."""

import json
import os
import sys
from pathlib import Path

LOG = os.environ.get("YIJU_SOCKET_LOG")
WATCHED = ("socket.connect", "socket.sendto", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname")


def note(event: str, arguments: tuple) -> None:
    if event in WATCHED:
        address = arguments[0] if isinstance(arguments[0], str | bytes | None) else arguments[1]
        with Path(LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps([event, str(address), " ".join(sys.argv)], ensure_ascii=False) + "\n")


if LOG:
    sys.addaudithook(note)
