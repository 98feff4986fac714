"""Which model answers: the one that was named, else a choice from the account's list, which is asked for once a day."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.known_models import nearest_first, ranked_models
from gigachat_cli.messages import Model
from gigachat_cli.simulator import MODELS, OLD_HOST_MODELS, Simulator, named

from ..conftest import Program
from ..terminal import Terminal
from .conftest import Rules, sent

CHOICE = "GigaChat-3-Lightning"
ASKING: tuple[tuple[str, ...], ...] = (
    ("ask", "hi"),
    ("ask", "hi", "--no-stream", "--json"),
    ("ask", "hi", "--web"),
    ("image", "Draw a cat", "--json"),
    ("tokens", "hi"),
    ("embed", "hi"),
    ("batch", "prompts.jsonl"),
)


@pytest.fixture
def prompts(home: Path) -> Path:
    path = home / "prompts.jsonl"
    path.write_text('{"prompt": "one"}\n{"prompt": "two"}\n')
    return path


def models_file(home: Path) -> Path:
    return home / "config" / "models.json"


def age(home: Path, seconds: float) -> None:
    """Let the kept list be older by so much."""
    kept = json.loads(models_file(home).read_text())
    for entry in kept["accounts"].values():
        entry["at"] -= seconds
    models_file(home).write_text(json.dumps(kept))


def chosen(*names: str) -> str:
    return ranked_models([Model(name, "chat") for name in names])[0]


@pytest.mark.parametrize(
    ("names", "choice"),
    [
        (("GigaChat-2-Max", "GigaChat-2", "GigaChat-3-Ultra", "GigaChat-3-Lightning"), "GigaChat-3-Lightning"),
        (("GigaChat-3-Pro", "GigaChat-3-Lite", "GigaChat-3-Lightning"), "GigaChat-3-Lite"),
        (("GigaChat-3-Ultra", "GigaChat-3-Max", "GigaChat-3-Pro"), "GigaChat-3-Pro"),
        (("GigaChat-3", "GigaChat-3-Lite"), "GigaChat-3"),
        (("GigaChat-9-Ultra", "GigaChat-10-Ultra", "GigaChat-9"), "GigaChat-10-Ultra"),
        (("GigaChat-3", "GigaChat-3.5-Pro"), "GigaChat-3.5-Pro"),
        (("GigaChat-3-preview", "GigaChat-2-Max"), "GigaChat-2-Max"),
        (("GigaChat-3-Pro-preview", "GigaChat-3-preview"), "GigaChat-3-preview"),
        (("GigaChat-2-Reasoning", "GigaChat-2-Ultra"), "GigaChat-2-Ultra"),
        (("GigaChat-Pro", "GigaChat", "GigaChat-2"), "GigaChat"),
        (("GigaChat-Pro", "GigaChat-Max", "GigaChat-Plus"), "GigaChat-Plus"),
        (("Other-7", "GigaChat-2-Max"), "GigaChat-2-Max"),
        (("Other-7", "Another"), "Other-7"),
        ((f"GigaChat-{'9' * 5000}", "GigaChat-2"), f"GigaChat-{'9' * 5000}"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_the_choice_is_the_everyday_model_of_the_newest_generation(names: tuple[str, ...], choice: str) -> None:
    assert chosen(*names) == chosen(*reversed(names)) == choice or choice == "Other-7"


def test_only_models_to_talk_to_are_chosen() -> None:
    listed = [
        Model("GigaChat-9", "embedder"),
        Model("GigaChat-2", ""),
        Model("", "chat"),
        Model("GigaFilter", "filter"),
    ]
    assert ranked_models(listed) == ["GigaChat-2"]
    assert ranked_models([Model(each.id, each.type) for each in OLD_HOST_MODELS])[0] == "GigaChat"
    assert ranked_models([Model(each.id, each.type) for each in MODELS])[0] == CHOICE


def test_the_nearest_name_comes_first() -> None:
    known = ["GigaChat-2", "GigaChat-2-Max", "GigaChat-3-Ultra"]
    assert nearest_first("gigachat-2-mx", known) == (
        "GigaChat-2-Max",
        ["GigaChat-2-Max", "GigaChat-2", "GigaChat-3-Ultra"],
    )
    assert nearest_first("llama", known) == (None, known)
    assert nearest_first("x", []) == (None, [])


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_every_command_answers_without_a_model_set(
    gigachat: Program, simulator: Simulator, prompts: Path, words: tuple[str, ...]
) -> None:
    result = gigachat(*words)
    assert result.code == 0, result.err
    for place in ("chat", "tokens"):
        assert {call.json["model"] for call in simulator.calls(place) if isinstance(call.json, dict)} <= {CHOICE}
    assert len(simulator.calls("models")) == (0 if words[0] == "embed" else 1)


def test_a_warm_run_sends_one_request(gigachat: Program, simulator: Simulator, home: Path) -> None:
    assert gigachat("ask", "hi").code == 0
    simulator.log.clear()
    result = gigachat("ask", "again", "--json")
    assert [request.place for request in simulator.requests] == ["chat"]
    assert json.loads(result.out)["model"].partition(":")[0] == CHOICE
    age(home, 24 * 3600 + 1)
    assert gigachat("ask", "and again").code == 0
    assert [request.place for request in simulator.requests] == ["chat", "models", "chat"]
    age(home, -25 * 3600)  # a clock that was set back
    assert gigachat("ask", "and again").code == 0
    assert len(simulator.calls("models")) == 2


def test_a_remote_batch_names_the_choice_in_each_line(gigachat: Program, home: Path, prompts: Path) -> None:
    command = [*gigachat.arguments, "batch", "prompts.jsonl", "--remote"]
    told = gigachat("simulator", "--scope", "GIGACHAT_API_CORP", "--models", "GigaChat-7-Pro", "--", *command)
    assert told.code == 0, told.err


def test_json_tells_the_model_that_was_asked_where_the_service_does_not(
    gigachat: Program, simulator: Simulator
) -> None:
    simulator.stream_bytes = [b'data: {"choices":[{"delta":{"content":"Hi."},"index":0,"finish_reason":"stop"}]}\n\n']
    assert json.loads(gigachat("ask", "hi", "--json").out)["model"] == CHOICE


def test_many_processes_ask_for_the_list_once(gigachat: Program, simulator: Simulator) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda number: gigachat("ask", f"question {number}").code, range(8)))
    assert codes == [0] * 8
    assert (len(simulator.calls("models")), len(simulator.calls("chat"))) == (1, 8)


def test_each_account_and_address_has_its_own_list(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "hi").code == 0
    simulator.models = named("GigaChat-2-Pro")
    other = {"GIGACHAT_CREDENTIALS": "MDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAy", "GIGACHAT_ACCESS_TOKEN": ""}
    token = {"GIGACHAT_ACCESS_TOKEN": simulator.access_token()}
    assert json.loads(gigachat("ask", "hi", "--json", environment=token).out)["model"].startswith("GigaChat-2-Pro")
    old = {"GIGACHAT_BASE_URL": simulator.old_base_url}
    assert json.loads(gigachat("ask", "hi", "--json", environment=old).out)["model"].startswith("GigaChat-2-Pro")
    assert len(simulator.calls("models")) == 3
    assert gigachat("ask", "hi", environment=other).code == 3


@pytest.mark.parametrize("words", [*ASKING[:5], ASKING[-1]], ids=" ".join)
def test_a_kept_choice_that_is_gone_makes_way_for_another(
    gigachat: Program, simulator: Simulator, prompts: Path, words: tuple[str, ...]
) -> None:
    simulator.models = named("GigaChat-2", "GigaFilter")
    assert gigachat("ask", "hi").code == 0
    simulator.models = named("GigaChat-4-Pro")
    simulator.log.clear()
    result = gigachat(*words)
    assert (result.code, "Traceback" in result.err) == (0, False), result.err
    assert len(simulator.calls("models")) == 1
    asked = [*simulator.calls("chat"), *simulator.calls("tokens")]
    assert [call.json["model"] for call in asked if isinstance(call.json, dict)][-1] == "GigaChat-4-Pro"
    simulator.log.clear()
    assert gigachat("ask", "warm").code == 0
    assert [request.place for request in simulator.requests] == ["chat"]


@pytest.mark.parametrize("fault", ["500", "403", "404", "429"])
def test_yesterdays_list_does_where_todays_cannot_be_had(
    gigachat: Program, simulator: Simulator, home: Path, fault: str
) -> None:
    assert gigachat("ask", "hi").code == 0
    age(home, 2 * 24 * 3600)
    simulator.faults.add(fault, at="models", times=None)
    result = gigachat("ask", "again", "--max-retries", "0")
    assert result.code == (3 if fault == "403" else 0), result.err


def test_without_any_list_the_way_on_is_to_name_a_model(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    simulator.faults.add("500", at="models", times=None)
    result = gigachat("ask", "hi", "--max-retries", "0")
    rules.hold(result)
    assert (result.code, result.out) == (1, "")
    assert "--model" in result.err
    assert gigachat("ask", "hi", "-m", "GigaChat-2").code == 0
    simulator.faults.clear()
    simulator.models = named("Embeddings")
    empty = gigachat("ask", "hi")
    assert (empty.code, "no model to talk to" in empty.err, "models --all" in empty.err) == (1, True, True)


@pytest.mark.parametrize(
    ("words", "environment", "config", "origin"),
    [
        (("-m", "GigaChat-2-Mx"), {}, "", "--model"),
        ((), {"GIGACHAT_MODEL": "GigaChat-2-Mx"}, "", "GIGACHAT_MODEL"),
        ((), {}, 'model = "GigaChat-2-Mx"\n', "config.toml"),
    ],
    ids=["flag", "variable", "file"],
)
@pytest.mark.parametrize("command", ["ask", "image", "tokens"])
def test_an_unknown_name_is_told_with_the_nearest_and_where_it_came_from(
    gigachat: Program,
    simulator: Simulator,
    home: Path,
    rules: Rules,
    command: str,
    words: tuple[str, ...],
    environment: dict[str, str],
    config: str,
    origin: str,
) -> None:
    if config:
        (home / "config").mkdir(mode=0o700)
        (home / "config" / "config.toml").write_text(config)
    result = gigachat(command, "hi", *words, environment=environment)
    rules.hold(result)
    assert (result.code, result.out) == (1, "")
    assert "does not know the model GigaChat-2-Mx (HTTP 404)" in result.err
    assert "Did you mean GigaChat-2-Max? Your account has GigaChat-2-Max, " in result.err
    assert f"{origin}." in result.err.splitlines()[-1]
    assert "GigaFilter" not in result.err


def test_a_batch_tells_an_unknown_name_in_its_rows_and_asks_for_the_list_once(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    (home / "in.jsonl").write_text("".join(f'{{"prompt": "{n}", "model": "GigaChat"}}\n' for n in range(5)))
    result = gigachat("batch", "in.jsonl")
    assert result.code == 6
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert {row["error"]["code"] for row in rows} == {"unknown_model"}
    assert all("Did you mean GigaChat-2?" in row["error"]["hint"] for row in rows)
    assert len(simulator.calls("models")) == 1


def test_a_session_whose_model_is_gone_goes_on_with_a_choice_and_says_so_once(
    gigachat: Program, simulator: Simulator
) -> None:
    assert gigachat("ask", "first", "-m", "GigaChat-2").code == 0
    simulator.models = named("GigaChat-3-Lightning", "GigaChat-3-Pro")
    result = gigachat("ask", "-c", "second")
    assert result.code == 0
    assert result.err == f"gigachat: The model GigaChat-2 of this session is gone; {CHOICE} answers.\n"
    assert [each["role"] for each in simulator.calls("chat")[-1].json["messages"]] == ["user", "assistant", "user"]
    simulator.log.clear()
    again = gigachat("ask", "-c", "third")
    assert (again.err, again.code) == ("", 0)
    assert [request.place for request in simulator.requests] == ["chat"]
    # A name that is typed now is not replaced.
    assert gigachat("ask", "-c", "fourth", "-m", "GigaChat-2").code == 1


def test_a_gateway_that_does_not_know_the_address_says_nothing_of_a_model(
    gigachat: Program, simulator: Simulator
) -> None:
    result = gigachat("ask", "hi", "-m", "GigaChat-2", "--base-url", f"{simulator.base_url}/nowhere")
    assert result.code == 1
    assert "does not know the address" in result.err
    assert "the model" not in result.err
    assert "base_url" in result.err


@pytest.mark.parametrize("ending", ["", "/", "/v1/", "/v2", "/v1/chat/completions"])
def test_an_address_without_its_version_works_and_is_told_with_debug(
    gigachat: Program, simulator: Simulator, ending: str
) -> None:
    root = simulator.base_url.removesuffix("/v1")
    result = gigachat("ask", "hi", "--debug", "--base-url", f"{root}{ending}")
    assert result.code == 0, result.err
    assert (f"the API is at {simulator.base_url}." in result.err) == (ending != "/v1/")
    quiet = gigachat("ask", "hi", "--base-url", f"{root}{ending}")
    assert (quiet.err, quiet.code) == ("", 0)


def test_the_choice_is_told_where_one_would_look(gigachat: Program, simulator: Simulator) -> None:
    assert f"The model {CHOICE} is chosen from the account's list." in gigachat("ask", "hi", "--debug").err
    steps = {row["step"]: row for row in json.loads(gigachat("doctor", "--json").out)}
    assert steps["model"]["message"] == f"{CHOICE} is on offer, chosen from the account's list"
    rows = {row["setting"]: row for row in json.loads(gigachat("config", "show", "--json").out)}
    assert rows["model"] == {"setting": "model", "value": CHOICE, "origin": "the account's list"}


def test_hostile_names_of_the_list_reach_no_terminal_and_are_not_kept(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    simulator.models = named("GigaChat-3\x1b]0;owned\x07", "GigaChat-2", "G" * 100_000)
    for words in (("doctor",), ("config", "show"), ("ask", "hi", "-m", "x"), ("auth", "status")):
        result = gigachat(*words)
        assert "\x1b" not in result.out + result.err
        assert len(result.err) < 2000
    kept = models_file(home).read_text()
    assert "owned" not in kept
    assert len(kept) < 1000


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b'{"accounts": 5}', b"\xff\xfe", b'{"accounts": {"a": [1]}}'])
def test_a_broken_list_is_asked_for_anew(gigachat: Program, simulator: Simulator, home: Path, content: bytes) -> None:
    (home / "config").mkdir(mode=0o700)
    models_file(home).write_bytes(content)
    assert gigachat("ask", "hi").code == 0
    assert gigachat("ask", "hi").code == 0
    assert len(simulator.calls("models")) == 1
    assert oct(models_file(home).stat().st_mode & 0o777) == "0o600"


@pytest.fixture
def first_login(home: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person without a key; the config file that the login may write."""
    monkeypatch.delenv("GIGACHAT_CREDENTIALS")
    return home / "config" / "config.toml"


