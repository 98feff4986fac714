"""`tokens`, `balance`, `embed`, `check`: one endpoint each, for people and for scripts."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gigachat_cli.simulator import Options, Simulator

from ..conftest import Program, use
from ..terminal import Terminal
from .conftest import Rules, ended

RUSSIAN = "Сегодня утром мы вышли из дома и долго шли по лесу " * 3


@pytest.fixture
def corporate(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator of an account that pays as it goes."""
    with Simulator(Options(scope="GIGACHAT_API_CORP")) as running:
        use(running, home, monkeypatch)
        yield running


# tokens


def test_tokens_of_words_are_one_line(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("tokens", "Hello", "there", "-m", "GigaChat-2-Pro")
    assert (result.out, result.err, result.code) == ("words\t2\t11\n", "", 0)
    (request,) = simulator.calls("tokens")
    assert request.json == {"model": "GigaChat-2-Pro", "input": ["Hello there"]}


def test_tokens_of_several_texts_end_with_their_sum(gigachat: Program, simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("два слова\n")
    result = gigachat("tokens", "one", "--file", str(file), "--file", "-", stdin="three more words")
    assert result.out.splitlines() == ["words\t1\t3", f"{file}\t2\t9", "stdin\t3\t16", "total\t6\t28"]
    rows = json.loads(gigachat("tokens", "one", "-f", str(file), "--json").out)
    assert [(row["input"], row["tokens"], row["characters"]) for row in rows] == [
        ("words", 1, 3),
        (str(file), 2, 9),
        ("total", 3, 12),
    ]


def test_tokens_leaves_stdin_alone_when_there_are_words(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("tokens", "one", stdin="two three").out == "words\t1\t3\n"
    assert gigachat("tokens", stdin="two three\n").out == "stdin\t2\t9\n"


def test_many_files_are_counted_in_several_requests(gigachat: Program, simulator: Simulator, tmp_path: Path) -> None:
    files = []
    for number in range(40):
        file = tmp_path / f"{number}.txt"
        file.write_text("x " * number)
        files += ["-f", str(file)]
    rows = json.loads(gigachat("tokens", *files, "--json").out)
    assert [row["tokens"] for row in rows[:-1]] == list(range(40))
    assert len(simulator.calls("tokens")) == 2


@pytest.mark.parametrize("command", ["tokens", "embed", "check"])
def test_nothing_to_measure_is_a_usage_error(
    command: str, gigachat: Program, simulator: Simulator, rules: Rules, tmp_path: Path
) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for words, said in (
        ([], "There is no text."),
        (["--file", str(tmp_path / "none")], "could not be read: No such file or directory."),
        (["--file", str(tmp_path)], "could not be read: Is a directory."),
        (["--file", str(binary)], "is not UTF-8 text"),
    ):
        result = gigachat(command, *words)
        rules.hold(result)
        assert (result.out, result.code) == ("", 2)
        assert said in result.err
    assert not simulator.calls(command if command != "embed" else "embeddings")
    assert json.loads(gigachat(command, "--json").err)["error"]["code"] == "usage"


def test_a_terminal_without_words_is_not_read(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    running = at_terminal("tokens")
    assert running.ended() == 2
    assert "There is no text." in running.text


# balance


def test_balance_in_a_pipe_is_a_line_a_package(gigachat: Program, simulator: Simulator) -> None:
    simulator.balance = [("GigaChat", 900_000), ("embeddings", 0)]
    result = gigachat("balance")
    assert (result.out, result.err, result.code) == ("GigaChat\t900000\nembeddings\t0\n", "", 0)
    assert json.loads(gigachat("balance", "--json").out) == [
        {"usage": "GigaChat", "tokens": 900_000},
        {"usage": "embeddings", "tokens": 0},
    ]


def test_balance_at_a_terminal_has_a_bar_a_package(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    simulator.balance = [("GigaChat", 1_000_000), ("GigaChat-Pro", 500_000), ("embeddings", 1), ("none", 0)]
    running = at_terminal("balance", columns=60)
    assert running.ended() == 0
    name = "GigaChat-Pro"
    assert running.filled_lines == [
        f"{'GigaChat':12}  1 000 000  {'█' * 30}",
        f"{name}    500 000  {'█' * 15}",
        f"{'embeddings':12}          1  ▏",
        f"{'none':12}          0",
    ]


def test_bars_fit_a_narrow_terminal(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    running = at_terminal("balance", columns=30)
    assert running.ended() == 0
    assert len(running.filled_lines) == 4


def test_an_account_without_packages_is_told_why_it_has_no_balance(gigachat: Program, corporate: Simulator) -> None:
    result = gigachat("balance")
    assert (result.out, result.code) == ("", 3)
    assert "HTTP 403" in result.err
    assert "pays as it goes" in result.err


# embed


def test_embed_writes_a_json_line_a_text_in_order(gigachat: Program, simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("four\n\n  \nпять", encoding="utf-8")
    result = gigachat("embed", "one", "more", "-f", "-", "-f", str(file), stdin="two\r\nthree\n")
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert [(row["index"], row["text"]) for row in rows] == list(
        enumerate(["one more", "two", "three", "four", "пять"])
    )
    assert all(list(row) == ["index", "text", "vector"] and len(row["vector"]) == 1024 for row in rows)
    assert (result.err, result.code) == ("", 0)
    (request,) = simulator.calls("embeddings")
    assert isinstance(request.json, dict)
    assert rows[1]["vector"] == json.loads(gigachat("embed", "two").out)["vector"]
    assert request.json["model"] == "Embeddings"


def test_embed_sends_batches_and_writes_each_as_it_comes(gigachat: Program, simulator: Simulator) -> None:
    running = gigachat.start("embed", "-m", "Embeddings-2", stdin=-1)
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(b"".join(b"text %d\n" % number for number in range(17)))
    running.stdin.flush()
    first = [json.loads(running.stdout.readline())["text"] for _ in range(16)]
    assert first == [f"text {number}" for number in range(16)]
    assert running.poll() is None
    result = ended(running)
    assert json.loads(result.out)["index"] == 16
    assert [len(call.json["input"]) for call in simulator.calls("embeddings") if isinstance(call.json, dict)] == [16, 1]


def test_a_batch_that_is_refused_costs_none_before_it(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("413", at="embeddings", skip=1)
    result = gigachat("embed", stdin="".join(f"text {number}\n" for number in range(20)))
    assert (len(result.out.splitlines()), result.code) == (16, 1)
    assert "It is about the texts 16 to 19." in result.err


def test_an_unknown_embedder_points_to_the_list(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("embed", "hi", "-m", "GigaChat")
    assert result.code == 1
    assert "Did you mean" not in result.err
    assert "Your account has Embeddings, Embeddings-2, EmbeddingsGigaR, GigaEmbeddings-3B-2025-09." in result.err


def test_a_vector_at_a_terminal_is_shown_by_its_beginning(
    simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    running = at_terminal("embed", "привет")
    assert running.ended() == 0
    (line,) = running.filled_lines
    assert line.startswith("0  1024 numbers  ")
    assert line.endswith("…  привет")
    whole = at_terminal("embed", "привет", "--json")
    assert whole.ended() == 0
    assert len(json.loads(whole.text)["vector"]) == 1024


def test_ctrl_c_ends_the_wait_for_a_line(gigachat: Program, simulator: Simulator) -> None:
    running = gigachat.start("embed", stdin=-1)
    try:
        assert running.stdin is not None
        running.stdin.write(b"one\n" * 16 + b"two\n")
        running.stdin.flush()
        assert running.stdout is not None
        for _ in range(16):
            running.stdout.readline()
        time.sleep(0.2)  # it waits for a line by now
        os.kill(running.pid, signal.SIGINT)
        assert running.wait(5) == 130
    finally:
        running.kill()
        running.communicate()


# check


@pytest.mark.parametrize(
    ("category", "places"), [("human", ""), ("ai", f"1-{len(RUSSIAN.strip())}"), ("mixed", "1-76 114-152")]
)
def test_check_tells_who_wrote_it_and_where(
    category: str, places: str, gigachat: Program, corporate: Simulator
) -> None:
    corporate.ai_category = category  # type: ignore[assignment]  # one of three texts
    result = gigachat("check", stdin=RUSSIAN.strip())
    assert result.code == 0
    name, said, characters, tokens, where = result.out.removesuffix("\n").split("\t")
    assert (name, said, characters, where) == ("stdin", category, str(len(RUSSIAN.strip())), places)
    assert int(tokens) > 0
    (row,) = json.loads(gigachat("check", RUSSIAN, "--json").out)
    assert " ".join(f"{each['start']}-{each['end']}" for each in row["intervals"]) == places.replace("152", "153")
    if row["intervals"]:
        assert row["intervals"][0]["text"].startswith("Сегодня утром")


def test_check_at_a_terminal_quotes_the_places(corporate: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    corporate.ai_category = "mixed"
    running = at_terminal("check", RUSSIAN)
    assert running.ended() == 0
    assert "mixed" in running.text
    assert "Сегодня утром" in running.text


@pytest.mark.parametrize("text", ["мало слов", "far too English a text " * 10])
def test_a_text_that_cannot_be_checked_is_explained(text: str, gigachat: Program, corporate: Simulator) -> None:
    result = gigachat("check", text)
    assert (result.out, result.code) == ("", 1)
    assert "HTTP 422" in result.err
    assert "Russian text of at least 20 words" in result.err


def test_a_personal_account_cannot_check(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    result = gigachat("check", RUSSIAN)
    rules.hold(result)
    assert result.code == 3
    assert "GIGACHAT_API_CORP" in result.err


def test_a_refused_text_costs_no_verdict_on_another(gigachat: Program, corporate: Simulator, tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("мало слов", encoding="utf-8")
    result = gigachat("check", RUSSIAN, "-f", str(short))
    assert (len(result.out.splitlines()), result.code) == (1, 1)


# check --profanity


def test_profanity_in_a_pipe_is_a_line_a_text(gigachat: Program, simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Вот чёрт!\n")
    result = gigachat("check", "--profanity", "Good", "morning", "-f", str(file))
    assert (result.out, result.err, result.code) == (f"words\tfalse\t2\n{file}\ttrue\t3\n", "", 0)
    first, second = simulator.calls("filter")
    assert first.json == {"model": "GigaFilter", "messages": [{"role": "user", "content": "Good morning"}]}
    assert isinstance(second.json, dict)
    assert second.json["messages"][0]["content"] == "Вот чёрт!"


def test_profanity_of_stdin_as_json(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("check", "--profanity", "--json", stdin="damn")
    assert json.loads(result.out) == [{"input": "stdin", "is_profane": True, "tokens": 1}]
    assert gigachat("check", "--profanity", stdin="").code == 2


def test_profanity_at_a_terminal_is_a_table(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    running = at_terminal("check", "--profanity", "damn it")
    assert running.ended() == 0
    assert running.filled_lines == ["INPUT  IS PROFANE  TOKENS", "words  true        2"]


def test_a_filter_that_the_account_lacks_is_explained(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    result = gigachat("check", "--profanity", "hi", "-m", "NoFilter")
    rules.hold(result)
    assert (result.out, result.code) == ("", 1)
    assert "NoFilter" in result.err
    assert "models --all" in result.err
    simulator.faults.add("403", at="filter")
    assert gigachat("check", "--profanity", "hi").code == 3


# all of them


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["tokens", "a"], "tokens"),
        (["balance"], "balance"),
        (["embed", "a"], "embeddings"),
        (["check", "--profanity", "a"], "filter"),
    ],
)
def test_failures_of_the_service_have_their_exit_codes(
    words: list[str], place: str, gigachat: Program, simulator: Simulator, rules: Rules
) -> None:
    for fault, code in (
        ("402", 5),
        ("403", 3),
        ("404", 1),
        ("422", 1),
        ("429", 5),
        ("503", 1),
        ("garbage", 1),
        ("reset", 4),
    ):
        simulator.faults.add(fault, at=place, times=None)
        result = gigachat(*words, "--max-retries", "0", "--json")
        rules.hold(result)
        assert (result.out, result.code) == ("", code), fault
        assert json.loads(result.err)["error"]["message"]
        simulator.faults.clear()
    simulator.faults.add("401", at=place)
    assert gigachat(*words).code == 0


def test_help_of_the_small_commands_loads_no_engine(gigachat: Program) -> None:
    from .test_start import HEAVY, loaded, ours, packages

    for command in ("tokens", "balance", "embed", "check"):
        modules = loaded(gigachat, command, "--help")
        assert not {"aiohttp", "asyncio", *HEAVY} & packages(modules)
        assert not any(name.startswith("gigachat_cli.engine") for name in ours(modules))
