"""What a refusal means: from an HTTP status and a body to one of our errors, in this one place.

Statuses and messages: vendor documentation, "Описание ошибок", and recordings of 404.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct

from .. import masking
from ..errors import (
    AccessDeniedError,
    AuthenticationError,
    GigaChatError,
    InvalidRequestError,
    KeyRefusedError,
    PromptTooLongError,
    RateLimitError,
    RedirectError,
    ScopeRefusedError,
    ServiceError,
    TokensUsedUpError,
    UnavailableToolError,
    UnknownFileError,
    UnknownModelError,
    UnknownToolError,
    nearest,
)
from ..masking import from_outside
from ..messages import SERVICE_TOOLS
from ..setting_values import SCOPES
from ..text import one_line
from .outside import Word, converted, understood
from .retries import LONGEST_RETRY_AFTER
from .wire import Request, Response

LOGIN_HINT = "Run 'gigachat auth login', or set GIGACHAT_CREDENTIALS to the authorization key."

_SCOPE_MISMATCH = 7  # documented: "scope from db not fully includes consumed scope"
_UNREADABLE_KEY = 4  # reported: "Can't decode 'Authorization' header"


class Told(Struct, frozen=True):
    """What an object of the service says of an error.

    `error` is another such object, or its words.  Both it and `message` may be any JSON: an odd error is one as well.
    """

    status: int | None = None
    code: int | str | None = None
    message: Any = None
    error: Any = None

    @property
    def inner(self) -> Told:
        """The object that tells of the error: that one, else this."""
        return converted(self.error, Told) or self if isinstance(self.error, dict) else self


class _Meaning(Struct, frozen=True):
    """What a status means; `{purpose}` and `{model}` stand for those of the request."""

    kind: type[GigaChatError]
    message: str
    hint: str | None = None
    doctor: bool = False


_MEANINGS = {
    400: _Meaning(InvalidRequestError, "The service refused the request as invalid"),
    401: _Meaning(AuthenticationError, "The service refused the access token", LOGIN_HINT),
    402: _Meaning(
        TokensUsedUpError,
        "No tokens are left for the model {model}",
        "Buy tokens for it, or ask another model with ‹model›; 'gigachat models' lists them.",
    ),
    403: _Meaning(AccessDeniedError, "The service denied access", "Check what the account may do.", doctor=True),
    408: _Meaning(ServiceError, "The service did not get {purpose} in time", "Try again."),
    413: _Meaning(
        PromptTooLongError,
        "The prompt is longer than the model {model} can take",
        "Shorten it, or ask a model with a larger context.",
    ),
    422: _Meaning(InvalidRequestError, "The service refused the request as invalid"),
    429: _Meaning(
        RateLimitError,
        "The service says that there are too many requests",
        "Wait a little; a personal account takes one request at a time, other programs included.",
    ),
}
_REDIRECT = _Meaning(
    RedirectError,
    "The service answered {purpose} with a redirect, which is not followed",
    "Check base_url; a proxy or a portal may stand in between.",
)
_TOOL = re.compile(r"(?:Unknown tool (\S+)|Tool (\S+) is unavailable)\Z")
"""The words tell such a refusal of a tool from that of a model or of a field: the status is the same (field notes)."""

_UNKNOWN_MODEL = _Meaning(
    UnknownModelError,
    "The service does not know the model {model}",
    "'gigachat models' lists what your account can use.",
)
_UNKNOWN_FILE = _Meaning(
    UnknownFileError, "The service does not know a file of {purpose}", "'gigachat files list' lists what is stored."
)
_FAILURE = _Meaning(
    ServiceError,
    "The service failed at {purpose}",
    "Try again in a few minutes.",
    doctor=True,
)
_UNKNOWN_PLACE = _Meaning(ServiceError, "The service does not know the address of {purpose}", "Check base_url.")
_OTHER = _Meaning(ServiceError, "The service refused {purpose}")


def refusal(request: Request, response: Response, *, model: str | None = None, now: float = 0.0) -> GigaChatError:
    """The error for an answer that is not a success; `model` is the one that was asked for, `now` Unix time."""
    status = response.status
    if 300 <= status < 400:
        meaning, words = _REDIRECT, ""
    else:
        meaning = _MEANINGS.get(status) or (_FAILURE if status >= 500 else _OTHER)
        words = service_words(response, secrets=request.secrets)
    if status == 404:
        meaning = _unknown(response, words, model)
    passing = status in (408, 429) or status >= 500
    if status == 422 and _speaks_of_length(words):
        meaning = _MEANINGS[413]
    elif status == 422 and _is_passing_fault(words):
        meaning, passing = _FAILURE, True
    tool = _TOOL.match(words) if status in (404, 422) else None
    if tool:
        return _tool_refusal(tool[1] or tool[2], response)
    message = meaning.message.format(purpose=request.purpose, model=model or "of the account")
    kind, hint, doctor = meaning.kind, meaning.hint, meaning.doctor
    retry_after = _retry_after(response.headers, now) if passing else None
    if retry_after is not None and retry_after > LONGEST_RETRY_AFTER:
        kind, doctor = RateLimitError, False
        hint = f"The service asks to be left alone for {_duration(retry_after)}: try again then."
    problem = kind(
        f"{message} (HTTP {status}){': ' + words if words else ''}.",
        hint=hint,
        doctor=doctor,
        status=status,
        request_id=response.request_id,
    )
    problem.retry_after = retry_after
    if isinstance(problem, ServiceError):
        problem.passing = passing
    return problem


def _unknown(response: Response, words: str, model: str | None) -> _Meaning:
    """What a 404 is about.

    The service says it in JSON, as `{"status": 404, "message": "No such model"}` (recorded).  A gateway that does not
    know the address answers with a page, or with JSON of its own, and says nothing about a model.
    """
    found = understood(response.body, Told)
    if re.search(r"(?i)\bfile|файл", words):
        return _UNKNOWN_FILE
    own = found is not None and found.status == 404 and found.error is None
    of_the_service = own and words.lower() not in ("", "not found")
    named = re.search(r"(?i)model|модел", words) is not None and found is not None
    return _UNKNOWN_MODEL if model is not None and (of_the_service or named) else _UNKNOWN_PLACE


def _tool_refusal(tool: str, response: Response) -> GigaChatError:
    status, request_id = response.status, response.request_id
    if status == 422:
        return UnavailableToolError(
            f"The service's tool {tool} is not available to this account (HTTP {status}).",
            hint="Ask without it; what an account may use depends on its scope.",
            status=status,
            request_id=request_id,
        )
    near = nearest(tool, list(SERVICE_TOOLS))
    return UnknownToolError(
        f"The service does not know the tool {tool} (HTTP {status}).",
        hint=f"Did you mean {near}?" if near else f"Known are {', '.join(SERVICE_TOOLS)}.",
        status=status,
        request_id=request_id,
    )


def login_refusal(request: Request, response: Response, *, scope: str, doubt: str, now: float = 0.0) -> GigaChatError:
    """The error for an answer of the OAuth address that is not a success; `doubt` is what the key's form suggests."""
    status, found = response.status, understood(response.body, Told) or Told()
    code = Word.of(from_outside(found.code)) or None if isinstance(found.code, str) else found.code
    if status not in (400, 401, 403):
        problem = refusal(request, response, now=now)
        problem.next_step = problem.next_step and problem.next_step.replace("base_url", "auth_url")
        return problem
    words = service_words(response, secrets=request.secrets)
    said = f": {words}" if words else ""
    where = f"(HTTP {status}, code {code})" if code is not None else f"(HTTP {status})"
    if code == _SCOPE_MISMATCH:
        problem = ScopeRefusedError(
            f"The authorization key does not belong to the scope {scope} {where}{said}.",
            hint=f"Try another scope with ‹scope›: {', '.join(SCOPES)}.",
        )
    elif code in (1, 5):  # documented: "scope data format invalid", "scope is empty"
        problem = ScopeRefusedError(
            f"The service does not know the scope {scope} {where}{said}.",
            hint=f"The scopes are {', '.join(SCOPES)}.",
        )
    else:
        message = "could not read" if code == _UNREADABLE_KEY else "refused"
        problem = KeyRefusedError(
            f"The service {message} the authorization key {where}{said}.",
            hint=doubt or "Copy the authorization key of your account anew and run 'gigachat auth login'.",
        )
    problem.status, problem.request_id = status, response.request_id
    return problem


