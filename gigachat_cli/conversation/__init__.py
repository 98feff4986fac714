"""A conversation: what was said so far, what is sent with the next question, and its record in the history."""

from .conversation import Conversation, Exchange, continuation_request, exchanges_from

__all__ = ["Conversation", "Exchange", "continuation_request", "exchanges_from"]
