"""Values that nobody means well with: huge and odd numbers, deep nesting, text that is none, absurd times.

Each field of each reply, each setting and each file takes each of them; the program says a sentence or goes on.
"""

from __future__ import annotations

import copy
import json
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.settings import declarations
from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result
from ..raw import RawServer, read_request, response

DEEP = "[" * 100_000 + "]" * 100_000
LONG_NAME = "я" * 400 + ".txt"
NUMBERS = ["9" * 5000, "-" + "9" * 4000, "1e300", "-1e300", "1e999", "NaN", "-Infinity", "-1", "0.5", "253402300800"]
VALUES = [
    *NUMBERS,
    DEEP,
    '{"a":' * 500 + "1" + "}" * 500,
    "[" * 90 + "]" * 90,
    '"\\ud800"',
    '"\\u0000"',
    json.dumps(LONG_NAME),
    '""',
    "null",
    "true",
    "[]",
    "{}",
    "[null]",
    '[[1, "a"]]',
    '[{"id": 1}]',
    '"x"',
]
MARK = "@@@"


def sane(result: Result) -> None:
    """A sentence, or success: no traceback, no mistake of the program."""
    assert "mistake" not in result.err.lower(), result.err[-600:]
    assert "Traceback" not in result.err, result.err[-600:]
    assert "set_int_max_str_digits" not in result.err
    assert result.code in (0, 1, 2, 3, 4, 5, 6), (result.code, result.err[-600:])
    assert '"answer"' in result.err or max(map(len, result.err.splitlines() or [""])) < 1500


def forms(reply: Any) -> Iterator[bytes]:
    """The reply as JSON text, with each of its values in turn replaced by each of the hostile ones."""
    for place in places(reply):
        marked = json.dumps(replaced(reply, place, MARK), ensure_ascii=False)
        for value in VALUES:
            yield marked.replace(json.dumps(MARK), value, 1).encode()


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*here, key))


def replaced(value: Any, place: tuple[Any, ...], by: Any) -> Any:
    if not place:
        return by
    value = copy.deepcopy(value)
    inner = value
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = by
    return value


CHAT = {
    "choices": [
        {
            "message": {
                "content": "Hi",
                "role": "assistant",
                "function_call": {"name": "f", "arguments": {"a": 1}},
                "functions_state_id": "id",
            },
            "index": 0,
            "finish_reason": "stop",
        }
    ],
    "created": 1,
    "model": "GigaChat:2",
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "precached_prompt_tokens": 0},
    "object": "chat.completion",
}
STREAMED = {
    **CHAT,
    "choices": [{"delta": CHAT["choices"][0]["message"], "index": 0, "finish_reason": "stop"}],  # type: ignore[index]
}
CHAT_V2 = {
    "messages": [
        {
            "role": "assistant",
            "content": [
                {"text": "Hi", "inline_data": {"sources": {"1": {"url": "https://a", "title": "t"}}}},
                {"files": [{"id": "a" * 36, "target": "image", "mime": "image/png"}]},
                {"tool_execution": {"name": "web_search", "status": "in_progress", "seconds_left": 1}},
            ],
            "tools_state_id": "s",
        }
    ],
    "finish_reason": "stop",
    "model": "GigaChat-2",
    "created_at": 1,
    "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "input_tokens_details": {"cached_tokens": 1}},
}
FILE = {"id": "id-1", "filename": "a.txt", "bytes": 3, "created_at": 1, "purpose": "general", "object": "file"}
BATCH = {
    "id": "b-1",
    "status": "completed",
    "method": "chat_completions",
    "request_counts": {"total": 1, "completed": 1, "failed": 0},
    "created_at": 1,
    "updated_at": 1,
    "output_file_id": "file",
}
REPLIES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "chat": (CHAT, ("ask", "--no-stream", "hi")),
    "chat-json": (CHAT, ("ask", "--no-stream", "--json", "-u", "hi")),
    "chat-v2": (CHAT_V2, ("ask", "--no-stream", "--web", "--json", "hi")),
    "stream": (STREAMED, ("ask", "--json", "hi")),
    "stream-v2": (CHAT_V2, ("ask", "--web", "-u", "hi")),
    "error": ({"status": 429, "message": "m", "error": {"code": 1, "message": "m"}}, ("ask", "--no-stream", "hi")),
    "models": (
        {"data": [{"id": "GigaChat", "object": "model", "owned_by": "s", "type": "chat"}]},
        ("models", "--all", "--json"),
    ),
    "tokens": ([{"object": "tokens", "tokens": 1, "characters": 2}], ("tokens", "hi")),
    "balance": ({"balance": [{"usage": "GigaChat", "value": 5}]}, ("balance",)),
    "embeddings": (
        {"data": [{"object": "embedding", "embedding": [0.1, 0.2], "index": 0, "usage": {"prompt_tokens": 1}}]},
        ("embed", "hi"),
    ),
    "check": ({"category": "ai", "characters": 2, "tokens": 1, "ai_intervals": [[0, 2]]}, ("check", "hi")),
    "filter": ({"is_profane": True, "usage": {"filter_tokens": 1}}, ("check", "--profanity", "hi")),
    "files": ({"data": [FILE], "object": "list"}, ("files", "list")),
    "file": (FILE, ("files", "show", "id-1")),
    "deletion": ({"id": "id-1", "deleted": True}, ("files", "delete", "id-1")),
    "batches": ({"batches": [BATCH]}, ("batch", "list")),
    "batch": ([BATCH], ("batch", "status", "b-1", "--json")),
    "functions": (
        {"status": 200, "message": "m", "errors": [{"description": "d", "schema_location": "s"}], "warnings": []},
        ("functions", "check", "f.py", "--validate"),
    ),
}


