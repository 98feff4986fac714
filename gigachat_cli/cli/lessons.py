"""What the help teaches beyond the declarations: examples, the options to look at first, tables of what is taken.

The examples stand in quotes that bash, zsh and fish read alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from .helping import HelpRow, Lesson, Section


def _faults() -> tuple[Section, ...]:
    from ..simulator import FAULTS, PLACES

    names: dict[str, list[str]] = {}
    for name, text in FAULTS.items():
        names.setdefault(text, []).append(name)
    rows = tuple(HelpRow(", ".join(same), f"{text}.") for text, same in names.items())
    note = (
        "In brackets are the keys that a fault takes, as in --fault 429:retry-after=2,times=3. Every fault also takes "
        "times=N or times=always (1 without it), skip=N requests before the first, and at=PLACE (chat without it): "
        f"{', '.join(PLACES)}."
    )
    return (Section("Faults", rows, note),)


def _settings() -> tuple[Section, ...]:
    from ..setting_values import takes
    from ..settings import declarations

    rows = tuple(
        HelpRow(name, f"{each.help} Takes {takes(each.parse)}.")
        for name, each in declarations().items()
        if not each.secret
    )
    return (Section("Settings", rows),)


LESSONS: Mapping[str, Lesson] = {
    "": Lesson(
        examples=(
            "gigachat auth login",
            "gigachat ask 'Why is the sky blue?'",
            "gigachat chat",
        ),
    ),
    "ask": Lesson(
        examples=(
            "gigachat ask 'Why is the sky blue?'",
            "git diff | gigachat ask 'Write a commit message.'",
            "gigachat ask --attach report.pdf 'Sum this up.'",
        ),
        first=(
            "--model",
            "--system",
            "--attach",
            "--continue",
            "--session",
            "--web",
            "--schema",
            "--output-file",
            "--json",
            "--raw",
        ),
    ),
    "chat": Lesson(
        examples=(
            "gigachat chat",
            "gigachat chat --continue",
            "gigachat chat --session trip 'Where to in May?'",
        ),
        first=("--model", "--system", "--attach", "--continue", "--session", "--no-log", "--web", "--functions"),
    ),
    "batch": Lesson(
        usage=("[OPTIONS] FILE", "COMMAND [ARGS]..."),
        examples=(
            "gigachat batch prompts.jsonl -O answers.jsonl",
            "gigachat batch words.csv --template 'Translate: {word}'",
            "gigachat batch run prompts.jsonl -O answers.jsonl --resume",
        ),
    ),
    "batch run": Lesson(
        examples=(
            "gigachat batch run prompts.jsonl -O answers.jsonl",
            "gigachat batch run prompts.jsonl -O answers.jsonl --resume",
            "gigachat batch run words.csv --template 'Translate: {word}'",
        ),
        first=(
            "--output-file",
            "--resume",
            "--retry-failed",
            "--force",
            "--template",
            "--format",
            "--concurrency",
            "--dry-run",
            "--remote",
            "--model",
        ),
    ),
    "image": Lesson(
        examples=(
            "gigachat image 'A red cat on a roof'",
            "gigachat image -O cat.jpg 'A red cat on a roof'",
        ),
        first=("--output-file", "--force", "--model", "--system", "--continue", "--session"),
    ),
    "history": Lesson(
        examples=(
            "gigachat history list",
            "gigachat history search 'blue sky'",
            "gigachat history export -O all.md",
        ),
    ),
    "config set": Lesson(
        examples=(
            "gigachat config set model GigaChat-2-Max",
            "gigachat config set temperature 0.3",
            "gigachat config set log false",
        ),
        tables=_settings,
    ),
    "simulator": Lesson(
        examples=(
            "gigachat simulator",
            "gigachat simulator -- gigachat ask 'Hello'",
            "gigachat simulator --fault 429:times=2 -- gigachat ask 'Hello'",
        ),
        tables=_faults,
    ),
}
"""By the words of the command after `gigachat`."""
