"""Reads a multipart form that has arrived as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import HeaderParser
from email.policy import HTTP


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. ``filename`` is None for a plain field; ``mime`` is in small letters, no parameters."""

    name: str
    filename: str | None
    mime: str
    content: bytes


def read_form(content_type: str, body: bytes) -> dict[str, Part]:
    """Return the fields of a form by name. Raises ValueError for what is no multipart form."""
    header = EmailMessage(policy=HTTP)
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise ValueError("no multipart form")
    line = b"\r\n--" + boundary.encode()
    _, *pieces = (b"\r\n" + body).split(line)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("the form has no end")
    parts = [_part(piece) for piece in pieces[:-1]]
    return {part.name: part for part in parts}


def _part(piece: bytes) -> Part:
    head, blank, content = piece.partition(b"\r\n\r\n")
    if not blank:
        raise ValueError("a part without headers")
    # The policy decodes what the parser returns into an EmailMessage, whose own getters know every spelling.
    headers = HeaderParser(policy=HTTP).parsestr(head.decode("utf-8", "replace").lstrip("\r\n"))
    disposition = headers["Content-Disposition"]
    name = disposition.params.get("name") if disposition is not None else None
    if not name:
        raise ValueError("a part without a name")
    mime = headers.get_content_type() if "Content-Type" in headers else ""
    return Part(name, headers.get_filename(), mime, content)