def log_in(screen: Terminal, simulator: Simulator, *answers: str) -> None:
    screen.wait_for_bytes(b"or client id: ")
    screen.type(f"{simulator.credentials}\r")
    for number, each in enumerate(answers, start=1):
        until = time.monotonic() + 15
        while screen.raw.count(b"Enter takes 1: ") < number:
            assert time.monotonic() < until, screen.raw
            screen.wait_for_bytes(b"Enter takes 1: ", after=0)
            if screen.raw.count(b"Enter takes 1: ") < number:
                screen.wait_for_bytes(b"Enter takes 1: ", after=screen.raw.rindex(b"Enter takes 1: ") + 5)
        screen.type(each)


@pytest.mark.parametrize(
    ("answers", "model"),
    [
        (("\r",), CHOICE),
        (("2\r",), "GigaChat-3-Pro"),
        (("gigachat-2-max\r",), "GigaChat-2-Max"),
        (("99\r", "0\r", "²\r", "GigaChat\r", f"{'9' * 200}\r", " 4 \r"), "GigaChat-2"),
    ],
    ids=["enter", "number", "name", "mistakes"],
)
def test_a_login_ends_with_a_choice_and_a_first_answer(
    simulator: Simulator,
    at_terminal: Callable[..., Terminal],
    first_login: Path,
    rules: Rules,
    answers: tuple[str, ...],
    model: str,
) -> None:
    simulator.answer = "Hello to you."
    screen = at_terminal("auth", "login")
    log_in(screen, simulator, *answers)
    assert screen.ended() == 0
    assert first_login.read_text() == f'model = "{model}"\n'
    assert sent(simulator)["model"] == model
    assert "Hello to you." in screen.filled_lines
    rules.no_secret(screen.text)
    assert f"  1  {CHOICE}  (recommended)" in screen.text.replace("\r", "")


