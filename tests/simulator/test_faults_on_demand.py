"""Every fault, as a plain client meets it; and the text form in which they are asked for."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx
import pytest

from gigachat_cli.simulator import FAULTS, Fault, Faults, Simulator, parse_fault

from .calling import Caller, events_of, text_of
from .conftest import Connect

WORDS = ["one ", "two ", "three ", "four ", "five"]
STATUSES = [name for name in FAULTS if name.isdigit()]


@pytest.fixture(autouse=True)
def five_words(simulator: Simulator) -> None:
    simulator.answer = WORDS


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("at", ["chat", "models", "oauth"])
def test_refusal_happens_once_at_its_place_and_then_all_is_well(
    caller: Caller, simulator: Simulator, status: str, at: str
) -> None:
    simulator.faults.add(status, at=at)
    refused = caller.ask(at)
    assert refused.status_code == int(status)
    assert "message" in refused.json()
    caller.token = simulator.access_token()
    assert all(caller.ask(place).status_code == 200 for place in ("chat", "models", "oauth"))


def test_simulated_401_forgets_the_token_until_there_is_a_new_one(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("401")
    assert [caller.chat().status_code, caller.chat().status_code] == [401, 401]
    caller.token = caller.oauth().json()["access_token"]
    assert caller.chat().status_code == 200


def test_429_carries_retry_after_only_when_asked(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("429", retry_after=2)
    simulator.faults.add("429")
    assert caller.chat().headers["Retry-After"] == "2"
    assert "Retry-After" not in caller.chat().headers


def test_message_of_a_refusal_can_be_chosen(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("500", message="\x1b]0;title\x07")
    assert caller.chat().json()["message"] == "\x1b]0;title\x07"


@pytest.mark.parametrize("stream", [False, True])
def test_blacklist_is_a_refusal_under_200(caller: Caller, simulator: Simulator, stream: bool) -> None:
    simulator.faults.add("blacklist")
    response = caller.chat(stream=stream)
    assert response.status_code == 200
    choice = (events_of(response.text)[-2] if stream else response.json())["choices"][0]
    assert choice["finish_reason"] == "blacklist"


def test_blacklist_and_length_may_come_in_mid_answer(caller: Caller, simulator: Simulator) -> None:
    for name in ("blacklist", "length"):
        simulator.faults.add(name, after=2)
        response = caller.chat(stream=True)
        assert text_of(response.text) == "one two "
        assert events_of(response.text)[-2]["choices"][0]["finish_reason"] == name
        assert events_of(response.text)[-1] == "[DONE]"


def test_cut_ends_the_body_cleanly_without_any_ending(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("cut", after=2)
    body = caller.chat(stream=True).text
    assert text_of(body) == "one two "
    assert "finish_reason" not in body
    assert "[DONE]" not in body


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("stream", [False, True])
def test_cut_may_break_the_connection(caller: Caller, simulator: Simulator, how: str, stream: bool) -> None:
    simulator.faults.add("cut", how=how)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.chat(stream=stream)
    assert caller.chat(stream=stream).status_code == 200


def test_cut_after_the_last_chunk_still_cuts(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("cut", after=99)
    body = caller.chat(stream=True).text
    assert text_of(body) == "".join(WORDS)
    assert "[DONE]" not in body


def test_stall_sends_some_chunks_and_falls_silent_until_released(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("stall", after=2)
    with caller.open_chat() as response:
        parts = response.iter_text()
        first = ""
        while first.count("data: ") < 2:
            first += next(parts)
        assert text_of(first) == "one two "
        assert simulator.accounts.running() == 1
        simulator.release()
        assert text_of(first + "".join(parts)) == "".join(WORDS)


def test_stall_for_some_seconds_then_goes_on(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("stall", seconds=0.1)
    simulator.faults.add("stall", seconds=0.1)
    assert text_of(caller.chat(stream=True).text) == "".join(WORDS)
    assert caller.chat().json()["choices"][0]["message"]["content"] == "".join(WORDS)


def test_stalled_answer_does_not_hold_up_the_end_of_the_simulator(connect: Connect) -> None:
    with Simulator() as simulator:
        simulator.faults.add("stall", after=0)
        caller = connect(simulator)
        with caller.open_chat():
            begun = time.monotonic()
            simulator.stop()
    assert time.monotonic() - begun < 5


def test_slow_waits_before_the_first_byte(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("slow", seconds=0.2)
    begun = time.monotonic()
    assert caller.chat(stream=True).status_code == 200
    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize("at", ["chat", "models", "oauth"])
@pytest.mark.parametrize("status", [200, 502, 503])
def test_html_is_a_gateways_page(caller: Caller, simulator: Simulator, at: str, status: int) -> None:
    simulator.faults.add("html", at=at, status=status)
    response = caller.ask(at)
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<html>" in response.text


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({}, {"error": {"code": 500, "message": "Internal Server Error"}}),
        ({"shape": "status", "message": "x"}, {"status": 500, "message": "x"}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_error_object_under_200(
    caller: Caller, simulator: Simulator, detail: dict[str, Any], expected: object, stream: bool
) -> None:
    simulator.faults.add("error-object", **detail)
    response = caller.chat(stream=stream)
    assert (response.status_code, response.json()) == (200, expected)


@pytest.mark.parametrize("shape", ["error", "status", "event"])
def test_error_object_in_mid_stream(caller: Caller, simulator: Simulator, shape: str) -> None:
    simulator.faults.add("error-object", shape=shape, after=1)
    body = caller.chat(stream=True).text
    assert len(events_of(body)) == 2
    assert ("event: error\n" in body) == (shape == "event")
    assert "Internal Server Error" in json.dumps(events_of(body)[-1])
    simulator.faults.add("error-object", shape=shape, after=1)
    assert "Internal Server Error" in caller.chat().text


def test_redirect_names_another_address_of_this_machine(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("redirect")
    response = caller.chat()
    assert response.status_code == 302
    assert response.headers["Location"] == f"https://localhost:{simulator.port}/redirected"
    assert caller.http.get(response.headers["Location"]).status_code == 404
    assert [received.path for received in simulator.calls("other")] == ["/redirected"]
    simulator.faults.add("redirect", to="https://127.0.0.1:1/x", status=307)
    assert caller.chat().headers["Location"] == "https://127.0.0.1:1/x"


@pytest.mark.parametrize("stream", [False, True])
def test_empty_is_200_with_nothing(caller: Caller, simulator: Simulator, stream: bool) -> None:
    simulator.faults.add("empty")
    response = caller.chat(stream=stream)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Type"].startswith("text/event-stream" if stream else "application/json")


@pytest.mark.parametrize("kind", ["json", "bytes", "utf8", "text"])
@pytest.mark.parametrize("stream", [False, True])
def test_garbage_cannot_be_decoded(caller: Caller, simulator: Simulator, kind: str, stream: bool) -> None:
    simulator.faults.add("garbage", kind=kind)
    response = caller.chat(stream=stream)
    assert response.status_code == 200
    line = response.content.strip().removeprefix(b"data: ")
    with pytest.raises(ValueError):  # undecodable JSON and undecodable UTF-8 alike
        json.loads(line.decode())


def test_garbage_may_come_after_good_chunks(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("garbage", after=2)
    body = caller.chat(stream=True).text
    assert "one " in body
    assert "two " in body
    assert "three " not in body


@pytest.mark.parametrize("at", ["chat", "models", "oauth"])
def test_reset_breaks_the_connection_before_any_answer(caller: Caller, simulator: Simulator, at: str) -> None:
    simulator.faults.add("reset", at=at)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.ask(at)
    assert caller.ask(at).status_code == 200


def test_parts_of_the_ending_may_be_missing(caller: Caller, simulator: Simulator) -> None:
    for name in ("no-usage", "no-done", "no-finish"):
        simulator.faults.add(name)
    without_usage, without_done, without_finish = (events_of(caller.chat(stream=True).text) for _ in range(3))
    assert "usage" not in without_usage[-2]
    assert without_done[-1]["choices"][0]["finish_reason"] == "stop"
    assert "finish_reason" not in without_finish[-2]["choices"][0]
    simulator.faults.add("no-usage")
    simulator.faults.add("no-finish")
    assert "usage" not in caller.chat().json()
    assert "finish_reason" not in caller.chat().json()["choices"][0]


def test_every_fault_has_a_test_here_and_a_line_of_help() -> None:
    tested = set(STATUSES) | {"blacklist", "cut", "empty", "error-object", "garbage", "html", "length"}
    tested |= {"function-error", "misfit", "no-done", "no-finish", "no-usage", "redirect", "reset", "slow", "stall"}
    assert tested == set(FAULTS)
    assert all(FAULTS.values())


def test_faults_happen_as_often_as_told_and_may_let_requests_pass_first(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("503", times=2, skip=1)
    assert [caller.chat().status_code for _ in range(4)] == [200, 503, 503, 200]
    simulator.faults.add("500", times=None)
    assert [caller.chat().status_code for _ in range(3)] == [500, 500, 500]
    simulator.faults.clear()
    assert caller.chat().status_code == 200


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429", Fault("429")),
        ("429:retry-after=2,times=3", Fault("429", times=3, detail={"retry-after": "2"})),
        (" cut:after=2, how=reset ", Fault("cut", detail={"after": "2", "how": "reset"})),
        ("401:at=oauth,times=always", Fault("401", at="oauth", times=None)),
        ("stall:skip=1,", Fault("stall", skip=1)),
    ],
)
def test_text_form_is_read(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("418", "blacklist"),
        ("", "blacklist"),
        ("cut:after", "key=value"),
        ("cut:=2", "key=value"),
        ("cut:after=two", "number"),
        ("cut:after=-1", "number"),
        ("cut:how=gently", "end, close, reset"),
        ("cut:at=oauth", "only at=chat"),
        ("500:at=moon", "chat, models, oauth"),
        ("500:times=0", "times"),
        ("500:times=often", "always"),
        ("500:colour=red", "retry-after"),
    ],
)
def test_wrong_text_form_is_refused_with_what_is_known(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_fault(text)


def test_faults_are_handed_out_once_each_to_many_threads() -> None:
    faults = Faults()
    faults.add("500", times=200)
    taken: list[Fault | None] = []

    def take_some() -> None:
        taken.extend(faults.take("chat") for _ in range(100))

    threads = [threading.Thread(target=take_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fault is not None for fault in taken) == 200
    assert not faults.pending