class Service:
    """A service that answers everything with one body."""

    def __init__(self) -> None:
        self.body = b""
        self.status = "200 OK"
        self.headers: dict[str, str] = {"Content_Type": "application/json"}

    def answer(self, body: bytes, *, streamed: bool) -> None:
        self.body = b"data: %s\n\ndata: [DONE]\n\n" % body if streamed else body
        self.headers["Content_Type"] = "text/event-stream" if streamed else "application/json"

    def __call__(self, connection: Any) -> None:
        while read_request(connection):
            connection.sendall(response(self.status, self.body, **self.headers))


@pytest.fixture
def service(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    service = Service()
    with RawServer(service) as server:
        monkeypatch.setenv("GIGACHAT_BASE_URL", f"http://127.0.0.1:{server.port}/v1")
        monkeypatch.setenv("GIGACHAT_AUTH_URL", f"http://127.0.0.1:{server.port}/oauth")
        monkeypatch.setenv("GIGACHAT_ACCESS_TOKEN", "token")
        monkeypatch.setenv("GIGACHAT_MODEL", "GigaChat-2")
        monkeypatch.setenv("GIGACHAT_MAX_RETRIES", "0")
        monkeypatch.setenv("GIGACHAT_CONFIG_DIR", str(home / "config"))
        monkeypatch.setenv("GIGACHAT_DATA_DIR", str(home / "data"))
        yield service


@pytest.fixture
def in_this_process(
    capfd: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """The program without a process of its own: thousands of runs in a moment."""
    from gigachat_cli.__main__ import run

    monkeypatch.chdir(home)

    def call(*words: str) -> Result:
        capfd.readouterr()
        code = run(words)
        out, err = capfd.readouterr()
        return Result(code, out, err, out.encode("utf-8", "replace"))

    return call


def some(name: str, reply: Any) -> list[bytes]:
    """Of so many forms as many as a moment takes, others each day."""
    found = list(forms(reply))
    random.Random(f"{name}{time.strftime('%j')}").shuffle(found)
    return found[:20]


@pytest.mark.parametrize("name", REPLIES)
def test_a_hostile_reply_is_a_sentence(name: str, service: Service, in_this_process: Callable[..., Result]) -> None:
    Path("f.py").write_text('def add(number: int) -> int:\n    """Add one."""\n    return number + 1\n')
    reply, words = REPLIES[name]
    for body in some(name, reply):
        service.answer(body, streamed=name.startswith("stream"))
        sane(in_this_process(*words))


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", REPLIES)
def test_every_hostile_reply_is_a_sentence(name: str, service: Service, in_this_process: Callable[..., Result]) -> None:
    Path("f.py").write_text('def add(number: int) -> int:\n    """Add one."""\n    return number + 1\n')
    reply, words = REPLIES[name]
    for body in forms(reply):
        service.answer(body, streamed=name.startswith("stream"))
        sane(in_this_process(*words))


@pytest.mark.parametrize("value", VALUES[:12], ids=range(12))
def test_a_hostile_login_is_a_sentence(value: str, service: Service, gigachat: Program) -> None:
    service.body = f'{{"access_token": "token", "expires_at": {value}}}'.encode()
    key = {"GIGACHAT_ACCESS_TOKEN": None, "GIGACHAT_CREDENTIALS": "a2V5OnNlY3JldA=="}
    sane(gigachat("tokens", "hi", environment=key))
    sane(gigachat("auth", "status", environment=key))


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry_After": "9" * 5000},
        {"Retry_After": "1e400"},
        {"Retry_After": "nan"},
        {"Retry_After": "-1"},
        {"Retry_After": "Fri, 31 Dec 99999 23:59:59 GMT"},
        {"X_Request_ID": "я" * 400},
        {"Content_Type": "\x01"},
        {"Content_Type": "application/json; charset=" + "x" * 3000},
    ],
    ids=range(8),
)
@pytest.mark.parametrize("status", ["429 Too Many", "200 OK", "503 Busy"])
def test_a_hostile_header_is_a_sentence(
    headers: dict[str, str], status: str, service: Service, in_this_process: Callable[..., Result]
) -> None:
    service.status = status
    service.headers |= headers
    service.body = b'{"status": 429, "message": "busy"}'
    sane(in_this_process("ask", "hi", "--no-log"))
    sane(in_this_process("files", "download", "x", "-O", "f"))