def test_a_login_without_a_choice_or_a_test_leaves_both_out(
    simulator: Simulator, at_terminal: Callable[..., Terminal], first_login: Path
) -> None:
    screen = at_terminal("auth", "login", "--no-test")
    log_in(screen, simulator, "\x04")
    assert screen.ended() == 0
    assert not first_login.exists()
    assert simulator.calls("chat") == []
    assert f"The model {CHOICE} answers, chosen from the account's list." in screen.text


def test_a_new_login_offers_the_model_that_is_set_first(
    simulator: Simulator, at_terminal: Callable[..., Terminal], first_login: Path
) -> None:
    first_login.parent.mkdir(mode=0o700)
    first_login.write_text("# mine\nmodel = 'GigaChat-2-Pro'  # this one\n")
    screen = at_terminal("auth", "login", "--no-test")
    log_in(screen, simulator, "\r")
    assert screen.ended() == 0
    assert "1  GigaChat-2-Pro  (set now)" in screen.text
    assert first_login.read_text() == "# mine\nmodel = 'GigaChat-2-Pro'  # this one\n"


def test_a_test_that_fails_keeps_the_login(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal], first_login: Path
) -> None:
    simulator.faults.add("402", times=1)
    screen = at_terminal("auth", "login")
    log_in(screen, simulator, "\r")
    assert screen.ended() == 5
    assert "The key is kept all the same." in screen.text.replace("\r\n", " ")
    assert gigachat("ask", "hi").code == 0


