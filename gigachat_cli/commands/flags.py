"""Flags that are not settings, each declared once.

Flags of several commands are in a class that these share; a command with many flags has a class of its own; a few are
parameters of the command's function in `cli/`.
"""

from pathlib import Path

from ..options import ANSWER, FUNCTIONS, OUTPUT, Options, option


def unless_stdout(path: object) -> object:
    """The meaning of every --output-file of text: `-` is stdout, where the text goes without one."""
    return None if str(path) == "-" else path


class Flags(Options):
    """Flags of every command that can use them."""

    json: bool = option(False, "JSON for scripts.", panel=OUTPUT)
    quiet: bool = option(False, "No notices on stderr.", flags="--quiet -q", panel=OUTPUT)
    debug: bool = option(False, "Tell each request, and where an error came from.", panel=OUTPUT)


class TextFlags(Flags):
    """Flags of `tokens`."""

    file: tuple[Path, ...] = option(
        (), "A text from a file; - is stdin; repeatable.", flags="--file -f", metavar="PATH"
    )


class CheckFlags(TextFlags):
    """Flags of `check`."""

    profanity: bool = option(False, "Tell whether a text is profane, in place of who wrote it.")
    model: str | None = option(
        None,
        "Checker to use; GigaCheckDetection without it, with --profanity GigaFilter.",
        flags="--model -m",
        metavar="NAME",
    )


class EmbedFlags(Flags):
    """Flags of `embed`."""

    file: tuple[Path, ...] = option(
        (), "Each line is a text; - is stdin; repeatable.", flags="--file -f", metavar="PATH"
    )
    model: str | None = option(None, "Embedder to use; Embeddings without it.", flags="--model -m", metavar="NAME")


class DownloadFlags(Flags):
    """Flags of `files download`."""

    output_file: Path | None = option(None, "Write it there; - is stdout.", flags="--output-file -O", metavar="PATH")
    force: bool = option(False, "Replace an existing file.")
    any_size: bool = option(False, "Take a file of more than 1 GiB.")


class PagedFlags(Flags):
    """Flags of commands whose output may be long."""

    no_pager: bool = option(False, "Show all of it at once, without $PAGER.", panel=OUTPUT)


class ExportFlags(Flags):
    """Flags of `history export`."""

    output_file: Path | None = option(
        None, "Write it there; - is stdout.", unless_stdout, "--output-file -O", metavar="PATH"
    )
    force: bool = option(False, "Replace an existing output file.")


class QuestionFlags(Flags):
    """Flags of commands that ask the model."""

    system: str | None = option(None, "System message, or @ and its file.", flags="--system -s", metavar="TEXT|@FILE")
    attach: tuple[Path, ...] = option(
        (), "A file that goes with the question; - is stdin; repeatable.", flags="--attach -a --file -f", metavar="PATH"
    )
    continued: bool = option(False, "Go on with the conversation written last.", flags="--continue -c")
    session: str | None = option(
        None,
        "Begin a named conversation, or go on with it.",
        flags="--session -S",
        metavar="NAME",
        completion="session",
    )
    no_log: bool = option(False, "Keep nothing of this in the history.", flags="--no-log -n")
    no_stdin: bool = option(False, "Leave stdin alone.")
    fields: tuple[str, ...] = option(
        (), "Any other request field; repeatable.", flags="--option -o", metavar="KEY=JSON", panel=ANSWER
    )
    web: bool = option(False, "Let the model search the web; names its sources.", panel=ANSWER)
    tools: tuple[str, ...] = option(
        (),
        "Another tool of the service; repeatable.",
        flags="--tool",
        metavar="NAME",
        panel=ANSWER,
        completion="tool",
    )
    reasoning: str | None = option(None, "low, medium or high.", metavar="EFFORT", panel=ANSWER, completion="effort")
    schema: str | None = option(None, 'Only JSON that fits; also: "name, age int".', metavar="FILE|JSON", panel=ANSWER)
    schema_retries: int | None = option(None, "Times to ask again for what fits; 2.", metavar="N", panel=ANSWER)
    functions: Path | None = option(None, "Let the model call its functions.", metavar="FILE.py", panel=FUNCTIONS)
    approve: str | None = option(
        None, "Functions that run without a question.", metavar="all|none|NAME,…", panel=FUNCTIONS
    )
    max_rounds: int | None = option(None, "Most calls for one answer; 8.", metavar="N", panel=FUNCTIONS)
    function_timeout: float | None = option(
        None, "Longest that a function may run; 30.", metavar="SECONDS", panel=FUNCTIONS
    )
    raw: bool = option(False, "The text as it came, without Markdown.", flags="--raw -r", panel=OUTPUT)


class AskFlags(QuestionFlags):
    """Flags of `ask`."""

    resume: bool = option(False, "Go on with the last answer, which was cut.")
    editor: bool = option(False, "Write the prompt in $VISUAL or $EDITOR.", flags="--editor -e")
    no_stream: bool = option(False, "Ask for the whole answer at once.", panel=ANSWER)
    output: str | None = option(
        None, "text, markdown, json or stream-json.", metavar="FORMAT", panel=OUTPUT, completion="format"
    )
    extract: bool = option(False, "Only the first fenced code block.", flags="--extract -x", panel=OUTPUT)
    usage: bool = option(False, "Tell the tokens used.", flags="--usage -u", panel=OUTPUT)
    output_file: Path | None = option(
        None,
        "Write the answer there; - is stdout.",
        unless_stdout,
        "--output-file -O",
        metavar="PATH",
        panel=OUTPUT,
    )
    force: bool = option(False, "Replace an existing output file.", panel=OUTPUT)
    dry_run: bool = option(False, "Print the request and send nothing.", panel=OUTPUT)


class ImageFlags(QuestionFlags):
    """Flags of `image`."""

    output_file: Path | None = option(
        None, "Save the picture there; - is stdout.", flags="--output-file -O", metavar="FILE", panel=OUTPUT
    )
    force: bool = option(False, "Replace an existing file.", panel=OUTPUT)


class BatchFlags(QuestionFlags):
    """Flags of `batch run`."""

    output_file: Path | None = option(
        None, "Write the rows there; - is stdout, as without it.", unless_stdout, "--output-file -O", metavar="PATH"
    )
    resume: bool = option(False, "Go on with an output file that was begun.")
    retry_failed: bool = option(False, "Go on, and ask the items that failed again.")
    force: bool = option(False, "Replace an existing output file.")
    template: str | None = option(None, 'A prompt with fields, as in "Translate: {text}".', metavar="TEXT|@FILE")
    format: str | None = option(None, "jsonl, csv or text, whatever the name says.", metavar="FORMAT")
    concurrency: int | None = option(None, "Requests at once; 1 for personal accounts, else 10.", metavar="N")
    remote: bool = option(False, "Hand it to the service's own batch API, and print its id.")
    dry_run: bool = option(False, "Count items and tokens, and send nothing.")


class FetchFlags(Flags):
    """Flags of `batch fetch`."""

    output_file: Path | None = BatchFlags.output_file
    force: bool = BatchFlags.force
    wait: bool = option(False, "Wait until it is completed.")
