"""Makes `docs/pictures/`, the screens in README: the real program at a terminal of its own, asking the simulator.

python scripts/pictures.py [--check]

With `--check` it only says what differs.  The answers are fixed texts; how long a run took, and how fast it was, is
left out of the comparison.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from itertools import groupby
from pathlib import Path

from pyte.screens import Char

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gigachat_cli.simulator import Options, Simulator  # noqa: E402  # the checkout is not on the path before
from tests.conftest import Program  # noqa: E402  # how it is started
from tests.terminal import PROMPT, PROMPT_BEGINS, Terminal  # noqa: E402  # a terminal that can be looked at

Screen = list[list[Char]]

PLACE = ROOT / "docs" / "pictures"
COLUMNS, LINES = 80, 24
SHELL_PROMPT = "$ "
STOPS = ((8, "depends on what"), (31, "kept, and staged"), (53, "undone by a new commit"), (65, "wait for a better"))
"""Chunks of the answer after which it is looked at while it comes, and what is seen then at its end."""
STEP_SECONDS, LAST_SECONDS = 0.6, 5.0
QUIET_SECONDS = 0.4

ASKED = "How do I undo my last commit?"
ANSWER = """\
## Undo the last commit

It depends on what is to become of the **changes**:

| Command | Commit | Changes |
|---|---|---|
| `git reset --soft HEAD~1` | gone | kept, and staged |
| `git reset HEAD~1` | gone | kept, not staged |
| `git revert HEAD` | stays | undone by a new commit |

```bash
git reset --soft HEAD~1   # the changes wait for a better commit
git commit -m "Say what was done"
```

Where others have the commit *already*, take `git revert`: it rewrites nothing.
"""
FIRST = (
    "Почему небо голубое?",
    """\
Свет Солнца рассеивается на молекулах воздуха. Чем короче волна, тем сильнее, по закону **Рэлея**:

$$I \\sim \\frac{1}{\\lambda^4}$$