@pytest.mark.parametrize("length", ["9" * 5000, "9" * 20, "٣", "-5", "1e3"])
def test_a_hostile_length_of_a_download_is_a_sentence(
    length: str, gigachat: Program, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(connection: Any) -> None:
        read_request(connection)
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nabc".encode())

    with RawServer(answer) as server:
        base = {"GIGACHAT_BASE_URL": f"http://127.0.0.1:{server.port}/v1", "GIGACHAT_ACCESS_TOKEN": "t"}
        result = gigachat("files", "download", "x", "-O", "f", environment={**base, "GIGACHAT_MAX_RETRIES": "0"})
    sane(result)
    assert result.code != 0
    assert not (home / "f").exists()


@pytest.mark.parametrize(
    "name",
    [
        LONG_NAME,
        "a" * 400,
        "x" * 300 + "/" + "y" * 300 + ".tar.gz",
        "." * 400,
        "\ud800" * 10,
        "a" * 250 + ".png",
        "😀" * 80 + ".jpeg",
    ],
    ids=range(7),
)
def test_a_stored_file_of_a_long_name_is_saved_under_a_shorter_one(
    name: str, gigachat: Program, home: Path, simulator: Simulator
) -> None:
    def answer(connection: Any) -> None:
        while request := read_request(connection):
            stored = json.dumps({**FILE, "filename": name}).encode()
            connection.sendall(response("200 OK", b"abc" if b"/content" in request else stored))

    with RawServer(answer) as server:
        base = {"GIGACHAT_BASE_URL": f"http://127.0.0.1:{server.port}/v1", "GIGACHAT_ACCESS_TOKEN": "t"}
        result = gigachat("files", "download", "x", environment=base)
    sane(result)
    assert result.code == 0, result.err
    (saved,) = [each for each in home.iterdir() if each.is_file()]
    assert saved.read_bytes() == b"abc"
    suffix = Path(name).suffix
    if 1 < len(suffix) < 10:
        assert saved.suffix == suffix


HOSTILE_TOML = [
    "9" * 5000,
    "0x" + "f" * 5000,
    "-" + "9" * 4000,
    "1e300",
    "1e999",
    "nan",
    "-inf",
    "[" * 3000 + "]" * 3000,
    "[" * 100_000,
    "{" + "a.b={" * 500 + "}" * 500 + "}",
    '"\\u0000"',
    '"' + "x" * 5000 + '"',
    '"~nobody-of-that-name/x"',
    "9999-12-31T23:59:59Z",
    "true",
    '""',
    "[]",
    "{}",
]


HOSTILE_VARIABLES = [
    "9" * 5000, "\udcff", "1e300", "nan", "-1", "999999999", "~nobody-of-that-name/x", "x" * 5000, "[" * 1000,
]  # fmt: skip
NOT_ASKED = ("timeout", "base_url", "auth_url", "proxy", "credentials_command")
"""What would wait, lead elsewhere, or run."""


class Fuzz:
    """Sets one setting to one value after the other, and runs what reads it."""

    def __init__(self, run: Callable[..., Result], config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run = run
        self.config = config
        self.monkeypatch = monkeypatch
        config.parent.mkdir()

    def in_file(self, name: str, value: str) -> None:
        self.config.write_text(f"{name} = {value}\n")
        sane(self.run("config", "set", "theme", "light"))
        self._read(name)

    def in_environment(self, name: str, value: str) -> None:
        self.monkeypatch.setenv(f"GIGACHAT_{name.upper()}", value)
        self._read(name)
        self.monkeypatch.delenv(f"GIGACHAT_{name.upper()}")

    def _read(self, name: str) -> None:
        sane(self.run("config", "show"))
        if name not in NOT_ASKED:
            sane(self.run("ask", "--no-stream", "--no-log", "hi"))


@pytest.fixture
def fuzz(service: Service, in_this_process: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch) -> Fuzz:
    service.body = json.dumps(CHAT).encode()
    return Fuzz(in_this_process, home / "config" / "config.toml", monkeypatch)


@pytest.mark.parametrize("name", declarations())
def test_a_hostile_setting_is_a_sentence(name: str, fuzz: Fuzz) -> None:
    """Two values a day of the file, two of the environment; `make soak` takes all."""
    chance = random.Random(f"{name}{time.strftime('%j')}")
    for value in chance.sample(HOSTILE_TOML, 2):
        fuzz.in_file(name, value)
    fuzz.config.unlink()
    for value in chance.sample(HOSTILE_VARIABLES, 2):
        fuzz.in_environment(name, value)


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", declarations())
def test_every_hostile_setting_is_a_sentence(name: str, fuzz: Fuzz) -> None:
    for value in HOSTILE_TOML:
        fuzz.in_file(name, value)
    fuzz.config.unlink()
    for value in HOSTILE_VARIABLES:
        fuzz.in_environment(name, value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"theme{'.a' * 100_000} = 1", "nested too deeply"),
        (f"theme = {'[' * 100_000}", "nested too deeply"),
        (f"[{'a . ' * 50_000}a]", "nested too deeply"),
        (f"wrap = {'9' * 5000}", "a number in it is too long"),
        (f"wrap = 0x{'f' * 5000}", "from 20 to 10000, not such a long number"),
        ("max_connections = 999999999", "from 1 to 1000"),
        (f"# {'x' * 300_000}", "larger than 256 KiB"),
        ('cert_file = "a\\u0000"', "must be a path"),
    ],
    ids=range(8),
)
def test_a_config_file_that_no_reader_likes_is_told(
    line: str, said: str, gigachat: Program, home: Path, simulator: Simulator
) -> None:
    config = home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text(f"{line}\n")
    for words in (("config", "show"), ("ask", "hi")):
        result = gigachat(*words, timeout=10)
        sane(result)
        assert (result.code, said in result.err) == (2, True), result.err


