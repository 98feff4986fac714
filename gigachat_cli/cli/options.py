"""Options that several commands share.  Their values are texts: `settings` checks them, wherever they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .completions import complete_effort, complete_model, complete_scope, complete_session, complete_tool

_CONNECTION = "Connection"
_OUTPUT = "Output"
_ANSWER = "The answer"

Model = Annotated[
    str | None, typer.Option("--model", "-m", metavar="NAME", help="Model to ask.", autocompletion=complete_model)
]
Scope = Annotated[
    str | None,
    typer.Option(
        metavar="SCOPE",
        help="Scope of the key: GIGACHAT_API_PERS, _B2B or _CORP.",
        rich_help_panel=_CONNECTION,
        autocompletion=complete_scope,
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="Address of the API.", rich_help_panel=_CONNECTION)
]
Proxy = Annotated[str | None, typer.Option(metavar="URL", help="Proxy for all requests.", rich_help_panel=_CONNECTION)]
Timeout = Annotated[
    str | None,
    typer.Option(metavar="SECONDS", help="Silence after which to give up.", rich_help_panel=_CONNECTION),
]
MaxRetries = Annotated[
    str | None,
    typer.Option(
        "--max-retries", metavar="N", help="Repeats after a failure that may pass.", rich_help_panel=_CONNECTION
    ),
]
System = Annotated[
    str | None, typer.Option("--system", "-s", metavar="TEXT|@FILE", help="System message, or @ and its file.")
]
Attach = Annotated[
    list[Path] | None,
    typer.Option(
        "--attach",
        "-a",
        "--file",
        "-f",
        metavar="PATH",
        help="A file that goes with the question; - is stdin; repeatable.",
        show_default=False,
    ),
]
Continue = Annotated[bool, typer.Option("--continue", "-c", help="Go on with the conversation written last.")]
SessionName = Annotated[
    str | None,
    typer.Option(
        "--session",
        "-S",
        metavar="NAME",
        help="Begin a named conversation, or go on with it.",
        autocompletion=complete_session,
    ),
]
NoLog = Annotated[bool, typer.Option("--no-log", "-n", help="Keep nothing of this in the history.")]
Temperature = Annotated[
    str | None,
    typer.Option("--temperature", "-t", metavar="NUMBER", help="Near 0 strict, above 1 free.", rich_help_panel=_ANSWER),
]
TopP = Annotated[
    str | None,
    typer.Option("--top-p", metavar="0..1", help="Share of likely tokens to choose from.", rich_help_panel=_ANSWER),
]
MaxTokens = Annotated[
    str | None, typer.Option("--max-tokens", metavar="N", help="Longest answer, in tokens.", rich_help_panel=_ANSWER)
]
RepetitionPenalty = Annotated[
    str | None,
    typer.Option(
        "--repetition-penalty", metavar="NUMBER", help="Above 1, repeats become rarer.", rich_help_panel=_ANSWER
    ),
]
UpdateInterval = Annotated[
    str | None,
    typer.Option(
        "--update-interval", metavar="SECONDS", help="Least time between two chunks.", rich_help_panel=_ANSWER
    ),
]
Option = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="KEY=JSON",
        help="Any other request field; repeatable.",
        rich_help_panel=_ANSWER,
        show_default=False,
    ),
]
Web = Annotated[
    bool, typer.Option("--web", help="Let the model search the web; names its sources.", rich_help_panel=_ANSWER)
]
Tool = Annotated[
    list[str] | None,
    typer.Option(
        "--tool",
        metavar="NAME",
        help="Another tool of the service; repeatable.",
        rich_help_panel=_ANSWER,
        show_default=False,
        autocompletion=complete_tool,
    ),
]
Reasoning = Annotated[
    str | None,
    typer.Option(
        "--reasoning",
        metavar="EFFORT",
        help="low, medium or high.",
        rich_help_panel=_ANSWER,
        autocompletion=complete_effort,
    ),
]
Schema = Annotated[
    str | None,
    typer.Option(
        "--schema",
        metavar="FILE|JSON",
        help='Only JSON that fits; also: "name, age int".',
        rich_help_panel=_ANSWER,
    ),
]
SchemaRetries = Annotated[
    int | None,
    typer.Option("--schema-retries", metavar="N", help="Times to ask again for what fits; 2.", rich_help_panel=_ANSWER),
]
_FUNCTIONS = "Functions"


def unless_stdout(path: Path | None) -> Path | None:
    """The callback of every --output-file of text: `-` is stdout, where the text goes without one."""
    return None if path is not None and str(path) == "-" else path


FunctionFile = Annotated[
    Path | None,
    typer.Option(
        "--functions", metavar="FILE.py", help="Let the model call its functions.", rich_help_panel=_FUNCTIONS
    ),
]
Approve = Annotated[
    str | None,
    typer.Option(
        "--approve",
        metavar="all|none|NAME,…",
        help="Functions that run without a question.",
        rich_help_panel=_FUNCTIONS,
    ),
]
MaxRounds = Annotated[
    int | None,
    typer.Option("--max-rounds", metavar="N", help="Most calls for one answer; 8.", rich_help_panel=_FUNCTIONS),
]
FunctionTimeout = Annotated[
    float | None,
    typer.Option(
        "--function-timeout", metavar="SECONDS", help="Longest that a function may run; 30.", rich_help_panel=_FUNCTIONS
    ),
]
TextFiles = Annotated[
    list[Path] | None,
    typer.Option("--file", "-f", metavar="PATH", help="A text from a file; - is stdin; repeatable."),
]
Raw = Annotated[
    bool, typer.Option("--raw", "-r", help="The text as it came, without Markdown.", rich_help_panel=_OUTPUT)
]
Json = Annotated[bool, typer.Option("--json", help="JSON for scripts.", rich_help_panel=_OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notices on stderr.", rich_help_panel=_OUTPUT)]
Debug = Annotated[
    bool, typer.Option("--debug", help="Tell each request, and where an error came from.", rich_help_panel=_OUTPUT)
]
