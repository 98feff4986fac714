"""Simultaneous requests, what an aborted stream frees, and the certificates that a client must refuse."""

from __future__ import annotations

import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from gigachat_cli.simulator import Simulator, key_for

from .calling import Caller
from .conftest import Connect


def test_personal_key_has_one_request_at_once(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("stall")
    with caller.open_chat():
        simulator.wait_for(1, "chat")
        refused = caller.chat()
        assert (refused.status_code, refused.json()["message"]) == (429, "Too many requests")
        simulator.release()
    simulator.wait_until_idle()
    assert caller.chat().status_code == 200
    assert simulator.accounts.peak() == 2


def test_aborted_stream_frees_its_place_at_once(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("stall", times=5)
    for _ in range(5):
        with caller.open_chat() as response:
            next(response.iter_text())
        simulator.wait_until_idle(timeout=5)
    assert caller.chat().status_code == 200


def test_answer_without_end_is_streamed_as_it_is_made_and_ends_with_its_client(
    caller: Caller, simulator: Simulator
) -> None:
    simulator.chunks = 10**12
    with caller.open_chat() as response:
        parts = response.iter_bytes()
        received = 0
        while received < 2_000_000:
            received += len(next(parts))
        assert caller.get("/models").status_code == 200
    simulator.wait_until_idle(timeout=5)


def test_key_of_a_business_has_ten_requests_at_once(simulator: Simulator, connect: Connect) -> None:
    key = key_for("GIGACHAT_API_B2B")
    callers = [connect(simulator) for _ in range(11)]
    for caller in callers:
        caller.token = simulator.access_token(key)
    simulator.faults.add("stall", times=10)
    streams = [caller.open_chat() for caller in callers[:10]]
    try:
        assert [stream.__enter__().status_code for stream in streams] == [200] * 10
        assert callers[10].chat().status_code == 429
        assert simulator.accounts.peak(key) == 11
    finally:
        for stream in streams:
            stream.__exit__(None, None, None)


def test_keys_do_not_share_their_places_and_models_need_none(simulator: Simulator, connect: Connect) -> None:
    first, second = connect(simulator), connect(simulator)
    second.token = simulator.access_token(simulator.accounts.add_key("GIGACHAT_API_PERS"))
    simulator.faults.add("stall")
    with first.open_chat():
        assert second.chat().status_code == 200
        assert first.get("/models").status_code == 200
        assert first.oauth().status_code == 200


def test_limit_can_be_set(simulator: Simulator, connect: Connect) -> None:
    simulator.max_requests = 3
    simulator.faults.add("slow", seconds=0.3, times=None)
    callers = [connect(simulator) for _ in range(4)]
    gate = threading.Barrier(4)

    def ask(caller: Caller) -> int:
        gate.wait(10)
        return caller.chat().status_code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(ask, callers)) == [200, 200, 200, 429]


def test_sequential_streams_of_one_key_never_meet_429(caller: Caller) -> None:
    assert {caller.chat(stream=number % 2 == 0).status_code for number in range(100)} == {200}


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
        ("other-host", "IP address mismatch"),
        ("other-authority", "unable to get local issuer certificate"),
    ],
)
def test_broken_certificate_is_refused_before_anything_is_sent(connect: Connect, certificate: Any, reason: str) -> None:
    with Simulator(certificate=certificate) as simulator:
        caller = connect(simulator)
        with pytest.raises(httpx.ConnectError, match=reason):
            caller.chat()
        assert simulator.requests == []


def test_good_certificate_holds_under_strict_rules_and_by_name(simulator: Simulator) -> None:
    tls = ssl.create_default_context(cafile=simulator.ca_file)
    tls.verify_flags |= ssl.VERIFY_X509_STRICT
    for host in ("127.0.0.1", "localhost"):
        with (
            socket.create_connection(("127.0.0.1", simulator.port), 5) as connection,
            tls.wrap_socket(connection, server_hostname=host) as secured,
        ):
            assert secured.version() == "TLSv1.3"


def test_client_certificate_is_required_and_enough(connect: Connect) -> None:
    with Simulator(require_client_certificate=True) as simulator:
        caller = connect(simulator)
        with pytest.raises(httpx.TransportError):
            caller.chat()
        assert simulator.requests == []
        assert "GIGACHAT_CREDENTIALS" not in simulator.environment
        tls = ssl.create_default_context(cafile=simulator.environment["GIGACHAT_CA_BUNDLE_FILE"])
        files = (simulator.environment["GIGACHAT_CERT_FILE"], simulator.environment["GIGACHAT_KEY_FILE"])
        tls.load_cert_chain(*files)
        with httpx.Client(verify=tls, trust_env=False) as http:
            address = simulator.base_url + "/chat/completions"
            assert http.post(address, content=caller.body()).status_code == 200


def test_idle_connection_does_not_hold_up_the_end(caller: Caller, simulator: Simulator) -> None:
    assert caller.get("/models").status_code == 200
    simulator.stop()
    with pytest.raises(httpx.ConnectError):
        caller.get("/models")
    simulator.stop()


def test_port_that_is_taken_is_an_os_error(simulator: Simulator) -> None:
    with pytest.raises(OSError, match="in use"), Simulator(port=simulator.port):
        pass