HOSTILE_FILES = [
    DEEP.encode(),
    b'{"a":' * 500 + b"1" + b"}" * 500,
    b"\xff\xfe" * 100,
    b"\x00" * 1000,
    b"9" * 5000,
    b'"\\ud800"',
    b"[]",
    b"null",
    b'{"version": 1, "tokens": {"a": {"access_token": "t", "expires_at": 1e999}}, "files": {"a": {}}}',
    b'{"version": 1, "tokens": %s, "files": %s}' % (b"[" * 900 + b"]" * 900, b"[" * 900 + b"]" * 900),
    b'{"place": 1, "fingerprint": [], "chat": [1, null, {}], "default": 5}',
    b'{"place": "keyring", "fingerprint": "\\ud800", "chat": {}, "tokens": 5, "files": 5, "version": 1}',
]


@pytest.mark.parametrize(
    "place",
    ["config/token.json", "config/login.json", "config/models.json", "config/credentials", "data/uploads.json",
     "data/input_history", "data/history.db", "config/config.toml"],
)  # fmt: skip
def test_a_hostile_file_of_ours_is_a_sentence(
    place: str, service: Service, in_this_process: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    service.body = json.dumps({**CHAT, "access_token": "t", "expires_at": 10**13, "data": []}).encode()
    monkeypatch.delenv("GIGACHAT_ACCESS_TOKEN")
    if "token" in place:
        monkeypatch.setenv("GIGACHAT_CREDENTIALS", "a2V5OnNlY3JldA==")
    path = home / place
    path.parent.mkdir(exist_ok=True)
    for content in HOSTILE_FILES:
        path.write_bytes(content)
        for words in (("ask", "--no-stream", "hi"), ("auth", "status"), ("history", "list"), ("files", "delete", "x")):
            sane(in_this_process(*words))
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink()


def test_a_deep_or_odd_field_of_a_request_is_a_sentence(in_this_process: Callable[..., Result]) -> None:
    for value in (DEEP[:100_000], "[" * 60 + "]" * 60, "[" * 900 + "]" * 900, "9" * 5000, "NaN", "1e999", '"\\ud800"'):
        result = in_this_process("ask", "--dry-run", "-o", f"x={value}", "hi")
        sane(result)
    result = in_this_process("ask", "--dry-run", "-o", f"x={'[' * 100_000}", "hi")
    assert (result.code, "is not JSON" in result.err) == (2, True)


@pytest.mark.parametrize(
    "schema",
    [
        DEEP,
        '{"properties":{"a":' * 90 + "{}" + "}}" * 90,
        '{"allOf":[' * 300 + "{}" + "]}" * 300,
        '{"not":' * 99 + "{}" + "}" * 99,
        '{"minimum": %s}' % ("9" * 5000),
        '{"minimum": 1e999, "maxLength": -1}',
        '{"pattern": "\\ud800"}',
        '{"$ref": "\\u0000"}',
    ],
    ids=range(8),
)
def test_a_hostile_schema_is_a_sentence(
    schema: str, service: Service, in_this_process: Callable[..., Result], tmp_path: Path
) -> None:
    service.body = json.dumps(CHAT).encode()
    file = tmp_path / "schema.json"
    file.write_text(schema)
    sane(in_this_process("ask", "--no-stream", "--no-log", "--schema", str(file), "hi"))


@pytest.mark.parametrize("content", ["[" * 90 + "]" * 90, DEEP, "9" * 5000, "NaN", "1e999", '"\\ud800"'], ids=range(6))
def test_a_hostile_answer_to_a_schema_is_a_sentence(
    content: str, service: Service, in_this_process: Callable[..., Result]
) -> None:
    service.body = json.dumps(replaced(CHAT, ("choices", 0, "message", "content"), content)).encode()
    sane(in_this_process("ask", "--no-stream", "--no-log", "--json", "--schema", '{"items": {"$ref": "#"}}', "hi"))


def test_a_long_notation_of_a_schema_is_no_file_name(in_this_process: Callable[..., Result]) -> None:
    notation = ", ".join(f"field{number} int" for number in range(60))
    result = in_this_process("ask", "--dry-run", "--schema", notation, "hi")
    assert result.code == 0, result.err
    assert "field59" in result.out


def test_hostile_rows_of_a_batch_cost_only_themselves(
    service: Service, gigachat: Program, home: Path, tmp_path: Path
) -> None:
    service.body = json.dumps(CHAT).encode()
    rows = [
        '"fine"',
        DEEP,
        f'{{"prompt": "a", "id": {"9" * 5000}}}',
        f'{{"prompt": "a", "options": {{"x": {DEEP}}}}}',
        '{"prompt": "a", "temperature": NaN}',
        '{"prompt": "\\ud800"}',
        '{"prompt": "a", "id": 1e999}',
        f'{{"prompt": "a", "max_tokens": {"9" * 4000}}}',
        '"fine too"',
    ]
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join(rows) + "\n")
    result = gigachat("batch", str(file))
    sane(result)
    found = [json.loads(line) for line in result.out.splitlines()]
    assert [row["line"] for row in found] == list(range(1, 10))
    assert ["error" in found[0], "error" in found[8]] == [False, False]
    table = tmp_path / "in.csv"
    table.write_text(f"prompt,temperature,id\nfine,1,1\na,{DEEP},2\na,{'9' * 5000},3\nfine,,4\n")
    result = gigachat("batch", str(table))
    sane(result)
    assert len(result.out.splitlines()) == 4


