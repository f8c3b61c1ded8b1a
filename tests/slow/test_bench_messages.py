from __future__ import annotations

import pytest

from bench.messages import chat_event
from index.errors import YijuError


def test_the_event_of_a_message_is_the_queued_one_with_two_inputs() -> None:
    others = [{"id": 0, "queue": False, "inputs": [1, 2]}, {"id": 1, "queue": None, "inputs": [1]}]
    assert chat_event({"dependencies": [*others, {"id": 7, "queue": True, "inputs": [3, 4]}]}) == 7
    with pytest.raises(YijuError, match="没有提问的事件"):
        chat_event({"dependencies": others})
