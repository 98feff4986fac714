"""`gigachat completion`: the scripts that shells complete with."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

SCRIPTS = {"bash": "gigachat.bash", "zsh": "_gigachat", "fish": "gigachat.fish", "powershell": "gigachat.ps1"}
"""Each shell with the name of its script in `completions/`."""


def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish", "powershell"],
        typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell."),
    ],
) -> None:
    """Print the completion script of a shell.

    For bash: gigachat completion bash > ~/.local/share/bash-completion/completions/gigachat

    README has the lines for every shell.
    """
    from ..render.terminal import Terminal

    Terminal().write(script(shell))


def answer_shells() -> None:
    """Have typer answer a shell that asks what can stand at a place of the command line."""
    from typer import _completion_classes
    from typer.completion import completion_init  # type: ignore[attr-defined]  # its only home in typer

    # Our helps have no marks of rich: to import it for looking takes half of the time that a Tab has.
    _completion_classes._sanitize_help_text = lambda text: text
    completion_init()


def script(shell: str) -> str:
    """The completion script of a shell, as `completions/` holds it."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # its only home in typer

    text = get_completion_script(prog_name="gigachat", complete_var="_GIGACHAT_COMPLETE", shell=shell) + "\n"
    for found, wanted in _CHANGES:
        text = text.replace(found, wanted)
    return text


_REGISTER_OR_COMPLETE = """
if [ "$funcstack[1]" = _gigachat ]; then
  _gigachat_completion "$@"
else
  compdef _gigachat_completion gigachat
fi
"""
"""zsh reads the file at the first Tab, as the body of a function: that Tab is to complete, not only to register."""

_AS_UTF_8 = """
    $encoding = [Console]::OutputEncoding
    try { [Console]::OutputEncoding = [System.Text.Encoding]::UTF8 } catch { }
    gigachat | ForEach-Object {"""
_AS_BEFORE = """
    try { [Console]::OutputEncoding = $encoding } catch { }
    $Env:_GIGACHAT_COMPLETE = ""
"""
"""PowerShell reads what a program prints in the console's code page, in which Cyrillic names need not exist."""

_CHANGES = (
    ("\ncompdef _gigachat_completion gigachat\n", _REGISTER_OR_COMPLETE),
    ("\n    gigachat | ForEach-Object {", _AS_UTF_8),
    ('\n    $Env:_GIGACHAT_COMPLETE = ""\n', _AS_BEFORE),
)
