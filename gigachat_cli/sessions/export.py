"""A session as Markdown for people, and as JSON values for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ..messages import Answer, Message
from ..moments import iso_time, shown_time
from .turns import SessionTurns, Turn
from .values import Session

SEAM = "*— continued —*"


def conversation_markdown(conversation: SessionTurns) -> str:
    """One conversation as Markdown: a heading, then each question with its answer, or why it has none."""
    session = conversation.session
    lines = [f"# {session.title or session.name or session.id}", ""]
    lines += [f"- Session: `{session.id}`" + (f" ({session.name})" if session.name else "")]
    lines += [f"- Begun: {shown_time(session.created_at)}"]
    if session.model:
        lines += [f"- Model: {session.model}"]
    if session.system:
        lines += ["", "## System message", "", session.system]
    for turn in conversation.turns:
        lines += ["", f"## Question {turn.number} · {shown_time(turn.started_at)}", "", turn.prompt.content]
        if turn.prompt.attachments:
            lines += ["", "Attached: " + ", ".join(f"`{each}`" for each in turn.prompt.attachments)]
        for message in turn.messages[1 : -1 if turn.answer else None]:
            lines += ["", *_step(message)]
        if turn.answer:
            lines += ["", f"## Answer {turn.number}" + (f" · {turn.model}" if turn.model else "")]
            lines += ["", with_seams(turn.answer.text, turn.seams)]
        mark = state_mark(turn)
        if mark:
            lines += ["", f"*{mark}*"]
    return "\n".join(lines) + "\n"


def state_mark(turn: Turn) -> str:
    """A sentence that says why a turn is not complete; "" for a complete one."""
    if turn.state == "complete":
        return ""
    if turn.state == "running":
        return "The answer is still running."
    finish_reason = turn.answer.finish_reason if turn.answer else None
    reason = turn.problem or (f"It ended with {finish_reason!r}." if finish_reason else "")
    return f"{'This answer is partial.' if turn.state == 'partial' else 'No answer.'} {reason}".rstrip()


def with_seams(text: str, seams: tuple[int, ...]) -> str:
    """The answer with a line where another request went on with it, or a note below it where a line would break
    Markdown.
    """
    pieces, told, start = [], 0, 0
    for seam in seams:
        inside_code = sum(line.lstrip().startswith(("```", "~~~")) for line in text[:seam].split("\n")) % 2
        if inside_code:
            told += 1
        else:
            pieces.append(text[start:seam].rstrip("\n"))
            start = seam
    pieces.append(text[start:].lstrip("\n") if pieces else text)
    shown = f"\n\n{SEAM}\n\n".join(pieces)
    return shown + f"\n\n*Continued {told} time{'s' * (told > 1)} inside the code.*" if told else shown


def conversation_data(conversation: SessionTurns) -> dict[str, Any]:
    """One conversation as JSON values.  Keys are only ever added."""
    return {
        **session_data(conversation.session),
        "history": [turn_data(each) for each in conversation.turns],
    }


def session_data(session: Session) -> dict[str, Any]:
    """A session as JSON values, with times as ISO 8601 with the time zone."""
    return {
        "id": session.id,
        "name": session.name,
        "title": session.title,
        "kind": session.kind,
        "model": session.model,
        "system": session.system,
        "created": iso_time(session.created_at),
        "updated": iso_time(session.updated_at),
        "turns": session.turns,
        "total_tokens": session.total_tokens,
    }


def turn_data(turn: Turn) -> dict[str, Any]:
    """A turn as JSON values."""
    return {
        "number": turn.number,
        "state": turn.state,
        "started": iso_time(turn.started_at),
        "ended": iso_time(turn.ended_at),
        "model": turn.model,
        "options": dict(turn.options),
        "messages": [_message_data(each) for each in turn.messages],
        "answer": _answer_data(turn.answer),
        "seams": list(turn.seams),
        "problem": None if turn.problem_code is None else {"code": turn.problem_code, "message": turn.problem},
    }


def _answer_data(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {
        "text": answer.text,
        "reasoning": answer.reasoning,
        "finish_reason": answer.finish_reason,
        "complete": answer.complete,
        "usage": asdict(answer.usage) if answer.usage else None,
        "request_id": answer.request_id,
    }


def _message_data(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name:
        data["name"] = message.name
    if message.function_call:
        data["function_call"] = message.function_call.as_object()
    if message.functions_state_id:
        data["functions_state_id"] = message.functions_state_id
    if message.attachments:
        data["attachments"] = list(message.attachments)
    return data


def _step(message: Message) -> list[str]:
    if message.function_call:
        call = message.function_call
        arguments = call.raw if call.problem else json.dumps(dict(call.arguments), ensure_ascii=False)
        unread = f", which was not run: its arguments {call.problem}" if call.problem else ""
        return [f"Function call: `{call.name}({arguments})`{unread}"]
    if message.role == "function":
        return [f"Result of `{message.name}`:", "", "```json", message.content, "```"]
    return [message.content]