@pytest.mark.parametrize("moment", ["1e300", "-1e300", "9e15", "-9e15", "NULL", "'x'"])
def test_a_history_with_absurd_times_is_still_shown(
    moment: str, service: Service, gigachat: Program, home: Path
) -> None:
    service.body = json.dumps(CHAT).encode()
    assert gigachat("ask", "--no-stream", "hi").code == 0
    with closing(sqlite3.connect(home / "data" / "history.db")) as database:
        for column in ("sessions.created_at", "sessions.updated_at", "turns.started_at", "turns.ended_at"):
            table, name = column.split(".")
            try:
                database.execute(f"UPDATE {table} SET {name} = {moment}")
            except sqlite3.IntegrityError:
                continue
        database.commit()
    for words in (("list",), ("list", "--json"), ("search", "hi"), ("show",), ("export",), ("export", "--json")):
        sane(gigachat("history", *words))


def test_a_history_with_broken_columns_is_still_shown(service: Service, gigachat: Program, home: Path) -> None:
    service.body = json.dumps(CHAT).encode()
    assert gigachat("ask", "--no-stream", "hi").code == 0
    for content in (DEEP, "[", "5", '"x"', "{}", '{"name": 5}', '["\ud800"]'.encode(errors="replace").decode()):
        with closing(sqlite3.connect(home / "data" / "history.db")) as database:
            database.execute("UPDATE turns SET options = ?, seams = ?", (content, content))
            database.execute("UPDATE messages SET function_call = ?, attachments = ?", (content, content))
            database.commit()
        for words in (("history", "show"), ("history", "export"), ("ask", "-c", "--no-stream", "--no-log", "hi")):
            sane(gigachat(*words))


