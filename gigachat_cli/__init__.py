"""gigachat: a terminal client for Sber's GigaChat."""

__version__ = "0.1.0"
