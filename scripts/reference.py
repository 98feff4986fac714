"""Makes `docs/reference/`, `docs/pictures/`, `man/` and `completions/` from the program; with `--check` only compares.

python scripts/reference.py [--check]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Made from the program by `make reference`; change the program instead. -->\n\n"

EXIT_CODES = {
    0: "answered",
    1: "the service refused or failed, or stdout could not be written",
    2: "usage: a bad flag, no prompt, an unreadable file, a bad setting",
    3: "authentication: no key, the key or its scope refused, access denied",
    4: "network, TLS, a proxy's refusal, silence, an undecodable or empty stream, or one cut before its end",
    5: "rate limit or quota",
    6: "answered, but not as asked",
    129: "SIGHUP; what came is kept",
    130: "Ctrl-C; what came is kept",
    141: "nobody reads on (`| head`); the program ends without a word",
    143: "SIGTERM; what came is kept",
    149: "Ctrl-Break on Windows, or a console that is closed; what came is kept",
}
"""What each exit code means."""


def main() -> int:
    os.environ["COLUMNS"] = "80"
    check = "--check" in sys.argv[1:]
    differing = []
    made = pages()
    for path, content in made.items():
        file = ROOT / path
        if not file.exists() or file.read_text(encoding="utf-8") != content:
            differing.append(path)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, encoding="utf-8")
    for stale in sorted(ROOT.glob("man/*")):
        path = str(stale.relative_to(ROOT))
        if path not in made:
            differing.append(path)
            if not check:
                stale.unlink()
    for path in differing:
        print(f"{path} {'differs from the program: run make reference' if check else 'made anew'}")
    import pictures  # beside this file

    return pictures.main() or (1 if check and differing else 0)


def pages() -> dict[str, str]:
    """Every page by its path in the repository."""
    from gigachat_cli.cli.completion import SCRIPTS, script

    made = {
        "docs/reference/commands.md": commands(),
        "docs/reference/environment.md": environment(),
        "docs/reference/exit-codes.md": exit_codes(),
        "docs/reference/history-schema.md": history_schema(),
        "docs/reference/chat.md": chat(),
        "docs/reference/batch.md": batch(),
        "docs/reference/json.md": json_output(),
    }
    scripts = {f"completions/{name}": script(shell) for shell, name in SCRIPTS.items()}
    return {path: MADE + text for path, text in made.items()} | scripts | man_pages()


def commands() -> str:
    from gigachat_cli.cli.helping import PIPE_WIDTH, lines

    parts = ["# Commands\n"]
    for page in command_pages():
        text = "\n".join(lines(page, PIPE_WIDTH))
        parts.append(f"## {page.path}\n\n```\n{text}\n```\n")
    return "\n".join(parts)


def command_pages() -> list[Any]:
    """The page of every command, each group before what is in it."""
    import typer

    from gigachat_cli.cli.app import build
    from gigachat_cli.cli.helping import page
    from gigachat_cli.commands import NAME

    def below(command: Any, name: str, parent: Any) -> list[Any]:
        context = command.make_context(name, [], parent=parent, resilient_parsing=True)
        inner = [
            each for name, child in getattr(command, "commands", {}).items() for each in below(child, name, context)
        ]
        return [page(command, context), *inner]

    return below(typer.main.get_command(build()), NAME, None)


def man_pages() -> dict[str, str]:
    from manual import manual  # beside this file

    from gigachat_cli.settings import declarations

    return manual(
        command_pages(),
        {
            "ENVIRONMENT": [(each.variable, each.help) for each in declarations().values()],
            "EXIT STATUS": [(str(code), f"{meaning[0].upper()}{meaning[1:]}.") for code, meaning in EXIT_CODES.items()],
        },
    )


def environment() -> str:
    from gigachat_cli.settings import declarations, shown

    lines = [
        "# Settings and environment\n",
        "A setting is its flag, else its variable, else its key in `config.toml`, else its default.",
        "`gigachat config show` names the origin of each; `gigachat config path` prints where the file is.",
        "A blank variable is unset. Secrets do not belong in the file.\n",
        "| key in config.toml | variable | flag | default | meaning |",
        "|---|---|---|---|---|",
    ]
    for name, each in declarations().items():
        key = "" if each.secret else f"`{name}`"
        flag = f"`{each.flag}`" if each.flag else ""
        default = f"`{shown(name, each.default)}`" if each.default is not None else ""
        lines.append(f"| {key} | `{each.variable}` | {flag} | {default} | {each.help} |")
    lines += [
        "",
        "Also honoured:\n",
        "| variable | meaning |",
        "|---|---|",
        "| `GIGACHAT_CONFIG_DIR` | folder of settings, access tokens and the root certificate |",
        "| `GIGACHAT_DATA_DIR` | folder of what is kept for you |",
        "| `HTTPS_PROXY`, `ALL_PROXY` | a proxy, where the setting `proxy` is unset; small letters are read first |",
        "| `NO_PROXY` | what goes without it: `example.org` (and all below it), `*.example.org`, `10.0.0.0/8`, "
        "`[::1]`, each also with `:port`, or `*`; between commas or blanks |",
        "| `VISUAL`, `EDITOR` | editor of `--editor` |",
        "| `NO_COLOR` | no colours |",
        "| `FORCE_HYPERLINK` | `1`: links can be clicked, `0`: their addresses are shown; else by the terminal |",
        "| `TERM=dumb` | not one escape byte |",
        "| `XDG_CONFIG_HOME`, `XDG_DATA_HOME` | where those folders are made, on Linux |",
        "",
        "Never read: `.env`, anything in the working folder, `~/.netrc`.",
    ]
    return "\n".join(lines) + "\n"


def exit_codes() -> str:
    from gigachat_cli import errors

    lines = ["# Exit codes\n", "| code | meaning |", "|---:|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    lines += [
        "",
        "An answer that was cut is never passed off as complete: the exit code says so, a line on stderr,",
        'and `"complete": false` in JSON. One that met its token limit has code 0, the line and the mark.\n',
        "## Words for scripts\n",
        'With `--json` a problem is `{"error": {"code": …}}` on stderr. The words are stable:\n',
        "| word | exit code |",
        "|---|---:|",
    ]
    classes = [each for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "exit_code")]
    lines += [f"| `{each.code}` | {each.exit_code} |" for each in classes]
    return "\n".join(lines) + "\n"


def history_schema() -> str:
    from gigachat_cli.sessions import schema_markdown

    return schema_markdown()


def chat() -> str:
    from gigachat_cli.repl.commands import reference

    return "\n".join(
        [
            "# The chat\n",
            "`gigachat chat` reads a line and answers it, until Ctrl-D.\n",
            "| key | does |",
            "|---|---|",
            "| Enter | sends |",
            "| Alt-Enter, Ctrl-J | begins a new line; a paste never sends |",
            '| `"""` | opens a block of several lines, the next `"""` closes it |',
            "| Ctrl-C | stops an answer, and keeps what came; clears a line that holds text |",
            "| Ctrl-D | leaves |",
            "| Up, Down, Ctrl-R | what was typed before, also in other chats |",
            "| Tab | completes commands and what stands after them |",
            "| Ctrl-X Ctrl-E | opens the line in `$VISUAL` or `$EDITOR` |",
            "| Ctrl-L | clears the screen |\n",
            "`gigachat config set edit_mode vi` gives vi's keys.\n",
            "## Commands\n",
            "`.name` does the same as `/name`, and `//` sends a text that begins with a slash.\n",
            reference(),
        ]
    )


def batch() -> str:
    from gigachat_cli.batch.items import OPTIONS, Item
    from gigachat_cli.batch.output_rows import answer_row, error_row
    from gigachat_cli.errors import UsageError
    from gigachat_cli.messages import Answer, Usage

    request_id = "4c4994bb-1d5a-4b1d-ac15-fd5036950252"
    answer = Answer("Hello.", "GigaChat:2.0.28.2", "stop", True, Usage(17, 3, 20, 2), request_id=request_id)
    problem = UsageError("Line 2 cannot be asked: it is not JSON.")
    return "\n".join(
        [
            "# Batches\n",
            "`gigachat batch run FILE` asks every item of a file and writes one row of JSON for each, in the order of",
            "the input; `gigachat batch FILE` is its short form. `batch status`, `batch fetch` and `batch list` are",
            "for batches of `--remote`. A file that has the name of a command is `./run`, `./status`, and so on.\n",
            "## Input\n",
            "| name | an item is |",
            "|---|---|",
            "| `.jsonl`, `-` | a line: a prompt in quotes, or an object |",
            "| `.csv`, `.tsv` | a record; the first one names the columns; comma, semicolon or tab |",
            "| `.txt` | a line, which is the prompt |\n",
            "`--format jsonl`, `csv` or `text` says it whatever the name is. Blank lines are no items.",
            "A line that cannot be read, or is longer than 16 MiB, becomes a row with its error. Where nobody named",
            "the format and the first line does not even begin as JSON, nothing is sent, and the exit code is 2.\n",
            "| field of an object, column of a table | meaning |",
            "|---|---|",
            "| `prompt` or `messages` | what is asked; a table has `prompt` alone |",
            "| `id` | comes back in the row |",
            "| `system`, `model` | instead of `--system` and `--model` |",
            f"| {', '.join(f'`{name}`' for name in OPTIONS)} | the request field of that name |",
            "| `options` | an object of any other request fields |\n",
            'Other fields are left alone. With `--template "Translate: {text}"` they fill the prompt; a field that the',
            "template names is no option, and `{{` and `}}` are braces.\n",
            "## Rows\n",
            "Keys are only ever added. `id` is there when the input has one,",
            "`function_call` when the model wants a function called that nobody calls.\n",
            f"```json\n{answer_row(Item(1, 0, 0, id='a'), answer)}{error_row(Item(2, 0, 0), problem)}```\n",
            "## To the end, whatever happens\n",
            "With `-O OUT.jsonl` every answer is on disk as soon as it is there: in `OUT.jsonl` when it is",
            "its turn, before that in `OUT.jsonl.journal`, which is gone when all is done. After Ctrl-C, a kill",
            "or an error, `--resume` asks what is missing and nothing twice, but for what was under way.",
            "The input must be the same; lines may have been added to it. An output that holds something",
            "else, or rows of another input, is refused and left as it is; so is whatever stands beside it",
            "under these names and is not the batch's own. `--retry-failed` asks the items of",
            "error rows again; meanwhile the old output is `OUT.jsonl.previous`.\n",
            "What would fail every other item as well (no key, no tokens, an unknown model, no way to the",
            "service) ends the batch with its own exit code, to be resumed. Otherwise the exit code is 6 when",
            "some items failed.\n",
            "The batch takes as many slots of the account as `--concurrency` says, and lets one go when",
            "another `gigachat` waits for it. After a 429 it slows down, and comes back to its pace by and by.",
        ]
    )


def json_output() -> str:
    from gigachat_cli.errors import GigaChatError
    from gigachat_cli.messages import Answer, Usage
    from gigachat_cli.render.answers import answer_object, as_json
    from gigachat_cli.render.problems import problem_object

    answer = Answer(
        text="Hello.",
        model="GigaChat:2.0.28.2",
        finish_reason="stop",
        complete=True,
        usage=Usage(17, 3, 20, 2),
        request_id="4c4994bb-1d5a-4b1d-ac15-fd5036950252",
    )
    problem = GigaChatError("What happened.", hint="The next step.", status=500, request_id="4c4994bb-…")
    return (
        "\n".join(
            [
                "# JSON output\n",
                "Keys are only ever added. What is not known is `null`.\n",
                "## An answer: `gigachat ask --json`\n",
                f"```json\n{as_json(answer_object(answer))}\n```\n",
                "`complete` is false when the answer was cut, met its token limit (`finish_reason` is `length`),",
                "or was stopped by the content filter (`blacklist`). `sources` are those of `--web`: `number`, `title`",
                "and `url`. With `--schema` there is one key more: `data`, the value that the answer's JSON means.",
                "Where the model calls a function that `-o functions=…` offers there is `function_call`: `name` and",
                "`arguments`; with `problem` and `raw` when its arguments could not be read.\n",
                "## A stream: `gigachat ask --output stream-json`\n",
                "A line for each chunk, then one for the answer:\n",
                f"```json\n{as_json({'type': 'chunk', 'text': 'Hel'})}\n{as_json({'type': 'chunk', 'text': 'lo.'})}",
                f"{as_json({'type': 'answer', **answer_object(answer)})}\n```\n",
                "## A problem, on stderr\n",
                f"```json\n{as_json({'error': problem_object(problem)})}\n```\n",
                "`schema_misfit` has one key more: `answer`, the last one that did not fit.\n",
                "## Rows\n",
                "`models`, `config show` and `doctor` print a JSON array of objects, `auth status` one object.",
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
