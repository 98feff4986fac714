"""The engine: GigaChat as a library, and all that the program knows of the service.

from . import GigaChat
"""

from ..messages import Answer, Chunk, Message, Usage
from .client import GigaChat

__all__ = ["Answer", "Chunk", "GigaChat", "Message", "Usage"]
