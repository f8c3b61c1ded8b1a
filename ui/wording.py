"""What the chat says beside its answers, and Gradio's own words in Chinese."""

from __future__ import annotations

CLAIM = "每个答案都有出处"

HINT = """## 想从文档里知道什么？

答案逐条注明出处，点编号看原文；文档里没有的，会直说没有。
"""

TRANSLATIONS = {
    "chatbot.copy_message": "复制",
    "chatbot.copied_message": "已复制",
    "chatbot.retry": "重试",
    "chatbot.undo": "撤销",
    "chatbot.clear": "清空",
    "chatbot.submit": "发送",
    "chatbot.cancel": "取消",
    "chat_interface.message_placeholder": "就文档提问",
    "common.submit": "发送",
    "common.stop": "停止",
    "common.error": "出错了",
    "common.loading": "载入中",
    "status.queue_position": "排队中",
}
"""Given for every locale, so that every browser reads Chinese."""