def test_a_login_where_the_list_cannot_be_had_is_one_all_the_same(
    gigachat: Program, simulator: Simulator, first_login: Path
) -> None:
    simulator.faults.add("404", at="models", times=None)
    result = gigachat("auth", "login", stdin=simulator.credentials)
    assert result.code == 0
    assert "It is kept in" in result.out
    assert "No model was chosen." in result.err


def test_a_login_in_a_pipe_tells_the_model_and_asks_nothing(
    gigachat: Program, simulator: Simulator, first_login: Path
) -> None:
    result = gigachat("auth", "login", stdin=simulator.credentials)
    assert result.out.splitlines()[-1] == f"The model {CHOICE} answers, chosen from the account's list."
    assert (result.err, result.code, simulator.calls("chat"), first_login.exists()) == ("", 0, [], False)
    told = gigachat("auth", "login", stdin=simulator.credentials, environment={"GIGACHAT_MODEL": "GigaChat"})
    assert told.out.splitlines()[-1] == (
        "The model GigaChat answers, as GIGACHAT_MODEL says, which the account does not list."
    )


def test_the_simulator_has_the_models_that_it_is_given(gigachat: Program, home: Path) -> None:
    command = [*gigachat.arguments, "models", "--all", "--json"]
    result = gigachat("simulator", "--models", "GigaChat, Embeddings,X-1", "--", *command)
    assert [(row["id"], row["type"]) for row in json.loads(result.out)] == [
        ("GigaChat", "chat"),
        ("Embeddings", "embedder"),
        ("X-1", "chat"),
    ]
    assert gigachat("simulator", "--models", "a,,b", "--", "true").code == 2


