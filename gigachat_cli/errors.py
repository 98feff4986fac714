"""Everything that can go wrong, as a tree.  Each leaf carries what a script and a person need.

GigaChatError                      1  error
├── UsageError                     2  usage               a bad flag, no prompt, an unreadable file
│   ├── ConfigError                2  config              a bad setting: the file or variable is named
│   └── HistoryError               2  history             the history cannot be read or written, and is needed
│       └── BrokenHistoryError     2  broken_history      its file is no database, or a malformed one
├── AuthenticationError            3  authentication      401 after one renewal
│   ├── MissingKeyError            3  no_key              no authorization key anywhere
│   ├── KeyRefusedError            3  key_refused         OAuth refused the key
│   ├── ScopeRefusedError          3  scope_refused       the key belongs to another scope
│   └── AccessDeniedError          3  access_denied       403
├── NetworkError                   4  network
│   ├── ConnectionFailedError      4  connection          no connection, or it broke before the answer was whole
│   ├── TLSError                   4  tls                 the peer could not be proved
│   ├── ProxyError                 4  proxy               the proxy refused, or could not reach the service
│   ├── SilenceError               4  timeout             nothing came for too long
│   └── StreamError                4  stream              an answer that cannot be read, or an empty one
│       ├── TooLargeError          4  too_large           more came than is taken: 64 MiB of an answer, 1 GiB of a file
│       ├── CutAnswerError         4  cut                 an answer that ended before its end
│       └── NoAnswerError          4  no_answer           neither a text nor a call of a function that was offered
├── ServiceError                   1  service             other 4xx, 5xx after retries, an error object
│   ├── RedirectError              1  redirect            a redirect, which is never followed
│   ├── UnknownModelError          1  unknown_model       404 for a model
│   ├── UnknownFileError           1  unknown_file        404 for a file
│   ├── PromptTooLongError         1  prompt_too_long     413, and 422 that speaks of length
│   ├── InvalidRequestError        1  invalid_request     400, other 422
│   ├── UnknownToolError           1  unknown_tool        404 for a tool of the service
│   ├── UnavailableToolError       1  unavailable_tool    422 for a tool that the account may not use
│   └── ContentFilterError         1  content_filter      finish_reason "blacklist"
├── OutputError                    1  output              stdout or the output file could not be written
├── QuotaError                     5  quota
│   ├── RateLimitError             5  rate_limit          429 after retries, or a rest of over a minute is asked for
│   ├── TokensUsedUpError          5  tokens_used_up      402
│   └── QueueError                 5  queue               no free slot of the account in time
├── NotAsAskedError                6  not_as_asked        answered, but not as asked
│   ├── ItemsFailedError           6  items_failed        some items of a batch failed
│   ├── NothingToExtractError      6  nothing_to_extract  no fenced code block in the answer
│   ├── NothingDrawnError          6  nothing_drawn       no picture in the answer
│   ├── SchemaMisfitError          6  schema_misfit       no answer fits the schema
│   │   └── SchemaCheckError       6  schema_check        whether an answer fits was not found out in time
│   ├── FunctionCallError          6  function_call       a function call, where a text was to be printed
│   └── TooManyRoundsError         6  too_many_rounds     the model calls functions and does not answer
└── ClosedPipeError              141  closed_pipe         nobody reads on: the program ends without a word
"""

from __future__ import annotations

from typing import ClassVar

from .ways import worded

DOCTOR = "'gigachat doctor' checks each step of the way."


