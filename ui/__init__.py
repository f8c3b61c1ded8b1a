"""What people and programs talk to: the chat, the widget and the HTTP interface."""
