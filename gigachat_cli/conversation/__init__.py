"""A conversation: what was said so far, what is sent with the next question, and its record in the history."""

from .conversation import Conversation, Exchange, NamedModel, exchanges_from, named_model
from .question import OWN_FIELDS, Question

__all__ = ["OWN_FIELDS", "Conversation", "Exchange", "NamedModel", "Question", "exchanges_from", "named_model"]
