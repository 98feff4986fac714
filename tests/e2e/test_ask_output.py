"""What `ask` writes: the exact text in a pipe, at once; files, code blocks and formats; and what cannot be written."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import threading
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result
from .conftest import ended

AWKWARD = "a\rb \x1b[31mred\x1b[0m \x07\x00\x9b \u202eright\u2066 \u200e 🙂 👨‍👩‍👧 e\u0301 \u2028 end"


def shell(gigachat: Program, line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in which $GIGACHAT is the program."""
    settings = {**gigachat.environment(), "GIGACHAT": shlex.join(gigachat.arguments), **environment}
    return subprocess.run(["bash", "-c", line], env=settings, capture_output=True, timeout=30)


@pytest.mark.parametrize("flag", ["--no-stream", "--output=text"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_pipe_gets_the_exact_text_and_a_final_newline(
    gigachat: Program, simulator: Simulator, flag: str, end: str
) -> None:
    simulator.answer = [*AWKWARD, end] if flag != "--no-stream" else AWKWARD + end
    result = gigachat("ask", "hi", flag)
    assert result.raw == (AWKWARD + (end or "\n")).encode()
    assert (result.err, result.code) == ("", 0)


def test_lone_surrogates_of_json_escapes_do_not_stop_the_answer(gigachat: Program, simulator: Simulator) -> None:
    event = '{"choices":[{"delta":{"content":"a\\ud83d\\ude42b\\ud83dc"},"index":0,"finish_reason":"stop"}]}'
    simulator.stream_bytes = [f"data: {event}\n\ndata: [DONE]\n\n".encode()]
    text = gigachat("ask", "hi")
    assert (text.raw, text.err, text.code) == ("a🙂b\ufffdc\n".encode(), "", 0)
    whole = gigachat("ask", "hi", "--json")
    assert (json.loads(whole.out)["answer"], whole.code) == ("a🙂b\ufffdc", 0)


@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}]
)
def test_output_is_utf8_in_every_locale(gigachat: Program, simulator: Simulator, locale: dict[str, str]) -> None:
    simulator.answer = "Привет 🙂"
    result = gigachat("ask", "как дела", "-u", environment={**locale, "LANG": None, "PYTHONUTF8": "0"})
    assert (result.raw, result.code) == ("Привет 🙂\n".encode(), 0)
    simulator.faults.add("422", message="Ошибка")
    assert "Ошибка" in gigachat("ask", "hi", environment={**locale, "LANG": None, "PYTHONUTF8": "0"}).err


