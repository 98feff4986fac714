"""What the words of a refusal speak of, where its status alone does not tell.

A 422 is most often a field that is wrong.  It can also be a conversation that is too long (vendor documentation: "a
document longer than the context"), or a fault of the service itself, which then names its own exception
(`EventException`: seen by users).  The sentences are documented nowhere and come in English or in Russian, so words
are looked for: a thing that has a length, and a word for too much.
"""

from __future__ import annotations

import re


def _any_of(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(words)})(?![\w-])", re.IGNORECASE)


_TOO_MUCH = _any_of(
    r"too (?:long|large|big|many)",
    r"exceed\w*",
    r"limit\w*",
    r"(?:longer|larger|bigger|more|greater) than",
    r"must be (?:less|shorter|smaller)",
    r"at most",
    r"max(?:imum|imal)?",
    r"reduce|shorten",
    r"(?:does not|doesn't|do not|don't|cannot) fit",
    r"слишком (?:длинн|больш|велик|много)\w*",
    r"превы[шс]\w*",
    r"(?:больше|длиннее|не более)",
    r"не (?:должн|помещ|помест|вмещ|вмест|умещ|умест)\w*",
    r"максимальн\w*",
    r"лимит\w*",
    r"ограничен\w*",
    r"сократи\w*|уменьши\w*",
)
_CONTEXT = _any_of(r"context\w*", r"max_(?:seq|model|position)_len\w*", r"контекст\w*")
_OTHER_LENGTH = _any_of(
    r"prompt(?:_tokens)?s?",
    r"conversations?|dialogs?|dialogues?|history",
    r"messages",
    r"documents?",
    r"request|payload|entity",
    r"input",
    r"tokens?",
    r"промпт\w*",
    r"диалог\w*|истори\w*|переписк\w*",
    r"сообщени\w*",
    r"документ\w*",
    r"запрос(?:а|е|у|ом)?",  # not the plural, which is their number
    r"токен\w*",
    r"входн\w+ (?:текст|данн)\w*",
)
_OF_A_FIELD = re.compile(
    r"max_tokens|name\b|title|descri|schema|function|parameter|\btools?\b|attach|image|audio|\bfile|\bid\b"
    r"|temperature|top_p|penalty|interval|concurren|parallel|per (?:second|minute|hour|day)"
    r"|\bимен|\bимя|назван|описан|схем|функци|параметр|инструмент|вложен|изображ|картин|аудио|файл|одновременн",
    re.IGNORECASE,
)
"""Words of something else that can be too long or too many; what the conversation drops would not help it."""

_INPUT_AT_FAULT = r"(?:Illegal|Invalid|Validation|BadRequest|Unsupported|NotFound|Parse|Parsing|Json|Schema)"
_EXCEPTION = re.compile(rf"(?<!\w)(?!{_INPUT_AT_FAULT})[A-Z]\w*Exception(?!\w)")
_LATER = _any_of(
    r"try (?:it )?again|retry later",
    r"temporar\w+",
    r"time(?:d)?[ -]?out",
    r"internal (?:server )?error",
    r"(?:service|server) (?:is )?(?:temporarily )?(?:busy|unavailable|overloaded)",
    r"попробуйте (?:ещё|еще|позже|позднее|снова)|повторите (?:попытку|запрос)",
    r"временн\w* (?:недоступ|ошибк|сбо|неполад)\w*",
    r"внутренн\w+ ошибк\w*",
    r"(?:сервис|сервер) (?:временно )?(?:недоступ|перегруж)\w*",
)


def speaks_of_length(words: str) -> bool:
    """Whether a refusal says that the conversation, or a document in it, is longer than the model takes."""
    if not _TOO_MUCH.search(words):
        return False
    if _CONTEXT.search(words):
        return True
    return _OTHER_LENGTH.search(words) is not None and not _OF_A_FIELD.search(words)


def is_passing_fault(words: str) -> bool:
    """Whether a refusal tells of a fault of the service itself, which may be gone a moment later."""
    if _EXCEPTION.search(words):
        return True
    return not words.lower().startswith("invalid param") and _LATER.search(words) is not None