Поэтому синий свет приходит к нам со всех сторон неба.
""",
)
SECOND = (
    "And the sunset, in one line?",
    "Low light crosses more air, which takes the blue out of it: *red and orange* are left.\n",
)
PROMPTS = ("Hauptstadt von Island?", "Столица Исландии?", "Capital of Iceland?", "Reykjavík in three words?")
ROWS = ("Reykjavík.", "Рейкьявик.", "Windy, northern, colourful.", "Reykjavík.")

# Colours of the terminal: what a dark theme of today has.
BACKGROUND, TEXT, BAR = "#16181d", "#d7dae0", "#24272e"
COLOURS = {
    "black": "#3b3f48",
    "red": "#e5646d",
    "green": "#8cc570",
    "brown": "#d9b36b",
    "blue": "#6aa7ee",
    "magenta": "#c07be0",
    "cyan": "#56b9c6",
    "white": "#c8ccd4",
    "brightblack": "#7d8492",
    "brightred": "#f0848b",
    "brightgreen": "#a5d98b",
    "brightbrown": "#ecca86",
    "brightblue": "#8abcf5",
    "brightmagenta": "#d49bee",
    "brightcyan": "#7fd0db",
    "brightwhite": "#f2f4f8",
}
CELL, LINE, SIZE, BASELINE, EDGE, HEAD = 8.4, 18, 14, 13.5, 14, 30
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
MEASURED = re.compile(r"\d+(?:\.\d)? s \(\d+\.\d a second\)|\d+(?::\d\d)+ \(\d+\.\d a second\)| textLength=\"[\d.]+\"")


def main() -> int:
    check = "--check" in sys.argv[1:]
    differing = []
    for name, picture in pictures().items():
        file = PLACE / f"{name}.svg"
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        if MEASURED.sub("", before) == MEASURED.sub("", picture):
            continue
        differing.append(file.relative_to(ROOT))
        if not check:
            PLACE.mkdir(parents=True, exist_ok=True)
            file.write_text(picture, encoding="utf-8")
    for path in differing:
        print(f"{path} {'differs from the program: run make reference' if check else 'made anew'}")
    return 1 if check and differing else 0


def pictures() -> dict[str, str]:
    """Every picture, an SVG, by its name: the screens of a scene."""
    scenes = {
        "answer": ("gigachat ask", answer),
        "chat": ("gigachat chat", chat),
        "batch": ("gigachat batch", batch),
    }
    made = {}
    for name, (title, scene) in scenes.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            Simulator(Options(pace=0.0)) as simulator,
            at_home(Path(folder), simulator.environment),
        ):
            made[name] = as_svg(scene(simulator, Path(folder)), title)
    return made


def answer(simulator: Simulator, home: Path) -> list[Screen]:
    """One question, and the answer as Markdown, which grows: each screen is that of a stream which has come so far."""
    simulator.answer = [f"{part} " for part in ANSWER.split(" ")]
    screens = []
    for came, seen in STOPS:
        simulator.faults.clear()
        simulator.faults.add("stall", after=came)
        with shell() as terminal:
            terminal.type(f"gigachat ask '{ASKED}'\r")
            settle(terminal, seen)
            screens.append(terminal.cells())
    simulator.faults.clear()
    with shell() as terminal:
        command(terminal, f"gigachat ask '{ASKED}'")
        return [*screens, terminal.cells()]


def chat(simulator: Simulator, home: Path) -> list[Screen]:
    """Two questions, and the prompt with its toolbar."""
    with shell() as terminal:
        terminal.type("gigachat chat -S physics\r")
        wait_for_prompt(terminal, shown=1)
        for shown, (question, answer) in enumerate((FIRST, SECOND), 2):
            simulator.answer = answer
            terminal.type(f"{question}\r")
            wait_for_prompt(terminal, shown=shown)
        terminal.wait_for(" in all")  # the toolbar, which is drawn after the prompt
        return [terminal.cells()]


def batch(simulator: Simulator, home: Path) -> list[Screen]:
    """A batch, one item of which fails, and the second run that asks it again."""
    (home / "prompts.txt").write_text("".join(f"{prompt}\n" for prompt in PROMPTS))
    with shell() as terminal:
        command(terminal, "cat prompts.txt")
        simulator.plan = ROWS[:3]  # the third item is refused, and asked again by the second run
        simulator.faults.add("400", skip=2)
        simulator.faults.add("slow", seconds=0.3, times=None)
        command(terminal, "gigachat batch prompts.txt -O answers.jsonl")
        command(terminal, 'echo "exit code $?"')
        simulator.plan = ROWS[3:]
        command(terminal, "gigachat batch prompts.txt -O answers.jsonl --retry-failed")
        command(terminal, 'grep -o \'"answer": "[^"]*"\' answers.jsonl')
        return [terminal.cells()]


@contextmanager
def at_home(home: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """The environment of a person at a terminal, who has a home folder and a key."""
    program = home / "bin" / "gigachat"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m gigachat_cli "$@"\n')
    program.chmod(0o755)
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.update(
        HOME=str(home),
        LANG="C.UTF-8",
        PATH=f"{program.parent}:/usr/bin:/bin",
        TERM="xterm-256color",
        COLORTERM="truecolor",
        NO_PROXY="127.0.0.1,localhost",
        PS1=SHELL_PROMPT,
        GIGACHAT_CONFIG_DIR=str(home / "config"),
        GIGACHAT_DATA_DIR=str(home / "data"),
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def shell() -> Iterator[Terminal]:
    """A shell at a terminal of its own."""
    terminal = Terminal(["sh", "-i"], environment=Program.environment(), columns=COLUMNS, rows=LINES)
    try:
        terminal.wait(lambda: terminal.cursor_line == SHELL_PROMPT.strip(), "the shell")
        yield terminal
    finally:
        terminal.close()


def command(terminal: Terminal, line: str) -> None:
    """Type a command, and wait until the shell asks for the next."""
    before = terminal.everything.count(f"\n{SHELL_PROMPT.strip()}")
    terminal.type(f"{line}\r")
    terminal.wait(
        lambda: (
            terminal.cursor_line == SHELL_PROMPT.strip()
            and terminal.everything.count(f"\n{SHELL_PROMPT.strip()}") > before
        ),
        line,
    )


def wait_for_prompt(terminal: Terminal, *, shown: int) -> None:
    """Wait until the chat asks for a line the `shown`th time."""
    terminal.wait(
        lambda: terminal.cursor_line.startswith(PROMPT) and terminal.raw.count(PROMPT_BEGINS) >= shown, "the prompt"
    )


def settle(terminal: Terminal, seen: str) -> None:
    """Wait until a text is there, and nothing more is drawn."""
    terminal.wait_for(seen)
    drawn, since = -1, time.monotonic()
    while drawn != len(terminal.raw) or time.monotonic() - since < QUIET_SECONDS:
        if drawn != len(terminal.raw):
            drawn, since = len(terminal.raw), time.monotonic()
        time.sleep(0.02)


def as_svg(screens: Sequence[Screen], title: str) -> str:
    """Screens as a window, one after another; where nothing moves, the last one is seen."""
    height = max((number for number, row in enumerate(screens[-1], 1) if any(cell.data.strip() for cell in row)))
    width, height = COLUMNS * CELL + 2 * EDGE, height * LINE + HEAD + 2 * EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" role="img" aria-label="{escape(title)}">\n',
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{BACKGROUND}"/>\n',
        f'<path d="M0 {HEAD}V8a8 8 0 0 1 8-8H{width - 8:g}a8 8 0 0 1 8 8V{HEAD}z" fill="{BAR}"/>\n',
    ]
    parts += [f'<circle cx="{20 + 20 * at}" cy="{HEAD / 2:g}" r="6" fill="#4a4f5a"/>\n' for at in range(3)]
    parts.append(
        f'<g font-family="{FONTS}" font-size="{SIZE}" fill="{TEXT}" xml:space="preserve">\n'
        f'<text x="{width / 2:g}" y="{HEAD / 2 + 5:g}" text-anchor="middle" fill="#9aa1ad">{escape(title)}</text>\n'
    )
    parts.insert(1, _movement(len(screens)) if len(screens) > 1 else "")
    for at, screen in enumerate(screens):
        parts.append(f'<g class="s{at}">\n')
        for number, row in enumerate(screen):
            parts += _row(row, HEAD + EDGE + number * LINE)
        parts.append("</g>\n")
    return "".join([*parts, "</g>\n</svg>\n"])


def _movement(count: int) -> str:
    """The style sheet that shows one screen at a time, and the last one for longer."""
    whole = (count - 1) * STEP_SECONDS + LAST_SECONDS
    rules = [f"g[class]{{opacity:0}} g.s{count - 1}{{opacity:1}}", "@media (prefers-reduced-motion:no-preference){"]
    for at in range(count):
        start, end = (100 * STEP_SECONDS * edge / whole for edge in (at, at + 1))
        end = 100 if at == count - 1 else end
        shown = f"{start:.2f}%{{opacity:1}}{end:.2f}%{{opacity:{int(at == count - 1)}}}"
        before = "0%{opacity:0}" if at else ""
        rules.append(f"g.s{at}{{animation:s{at} {whole:g}s step-end infinite}}@keyframes s{at}{{{before}{shown}}}")
    return f"<style>{' '.join([*rules, '}'])}</style>\n"


def _row(row: Sequence[Char], top: float) -> Iterator[str]:
    """The runs of a row: a background where there is one, and a text, which takes exactly its cells."""
    at = 0
    for style, group in groupby(row, key=lambda cell: cell._replace(data="")):
        cells = list(group)
        text = "".join(cell.data for cell in cells)
        x, at = EDGE + at * CELL, at + len(cells)
        fore, back = (style.bg, style.fg) if style.reverse else (style.fg, style.bg)
        if back != "default" or style.reverse:
            fill = TEXT if back == "default" else _colour(back)
            yield f'<rect x="{x:g}" y="{top:g}" width="{len(cells) * CELL:g}" height="{LINE}" fill="{fill}"/>\n'
        if not text.strip():
            continue
        bare = text.rstrip()
        looks = [f'fill="{BACKGROUND if style.reverse and fore == "default" else _colour(fore)}"'] * (
            fore != "default" or style.reverse
        )
        looks += ['font-weight="bold"'] * style.bold + ['font-style="italic"'] * style.italics
        lines = ["underline"] * style.underscore + ["line-through"] * style.strikethrough
        looks += [f'text-decoration="{" ".join(lines)}"'] * bool(lines)
        start = len(bare) - len(bare.lstrip())
        yield (
            f'<text x="{x + start * CELL:g}" y="{top + BASELINE:g}" textLength="{(len(bare) - start) * CELL:g}"'
            f"{''.join(f' {look}' for look in looks)}>{escape(bare[start:], quote=False)}</text>\n"
        )


def _colour(name: str) -> str:
    return COLOURS.get(name) or f"#{name}"


if __name__ == "__main__":
    sys.exit(main())