def test_each_chunk_is_written_when_it_comes(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = ["one ", "two ", "three"]
    for count in (1, 2):
        simulator.faults.add("stall", after=count)
        running = gigachat.start("ask", "hi")
        assert running.stdout is not None
        wanted = "".join(simulator.answer[:count]).encode()
        assert running.stdout.read(len(wanted)) == wanted  # while the rest is held back
        assert running.poll() is None
        simulator.release()
        assert ended(running).out == "one two three"[len(wanted) :] + "\n"


def test_each_chunk_is_a_json_line_when_it_comes(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = ["one\n", "", "two"]
    simulator.faults.add("stall", after=1)
    running = gigachat.start("ask", "hi", "--output", "stream-json")
    assert running.stdout is not None
    assert json.loads(running.stdout.readline()) == {"type": "chunk", "text": "one\n"}
    simulator.release()
    chunk, answer = [json.loads(line) for line in ended(running).out.splitlines()]
    assert chunk == {"type": "chunk", "text": "two"}
    assert (answer["type"], answer["answer"], answer["complete"]) == ("answer", "one\ntwo", True)


def test_a_closed_pipe_ends_quietly_with_141(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = [f"line {number}\n" for number in range(2000)]
    simulator.pace = 0.002
    done = shell(gigachat, "$GIGACHAT ask hi | head -1; echo ${PIPESTATUS[0]}")
    assert (done.stdout, done.stderr) == (b"line 0\n141\n", b"")
    simulator.wait_until_idle()
    simulator.pace = 0.0
    assert shell(gigachat, "$GIGACHAT --help | true; echo ${PIPESTATUS[0]}").stderr == b""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("$GIGACHAT ask hi >&-", "gigachat: There is no stdout to write to.\n"),
        ("$GIGACHAT ask hi >/dev/full", "gigachat: stdout could not be written: No space left on device.\n"),
        ("$GIGACHAT ask hi --json >/dev/full", '{"error": {"code": "output", '),
        ("$GIGACHAT models >/dev/full", "gigachat: stdout could not be written: No space left on device.\n"),
        ("$GIGACHAT ask --help >/dev/full", "gigachat: stdout could not be written: No space left on device.\n"),
        ("$GIGACHAT --version >/dev/full", "gigachat: stdout could not be written: No space left on device.\n"),
    ],
)
def test_a_stdout_that_cannot_be_written_is_one_line_and_1(
    gigachat: Program, simulator: Simulator, line: str, told: str
) -> None:
    done = shell(gigachat, line)
    assert done.stderr.decode().startswith(told)
    assert done.stderr.count(b"\n") == 1
    assert done.returncode == 1
    if ">&-" in line:
        assert simulator.calls("chat") == []  # nothing is paid for that nobody can get


def test_a_closed_stderr_costs_nothing_but_its_lines(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "An answer."
    done = shell(gigachat, "$GIGACHAT ask hi -u 2>&-; echo $?")
    assert done.stdout == b"An answer.\n0\n"
    simulator.faults.add("402")
    assert shell(gigachat, "$GIGACHAT ask hi 2>&-; echo $?").stdout == b"5\n"


def test_an_output_file_gets_the_answer_and_stdout_nothing(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.answer = AWKWARD
    result = gigachat("ask", "hi", "-O", "out.md")
    assert (result.out, result.err, result.code) == ("", "", 0)
    assert (home / "out.md").read_bytes() == (AWKWARD + "\n").encode()


def test_an_existing_file_is_refused_before_anything_is_asked(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    (home / "out.md").write_text("old")
    for words, told in (
        (["-O", "out.md"], "out.md exists."),
        (["-O", "."], ". is a folder."),
        (["-O", "nowhere/out.md"], "The folder nowhere does not exist."),
    ):
        result = gigachat("ask", "hi", *words)
        assert (result.code, result.out) == (2, "")
        assert result.err.splitlines()[0] == f"gigachat: {told}"
    assert simulator.requests == []
    assert (home / "out.md").read_text() == "old"


def test_force_replaces_a_file_but_a_refusal_does_not(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "out.md").write_text("old and longer than the new")
    simulator.faults.add("422")
    assert gigachat("ask", "hi", "-O", "out.md", "--force").code == 1
    assert (home / "out.md").read_text() == "old and longer than the new"
    simulator.answer = "new"
    assert gigachat("ask", "hi", "-O", "out.md", "--force").code == 0
    assert (home / "out.md").read_text() == "new\n"


def test_an_output_file_keeps_what_came_of_a_cut_answer(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.answer = ["one ", "two ", "three"]
    simulator.faults.add("cut", after=2)
    result = gigachat("ask", "hi", "-O", "out.md")
    assert result.code == 4
    assert (home / "out.md").read_text() == "one two \n"


CODE = [
    ("Look:\n\n```python\nprint(1)\n\n\nprint(2)\n```\nand\n```\nno\n```\n", "print(1)\n\n\nprint(2)\n"),
    ("~~~~ sh\n~~~\nls\n~~~~\n", "~~~\nls\n"),
    ("1. Do\n\n   ```sh\n   a\n     b\n   ```\n", "a\n  b\n"),
    ("> ```\n> quoted\n> ```\n", "quoted\n"),
    ("An `inline` one.\n\n    indented\n\n```\nfenced", "fenced\n"),
    ("```\r\nwindows\r\n```\r\n", "windows\n"),
    ("```make\nall:\n\tgo\tbuild  \n```\n", "all:\n\tgo\tbuild  \n"),
    ("1. Do\n\n   ```go\n   if x {\n   \t\ty()\n   }\n   ```\n", "if x {\n\t\ty()\n}\n"),
]


@pytest.mark.parametrize(("answer", "code"), CODE)
def test_extract_prints_the_first_fenced_block_alone(
    gigachat: Program, simulator: Simulator, answer: str, code: str
) -> None:
    simulator.answer = answer
    result = gigachat("ask", "hi", "-x")
    assert (result.out, result.err, result.code) == (code, "", 0)


@pytest.mark.parametrize(("answer", "code"), CODE[-2:])
def test_every_copy_of_code_has_its_tabs(gigachat: Program, simulator: Simulator, answer: str, code: str) -> None:
    simulator.answer = answer
    assert gigachat("ask", "hi").out == answer
    assert answer in gigachat("history", "export", "--format", "markdown").out
    assert json.dumps(answer, ensure_ascii=False) in gigachat("history", "export", "--format", "json").out
    assert code.split("\n")[1] in gigachat("history", "show", "last").out


def test_nothing_to_extract_prints_the_whole_answer_a_line_and_6(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "Only `words`."
    result = gigachat("ask", "hi", "-x")
    assert result.out == "Only `words`.\n"
    assert result.err == ("gigachat: There is no fenced code block in the answer.\n  The whole answer was printed.\n")
    assert result.code == 6
    simulator.faults.add("length", after=1)
    simulator.answer = ["Only ", "words."]
    result = gigachat("ask", "hi", "-x")
    assert (result.out, result.code) == ("Only \n", 6)
    assert result.err.startswith("gigachat: The answer is not complete: it met its token limit. 'gigachat ask")


def test_a_cut_answer_is_cut_with_extract_too(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = ["```\none\n", "two\n", "```\n"]
    simulator.faults.add("cut", after=1)
    result = gigachat("ask", "hi", "-x")
    assert (result.out, result.code) == ("one\n", 4)
    assert result.err.startswith("gigachat: The answer was cut before its end")


def test_usage_is_told_on_stderr(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "An answer."
    result = gigachat("ask", "hi", "-u")
    assert result.out == "An answer.\n"
    assert result.err.count("\n") == 1
    assert "prompt tokens" in result.err
    simulator.faults.add("no-usage")
    result = gigachat("ask", "hi", "-u")
    assert (result.err, result.code) == ("The service told no token usage.\n", 0)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--json", "--output", "text"], "--json and --output text contradict each other."),
        (["--json", "--output", "stream-json"], "--json and --output stream-json contradict each other."),
        (["--json", "-x"], "--extract prints code alone and does not go with json output."),
    ],
)
def test_flags_that_contradict_each_other_are_refused(
    gigachat: Program, simulator: Simulator, words: list[str], told: str
) -> None:
    result = gigachat("ask", "hi", *words)
    assert (result.code, result.out) == (2, "")
    assert json.loads(result.err)["error"]["message"] == told
    assert simulator.requests == []


def test_json_twice_is_json(gigachat: Program, simulator: Simulator) -> None:
    assert json.loads(gigachat("ask", "hi", "--json", "--output", "json").out)["complete"] is True


def test_quiet_tells_no_notice_but_the_problem(gigachat: Program, simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    unwritable = {"GIGACHAT_DATA_DIR": str(tmp_path / "file")}
    assert "not recorded" in gigachat("ask", "hi", environment=unwritable).err
    assert gigachat("ask", "hi", "-q", environment=unwritable).err == ""
    simulator.faults.add("402")
    assert gigachat("ask", "hi", "-q").err.startswith("gigachat: No tokens are left")


@pytest.mark.parametrize("environment", [{}, {"FORCE_COLOR": "1"}])
def test_a_pipe_gets_no_escape_that_the_answer_does_not_hold(
    gigachat: Program, simulator: Simulator, environment: dict[str, str]
) -> None:
    simulator.answer = "# Plain"
    for words in (["ask", "hi"], ["models"], ["doctor"], ["ask", "--help"]):
        result = gigachat(*words, environment=environment)
        assert ("\x1b" in result.out, result.code) == (False, 0)


def test_many_answers_at_once_do_not_mix(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = None
    results: list[Result] = []
    threads = [threading.Thread(target=lambda: results.append(gigachat("ask", "hi", "--json"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {result.code for result in results} == {0}
    assert len({json.loads(result.out)["answer"] for result in results}) == 1
    assert simulator.oauth_calls == 1
    assert simulator.accounts.peak() == 1  # a personal account's single place is queued for
    assert os.path.exists(os.environ["GIGACHAT_CONFIG_DIR"])


@pytest.mark.parametrize(
    "words",
    [("ask", "hi"), ("history", "export"), ("batch", "prompts.jsonl"), ("batch", "prompts.jsonl", "--force")],
    ids=" ".join,
)
def test_a_dash_as_output_file_is_stdout(
    gigachat: Program, simulator: Simulator, home: Path, words: tuple[str, ...]
) -> None:
    simulator.answer = "An answer."
    (home / "prompts.jsonl").write_text('"hi"\n')
    if words[0] == "history":
        assert gigachat("ask", "hi").code == 0
    plain = gigachat(*words)
    result = gigachat(*words, "-O", "-")
    nameless = re.compile('"request_id": "[^"]*"')
    assert (result.code, nameless.sub("", result.out)) == (0, nameless.sub("", plain.out))
    assert "An answer." in result.out
    assert not (home / "-").exists()