def test_a_credentials_command_without_an_end_is_told(gigachat: Program, simulator: Simulator) -> None:
    line = {"GIGACHAT_CREDENTIALS": None, "GIGACHAT_CREDENTIALS_COMMAND": "cat /dev/zero"}
    result = gigachat("ask", "hi", environment=line, timeout=10)
    assert (result.code, "printed more than 64 KiB" in result.err) == (2, True), result.err


@pytest.mark.parametrize("number", ["0", "1001", "99999999", "9" * 30])
def test_more_requests_at_once_than_anybody_takes_are_refused(
    number: str, gigachat: Program, simulator: Simulator
) -> None:
    result = gigachat("batch", "-", "--concurrency", number, stdin='"a"\n', timeout=10)
    assert (result.code, "from 1 to 1000" in result.err) == (2, True), result.err


@pytest.mark.parametrize("host", ["x" * 300, "a..b", "...", "a b", "я" * 200, "a\x01b"], ids=range(6))
def test_a_host_that_no_name_can_be_is_refused_at_once(host: str, gigachat: Program, simulator: Simulator) -> None:
    for name in ("GIGACHAT_BASE_URL", "GIGACHAT_AUTH_URL"):
        result = gigachat("tokens", "hi", environment={name: f"https://{host}/v1"})
        sane(result)
        assert (result.code, f"{name} must be" in result.err) == (2, True), result.err


def test_folders_that_are_none_end_no_check_of_doctor(gigachat: Program, simulator: Simulator, home: Path) -> None:
    file = home / "file"
    file.touch()
    folders = {"GIGACHAT_CONFIG_DIR": str(file), "GIGACHAT_DATA_DIR": str(file)}
    result = gigachat("doctor", environment=folders)
    sane(result)
    assert f"config folder\t{file} is no folder" in result.out
    assert f"data folder\t{file} is no folder" in result.out
    assert result.out.splitlines()[-1].startswith("ok\tmodel")