def error_told(request: Request, told: Told, *, request_id: str | None = None) -> GigaChatError:
    """The error that an object of the service tells of, whatever the HTTP status it came under."""
    inner = told.inner
    status = inner.code if isinstance(inner.code, int) and inner.status is None else inner.status
    said = told.error if isinstance(told.error, str) else inner.message
    words = _line("" if said is None else str(said), request.secrets)
    where = f" (status {status})" if status is not None else ""
    message = f"The service answered {request.purpose} with an error{where}{': ' + words if words else ''}."
    if status == 429:
        return RateLimitError(message, hint=_MEANINGS[429].hint, status=status, request_id=request_id)
    problem = ServiceError(message, status=status, request_id=request_id, hint="Try again.", doctor=True)
    problem.passing = status == 408 or (status == 422 and _is_passing_fault(words))
    return problem


def service_words(response: Response, *, secrets: tuple[str, ...] = ()) -> str:
    """What the service or a gateway says, as one clean line without secrets; empty when it says nothing."""
    found = understood(response.body, Told)
    if found is not None:
        said = found.inner.message if found.message is None else found.message
        return _line(said if isinstance(said, str) else "", secrets)
    text = response.body[:65536].decode("utf-8", "replace")
    if "<" in text and ("html" in response.headers.get("content-type", "") or "<html" in text.lower()):
        text = _page_words(text)
    return _line(text, secrets)


def _line(text: str, secrets: tuple[str, ...]) -> str:
    return masking.words(text, secrets).rstrip(".")


def _page_words(page: str) -> str:
    """The title of a gateway's page, or else its text."""
    from html import unescape

    page = re.sub(r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)", " ", page)
    title = re.search(r"(?is)<(title|h1)\b[^<>]*>([^<]*)", page)
    words = one_line(unescape(re.sub(r"<[^<>]*>", " ", title[2] if title else page)))
    return f"a web page, “{words}”" if words else "a web page"


def _speaks_of_length(words: str) -> bool:
    from .refusal_words import speaks_of_length  # its patterns cost milliseconds, and are rarely needed

    return speaks_of_length(words)


def _is_passing_fault(words: str) -> bool:
    from .refusal_words import is_passing_fault  # as above

    return is_passing_fault(words)


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds, from either form of the header (RFC 9110, 10.2.3); a date counts by the service's own clock."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    until = _moment(value)
    return None if until is None else max(0.0, until - (_moment(headers.get("date", "")) or now))


def _moment(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _duration(seconds: float) -> str:
    if seconds < 2 * 60:
        return f"{seconds:.0f} seconds"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 100 * 3600 else "days"
