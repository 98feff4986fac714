"""Refusals are read for what they are: a fault that passes is waited for, and only length shortens a conversation."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from gigachat_cli.engine.refusal_words import is_passing_fault, speaks_of_length
from gigachat_cli.simulator import Simulator

from ..conftest import Program
from .conftest import ended
from .stand import answer, completion, event_stream, refusal, stand

LENGTH = """
Payload too large
Invalid params: prompt is too long
Invalid params: the sum of prompt tokens and max_tokens exceeds the context length
This model's maximum context length is 8192 tokens. However, you requested 9000 tokens
length of prompt_tokens (163280) must be less than max_seq_len (32768)
Too many tokens in the request
Requested tokens (131500) exceed the limit of 131072
The document does not fit into the model
Document is longer than the context of the model
Please reduce the length of the messages
Превышена максимальная длина контекста
Превышен лимит токенов
Слишком длинный запрос
Длина сообщений превышает допустимую
Документ не помещается в контекст модели
Размер входного текста превышает ограничение
История диалога слишком длинная
""".strip().splitlines()

NOT_LENGTH = """
Invalid params: repetition_penalty must be in range (0, +inf)
Invalid params: system message must be the first message
Requested model does not support functions
Invalid params: max_tokens exceeds the limit of 32768
Invalid params: functions[0].name length must be at most 64
Invalid params: messages[2].name is too long
Invalid params: every assistant function call must have a result in history
Invalid params: at most 10 images per request
Файл слишком большой
Имя функции слишком длинное
Превышено число одновременных запросов
Недостаточно токенов
EventException: request failed
""".strip().splitlines()

PASSING = """
EventException
ru.sber.giga.EventException: null
java.util.concurrent.TimeoutException
Произошла внутренняя ошибка, попробуйте позже
Service temporarily unavailable, try again later
""".strip().splitlines()


@pytest.mark.parametrize("words", LENGTH)
def test_words_of_length_are_known(words: str) -> None:
    assert speaks_of_length(words)
    assert not is_passing_fault(words)


@pytest.mark.parametrize("words", [*NOT_LENGTH, *PASSING])
def test_other_words_are_not_of_length(words: str) -> None:
    assert not speaks_of_length(words)


@pytest.mark.parametrize("words", PASSING)
def test_words_of_a_fault_that_passes_are_known(words: str) -> None:
    assert is_passing_fault(words)


@pytest.mark.parametrize("words", [*NOT_LENGTH[:-1], "IllegalArgumentException: role", "Invalid params: timeout"])
def test_a_wrong_request_is_no_fault_that_passes(words: str) -> None:
    assert not is_passing_fault(words)


@pytest.mark.parametrize(
    "refused",
    [refusal(422, "EventException"), refusal(422, PASSING[3]), refusal(408, "Request Timeout"), refusal(408, "")],
    ids=["exception", "russian", "408", "408-silent"],
)
def test_a_fault_that_passes_is_asked_again(gigachat: Program, simulator: Simulator, refused: object) -> None:
    with stand(refused, event_stream()) as there:  # type: ignore[arg-type]  # a play
        result = gigachat("ask", "hi", environment=there.environment)
    assert (result.code, result.out, result.err) == (0, "Hello.\n", "")
    assert len(there.requests) == 2


@pytest.mark.parametrize("status", [429, 408, 422])
def test_a_refusal_under_another_status_is_read_the_same(gigachat: Program, simulator: Simulator, status: int) -> None:
    error = answer({"error": {"status": status, "message": "EventException"}})
    with stand(error, event_stream()) as there:
        again = gigachat("ask", "hi", environment=there.environment)
    with stand(error) as there:
        refused = gigachat("ask", "hi", "--max-retries", "0", environment=there.environment)
    assert (again.code, again.out) == (0, "Hello.\n")
    assert refused.code == (5 if status == 429 else 1)


@pytest.mark.parametrize(("status", "words"), [(422, "EventException"), (408, "Request Timeout")])
def test_a_fault_that_does_not_pass_is_the_services_own(
    gigachat: Program, simulator: Simulator, status: int, words: str
) -> None:
    with stand(refusal(status, words)) as there:
        result = gigachat("ask", "hi", "--json", "--max-retries", "0", environment=there.environment)
    problem = json.loads(result.err)["error"]
    assert (result.code, problem["code"], problem["status"]) == (1, "service", status)
    assert words in problem["message"]


@pytest.mark.parametrize("status", [408, 422, 503])
def test_a_rest_that_is_asked_for_is_taken(gigachat: Program, simulator: Simulator, status: int) -> None:
    simulator.faults.add(str(status), retry_after=1.4, message="EventException")
    began = time.monotonic()
    assert gigachat("ask", "hi").code == 0
    assert time.monotonic() - began > 1.35
    assert len(simulator.calls("chat")) == 2


@pytest.mark.parametrize(
    "value", ["61", "86400", formatdate(time.time() + 7200, usegmt=True)], ids=["s", "day", "date"]
)
@pytest.mark.parametrize("status", [408, 422, 429, 503])
def test_a_long_rest_is_told_at_once(gigachat: Program, simulator: Simulator, status: int, value: str) -> None:
    simulator.faults.add(str(status), times=None, retry_after=value, message="EventException")
    result = gigachat("ask", "hi")
    assert result.code == 5
    assert "left alone for" in result.err
    assert f"HTTP {status}" in result.err
    assert len(simulator.calls("chat")) == 1


def test_a_date_counts_by_the_clock_of_the_service(gigachat: Program, simulator: Simulator) -> None:
    ahead = time.time() + 86400
    lines = (f"Date: {formatdate(ahead, usegmt=True)}", f"Retry-After: {formatdate(ahead + 1, usegmt=True)}")
    with stand(refusal(503, "Busy", *lines), event_stream()) as there:
        assert gigachat("ask", "hi", environment=there.environment).code == 0


def test_a_login_that_fails_for_a_moment_is_asked_again(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("422", at="oauth", message="EventException")
    simulator.faults.add("408", at="oauth")
    assert gigachat("ask", "hi").code == 0
    assert simulator.oauth_calls == 3


def test_a_batch_waits_for_a_fault_that_passes(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("422", message="EventException")
    simulator.faults.add("408")
    result = gigachat("batch", "-", "--format", "text", stdin="one\ntwo\n")
    assert result.code == 0
    assert len(simulator.calls("chat")) == 4


def test_a_batch_ends_where_the_service_wants_a_long_rest(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("503", times=None, retry_after=3600)
    result = gigachat("batch", "-", "--format", "text", stdin="one\ntwo\nthree\n")
    assert result.code == 5
    assert len(simulator.calls("chat")) == 1


def _talk(gigachat: Program, *questions: str) -> None:
    for question in questions:
        assert gigachat("ask", "-S", "talk", question).code == 0


@pytest.mark.parametrize("words", [NOT_LENGTH[0], NOT_LENGTH[3], "Invalid params: no reason"])
def test_a_refusal_of_something_else_drops_nothing(gigachat: Program, simulator: Simulator, words: str) -> None:
    _talk(gigachat, "one", "two")
    simulator.faults.add("422", message=words)
    result = gigachat("ask", "-S", "talk", "three")
    assert result.code == 1
    assert words in result.err
    assert len(simulator.calls("chat")) == 3
    _talk(gigachat, "four")
    sent = simulator.calls("chat")[-1].json
    assert isinstance(sent, dict)
    assert [each["content"] for each in sent["messages"] if each["role"] == "user"] == ["one", "two", "four"]


@pytest.mark.parametrize("words", [LENGTH[1], "Превышена максимальная длина контекста"])
def test_a_refusal_that_speaks_of_length_makes_the_conversation_shorter(
    gigachat: Program, simulator: Simulator, words: str
) -> None:
    _talk(gigachat, "one", "two")
    simulator.faults.add("422", message=words)
    result = gigachat("ask", "-S", "talk", "three")
    assert result.code == 0
    assert "no longer fits" in result.err
    sent = simulator.calls("chat")[-1].json
    assert isinstance(sent, dict)
    assert [each["content"] for each in sent["messages"] if each["role"] == "user"] == ["two", "three"]


def test_what_does_not_fit_at_all_is_told_as_too_long(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("422", message=LENGTH[1], times=None)
    result = gigachat("ask", "hi", "--json")
    problem = json.loads(result.err)["error"]
    assert (result.code, problem["code"], problem["status"]) == (1, "prompt_too_long", 422)


TASK = {
    "id": "b-1",
    "method": "chat_completions",
    "request_counts": {"total": 1, "completed": 1, "failed": 0},
    "status": "completed",
    "created_at": 1_700_000_000,
    "updated_at": 1_700_000_001,
    "output_file_id": "f-1",
}
FORMS: dict[str, Callable[[list[object]], object]] = {
    "object": lambda each: {"batches": each},
    "array": lambda each: each,
}


@pytest.mark.parametrize("form", FORMS)
def test_batches_are_read_in_both_forms(gigachat: Program, simulator: Simulator, form: str) -> None:
    other = {**TASK, "id": "b-2", "status": "created"}
    with stand(answer(FORMS[form]([other, TASK]))) as there:
        listed = gigachat("batch", "list", "--json", environment=there.environment)
        one = gigachat("batch", "status", "b-1", "--json", environment=there.environment)
        unknown = gigachat("batch", "status", "b-3", environment=there.environment)
    assert [each["id"] for each in json.loads(listed.out)] == ["b-2", "b-1"]
    assert json.loads(one.out)["id"] == "b-1"
    assert (unknown.code, "knows no batch b-3" in unknown.err) == (2, True)


@pytest.mark.parametrize("found", [[TASK], {"batches": [TASK]}, TASK], ids=["array", "object", "itself"])
def test_one_batch_is_fetched_in_every_form(gigachat: Program, simulator: Simulator, found: object) -> None:
    results = json.dumps({"id": "1", "result": completion("Fetched.")}).encode() + b"\n"
    with stand(answer(found), answer(results, "Content-Type: application/octet-stream")) as there:
        result = gigachat("batch", "fetch", "b-1", environment=there.environment)
    assert (result.code, json.loads(result.out)["answer"]) == (0, "Fetched.")


@pytest.mark.parametrize("found", [{}, {"batches": None}, "text", 7, {"batches": {"b": 1}}])
def test_what_is_no_list_of_batches_is_told(gigachat: Program, simulator: Simulator, found: object) -> None:
    with stand(answer(found)) as there:
        result = gigachat("batch", "list", environment=there.environment)
    assert (result.code, "not a list of batches" in result.err) == (1, True)


def _login(simulator: Simulator, **fields: object) -> Callable[..., None]:
    return answer({"access_token": simulator.access_token(), **fields})


@pytest.mark.parametrize("fields", [{}, {"expires_at": None}], ids=["none", "null"])
def test_a_login_without_an_end_counts_for_half_an_hour(
    gigachat: Program, simulator: Simulator, fields: dict[str, object]
) -> None:
    with stand(_login(simulator, **fields)) as there:
        for _ in range(2):
            assert gigachat("ask", "hi", environment={"GIGACHAT_AUTH_URL": f"{there.url}/oauth"}).code == 0
        status = gigachat("auth", "status", "--json", environment={"GIGACHAT_AUTH_URL": f"{there.url}/oauth"})
    assert len(there.requests) == 1
    assert status.code == 0


def test_a_token_that_lives_short_is_asked_for_once(gigachat: Program, simulator: Simulator) -> None:
    simulator.token_lifetime = 30.0
    assert gigachat("ask", "hi").code == 0
    assert simulator.oauth_calls == 1
    assert gigachat("batch", "-", "--format", "text", stdin="one\ntwo\nthree\n").code == 0
    assert simulator.oauth_calls == 1


def test_processes_share_a_token_that_lives_short(gigachat: Program, simulator: Simulator) -> None:
    simulator.token_lifetime = 45.0
    simulator.faults.add("429", at="oauth", retry_after=0)
    for running in [gigachat.start("ask", "hi") for _ in range(3)]:
        assert ended(running).code == 0
    assert simulator.oauth_calls == 2


def test_a_token_that_ends_in_a_run_is_renewed_once(gigachat: Program, simulator: Simulator) -> None:
    simulator.token_lifetime = 1.0
    simulator.faults.add("slow", seconds=1.2)
    result = gigachat("batch", "-", "--format", "text", stdin="one\ntwo\n")
    assert result.code == 0
    assert simulator.oauth_calls == 2


def test_a_token_that_is_over_by_a_wrong_clock_is_asked_for_once(gigachat: Program, simulator: Simulator) -> None:
    with stand(_login(simulator, expires_at=1_000_000)) as there:
        result = gigachat(
            "batch",
            "-",
            "--format",
            "text",
            stdin="one\ntwo\n",
            environment={"GIGACHAT_AUTH_URL": f"{there.url}/oauth"},
        )
    assert result.code == 0
    assert len(there.requests) == 1