def test_no_list_can_be_kept_in_a_closed_folder_and_nothing_is_lost(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    (home / "config").mkdir(mode=0o700)
    models_file(home).mkdir()
    result: Any = gigachat("ask", "hi")
    assert (result.code, result.err.count("\n")) == (0, 1), result.err
    assert "models.json" in result.err
    assert os.listdir(models_file(home)) == []


@pytest.mark.parametrize(("name", "meant"), [("GigaChat-2-Mx", "GigaChat-2-Max"), ("gigachat-2-pro", "GigaChat-2-Pro")])
def test_a_wrong_name_that_is_set_is_matched_with_the_list_that_is_kept(
    gigachat: Program, simulator: Simulator, name: str, meant: str
) -> None:
    assert gigachat("config", "set", "model", name).err == ""  # nothing is known yet
    assert gigachat("models").code == 0
    before = len(simulator.requests)
    result = gigachat("config", "set", "model", name)
    assert (result.code, result.out) == (0, "")
    assert result.err == f"gigachat: The account does not list the model {name}; did you mean {meant}?\n"
    assert gigachat("config", "set", "model", meant).err == ""
    assert len(simulator.requests) == before


def test_a_wrong_name_is_matched_with_the_kept_list_where_todays_cannot_be_had(
    gigachat: Program, simulator: Simulator
) -> None:
    assert gigachat("models").code == 0
    simulator.faults.add("500", at="models", times=None)
    result = gigachat("ask", "hi", "-m", "GigaChat-2-Mx", "--max-retries", "0")
    assert result.code == 1
    assert "Did you mean GigaChat-2-Max?" in result.err
