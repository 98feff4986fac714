"""A conversation: what was said so far, what is sent with the next question, and its record in the history."""

from .conversation import Conversation, Exchange, NamedModel, continuation_request, exchanges_from, named_model

__all__ = ["Conversation", "Exchange", "NamedModel", "continuation_request", "exchanges_from", "named_model"]