class GigaChatError(Exception):
    """A problem that a person can read.

    `message` is one sentence on what happened, `next_step` one on what to do, with its ways unsaid.  `hint` is that
    step in the words of the front end (see `ways`); with `doctor` it also sends the person to that command, which
    itself shows the step alone.  `status` is the HTTP status and
    `request_id` the service's own id of the request, where there are such.  None of them holds a secret.
    `retry_after` is how many seconds the service wants to be left alone, where it says so.  With `never_left` nothing
    of what was to be sent has left this machine: there was no login, no place in the queue, or no connection.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"
    retry_after: float | None = None
    never_left: bool = False

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        doctor: bool = False,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        message = _one_stop(message)
        super().__init__(message)
        self.message = message
        self.next_step = hint and _one_stop(hint)
        self.doctor = doctor
        self.status = status
        self.request_id = request_id

    @property
    def hint(self) -> str | None:
        said = worded(self.next_step) if self.next_step else None
        return " ".join(filter(None, (said, DOCTOR if self.doctor else None))) or None

    @hint.setter
    def hint(self, text: str | None) -> None:
        self.next_step = text and _one_stop(text)
        self.doctor = False

    def add_hint(self, text: str) -> None:
        """Say one sentence more on what to do."""
        self.next_step = " ".join(filter(None, (self.next_step, _one_stop(text))))


class UsageError(GigaChatError):
    exit_code = 2
    code = "usage"


class ConfigError(UsageError):
    code = "config"


class HistoryError(UsageError):
    """The history could not be read or written.  It never costs an answer that does not need the history."""

    code = "history"


class BrokenHistoryError(HistoryError):
    code = "broken_history"


class AuthenticationError(GigaChatError):
    exit_code = 3
    code = "authentication"


def no_temporary_file(problem: OSError) -> UsageError:
    """The error where nothing temporary can be written."""
    hint = "Set TMPDIR to a folder that you can write in."
    return UsageError(f"No temporary file could be made: {problem.strerror}.", hint=hint)


NO_KEY = "There is no authorization key."
NO_KEY_HINT = (
    "Get one at developers.sber.ru and run 'gigachat auth login', or set GIGACHAT_CREDENTIALS. Without one, "
    "'gigachat simulator -- gigachat chat' converses with a stand-in."
)


class MissingKeyError(AuthenticationError):
    code = "no_key"


class KeyRefusedError(AuthenticationError):
    code = "key_refused"


class ScopeRefusedError(AuthenticationError):
    code = "scope_refused"


class AccessDeniedError(AuthenticationError):
    code = "access_denied"


class NetworkError(GigaChatError):
    exit_code = 4
    code = "network"


class ConnectionFailedError(NetworkError):
    """`maybe_done`: the request had been sent whole, and doing what it asks a second time could cost twice."""

    code = "connection"
    maybe_done: bool = False


class TLSError(NetworkError):
    code = "tls"


class ProxyError(NetworkError):
    """`may_pass`: the proxy could not reach the service, and may a little later."""

    code = "proxy"
    may_pass: bool = False


class SilenceError(NetworkError):
    code = "timeout"


class StreamError(NetworkError):
    code = "stream"


class TooLargeError(StreamError):
    code = "too_large"


class CutAnswerError(StreamError):
    code = "cut"


class NoAnswerError(StreamError):
    """The service came to an end, with nothing that can be used."""

    code = "no_answer"


class ServiceError(GigaChatError):
    """`passing`: the service refused for a reason that may be gone a little later."""

    code = "service"
    passing: bool = False


class RedirectError(ServiceError):
    code = "redirect"


class UnknownModelError(ServiceError):
    code = "unknown_model"


class UnknownFileError(ServiceError):
    code = "unknown_file"


class PromptTooLongError(ServiceError):
    code = "prompt_too_long"


class InvalidRequestError(ServiceError):
    code = "invalid_request"


class UnknownToolError(ServiceError):
    code = "unknown_tool"


class UnavailableToolError(ServiceError):
    code = "unavailable_tool"


class ContentFilterError(ServiceError):
    code = "content_filter"


class OutputError(GigaChatError):
    code = "output"


class QuotaError(GigaChatError):
    exit_code = 5
    code = "quota"


class RateLimitError(QuotaError):
    code = "rate_limit"


class TokensUsedUpError(QuotaError):
    code = "tokens_used_up"


class QueueError(QuotaError):
    code = "queue"


class NotAsAskedError(GigaChatError):
    exit_code = 6
    code = "not_as_asked"


class ItemsFailedError(NotAsAskedError):
    code = "items_failed"


class NothingToExtractError(NotAsAskedError):
    code = "nothing_to_extract"


class SchemaMisfitError(NotAsAskedError):
    """`answer` is the last one that did not fit."""

    code = "schema_misfit"
    answer: str = ""


class SchemaCheckError(SchemaMisfitError):
    code = "schema_check"


class FunctionCallError(NotAsAskedError):
    code = "function_call"


class NothingDrawnError(NotAsAskedError):
    code = "nothing_drawn"


class TooManyRoundsError(NotAsAskedError):
    code = "too_many_rounds"


class ClosedPipeError(GigaChatError):
    exit_code = 141
    code = "closed_pipe"


EXIT_INTERRUPTED = 130
"""Ctrl-C; another signal that ends the program gives 128 + its number (SIGTERM: 143)."""


def _one_stop(text: str) -> str:
    """The text with one full stop at its end, where another's sentence brought its own."""
    sentence = text.removesuffix(".")
    if sentence == text or (text.endswith("...") and not text.endswith("....")):
        return text
    return sentence if sentence.endswith((".", "!", "?", "…")) else text


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that `word` was most likely meant to be, if any is near."""
    from difflib import get_close_matches

    found = get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else None
