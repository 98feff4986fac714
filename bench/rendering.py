"""What Markdown that grows costs: `python bench/rendering.py [--quick]`; exit code 1 when a limit was passed.

Answers of several lengths come at 100 tokens a second of virtual time and are drawn on a pty of 120 by 40 cells. Each
measurement runs in a process of its own; CPU time is that of the drawing thread, writing included.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pty
import re
import subprocess
import sys
import termios
import threading
import time
import tracemalloc
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
if str(_ROOT) not in sys.path:  # run as a file
    sys.path.insert(0, str(_ROOT))

from gigachat_cli.render.markdown import GrowingMarkdown, MarkdownOptions, render_offline  # noqa: E402  # needs the path

_WIDTH, _HEIGHT = 120, 40
_TOKENS_PER_SECOND = 100
_OPTIONS = MarkdownOptions()

_LARGEST_SHARE = 0.08
_LARGEST_EXPONENT = 1.1
_SLOWEST_FRAME = 0.015
_MOST_BYTES = 3.0
_MOST_MEMORY = 1.2

_SECTION = """## Раздел {n}. Как устроен поток событий

Сервис присылает ответ **кусками по несколько слов**, и каждый кусок — это отдельное *событие* с полем `data`. Клиент \
складывает их в одну строку; подробности — в [описании протокола](https://example.org/protocol/{n}). Если соединение \
оборвалось, то показанное остаётся на экране, а программа **честно сообщает**, что ответ неполон.

The second paragraph is in English, with `inline code`, a number like 3.14, a price of $5 and $6, and a formula \
$E_{n} = mc^2$ in the middle of a sentence that goes on for a while, so that it is wrapped over several rows.

1. Получить токен доступа и запомнить его.
   - срок действия — тридцать минут;
   - обновлять за минуту до конца.
2. Отправить запрос и читать поток.

   ```python
   async for chunk in client.stream(messages, model="GigaChat-{n}"):
       print(chunk.text, end="", flush=True)  # section {n}
   ```
3. Закрыть соединение.

> Цитата: лучше сказать «не знаю», чем ошибиться уверенно.
> И ещё одна строка с **жирным** словом.

| Модель | Контекст | Цена |
|:-------|---------:|:----:|
| Lite-{n} | 32 768 | низкая |
| Pro | 131 072 | средняя |
| Max | 131 072 | высокая |

\\[
x_{{1,2}} = \\frac{{-b \\pm \\sqrt{{b^2 - 4ac}}}}{{2a}}
\\]

"""
_WORDS = "Поток слов идёт ровно, **важное выделено**, а `код` и *термины* стоят внутри длинного абзаца без переносов"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one measurement saw: seconds of CPU and of virtual time, bytes, frames, bytes of memory at the peak."""

    cpu: float = 0.0
    virtual: float = 0.0
    slow_frame: float = 0.0
    slowest_frame: float = 0.0
    frames: int = 0
    written: int = 0
    memory: int = 0

    @property
    def share(self) -> float:
        return self.cpu / self.virtual if self.virtual else 0.0


def run(*, quick: bool = False) -> bool:
    """Measure everything, print the tables, and say whether all limits were kept."""
    lengths = [1_000, 4_000] if quick else [1_000, 4_000, 16_000, 64_000]
    names = [f"mixed-{length}" for length in lengths]
    shapes = ["code-500", "table-60", "paragraph-4000"] if quick else ["code-5000", "table-300", "paragraph-64000"]
    broken: list[str] = []
    heads = ("tokens", "CPU s", "of core", "p99 ms", "max ms", "frames", "bytes", "memory")
    print(f"{'answer':<17}" + "".join(f"{head:>10}" for head in heads))
    costs: list[float] = []
    for name in [*names, *shapes]:
        text = _answer(name)
        grown, offline = _measured("grow", name), _measured("offline", name)
        memory = _measured("grow-memory", name).memory / _measured("offline-memory", name).memory
        size = grown.written / offline.written
        print(
            f"{name:<17}{len(_tokens(text)):>10}{_costs(grown)}{size:>9.2f}x{memory:>9.2f}x",
            flush=True,
        )
        if name in names:
            costs.append(grown.cpu)
        broken += _broken(name, grown, size, memory if name == names[-1] else 0.0)
    exponent = _slope([math.log(length) for length in lengths], [math.log(cost) for cost in costs])
    print(f"\nCPU grows with the length to the power {exponent:.2f} (at most {_LARGEST_EXPONENT})")
    if exponent > _LARGEST_EXPONENT:
        broken.append(f"exponent {exponent:.2f}")
    _print_peer(names[:1])  # more would take minutes: its work grows with the square
    for line in broken:
        print(f"limit passed: {line}")
    return not broken


def _print_peer(names: list[str]) -> None:
    print("\nBeside it, rich.live.Live(Markdown(everything)) at every chunk:")
    for name in names:
        peer, ours, offline = _measured("live", name), _measured("grow", name), _measured("offline", name)
        print(
            f"{name:<17}{'':>10}{_costs(peer)}{peer.written / offline.written:>9.0f}x"
            f"  {peer.cpu / ours.cpu:.0f} times our CPU",
            flush=True,
        )


def _costs(figures: Figures) -> str:
    return (
        f"{figures.cpu:>10.2f}{figures.share:>10.1%}{figures.slow_frame * 1e3:>10.1f}"
        f"{figures.slowest_frame * 1e3:>10.1f}{figures.frames:>10}"
    )


def _broken(name: str, grown: Figures, size: float, memory: float) -> list[str]:
    checks = [
        (grown.share > _LARGEST_SHARE, f"{grown.share:.1%} of a core, at most {_LARGEST_SHARE:.0%}"),
        (grown.slow_frame > _SLOWEST_FRAME, f"p99 {grown.slow_frame * 1e3:.1f} ms, at most {_SLOWEST_FRAME * 1e3:.0f}"),
        (size > _MOST_BYTES, f"{size:.2f} times the bytes, at most {_MOST_BYTES}"),
        (memory > _MOST_MEMORY, f"{memory:.2f} times the memory, at most {_MOST_MEMORY}"),
    ]
    return [f"{name}: {text}" for failed, text in checks if failed]


def _measured(kind: str, name: str) -> Figures:
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", kind, name]
    done = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True)
    return Figures(**json.loads(done.stdout))


def _measure(kind: str, name: str) -> Figures:
    text = _answer(name)
    _warm_up()
    if kind == "offline":
        return Figures(written=len(render_offline(text, width=_WIDTH, options=_OPTIONS).encode()))
    if kind == "live":
        with _terminal() as write:
            return _live(text, write)
    if kind == "grow":
        with _terminal() as write:
            return _grow(text, write)
    tracemalloc.start()
    if kind == "offline-memory":
        render_offline(text, width=_WIDTH, options=_OPTIONS)
    else:
        _grow_unmeasured(text)
    return Figures(memory=tracemalloc.get_traced_memory()[1])


def _warm_up() -> None:
    """Import what every answer imports; the first frames of a program are another measurement's subject."""
    render_offline("# a\n\n$x$\n\n```python\nx\n```\n\n|a|\n|-|\n", width=_WIDTH, options=_OPTIONS)


class _Drawing:
    """The virtual clock, which moves with the CPU time of the call that is being made, and what the calls cost."""

    def __init__(self) -> None:
        self.virtual = 0.0
        self.frames: list[float] = []
        self.cpu = 0.0
        self._call = time.thread_time()

    def clock(self) -> float:
        return self.virtual + time.thread_time() - self._call

    def call(self, step: Callable[[], None], written: Callable[[], int]) -> None:
        before = written()
        self._call = time.thread_time()
        step()
        cost = time.thread_time() - self._call
        self._call = time.thread_time()
        self.cpu += cost
        if written() != before:
            self.frames.append(cost)

    def figures(self, written: int) -> Figures:
        frames = sorted(self.frames)
        slow = frames[int(len(frames) * 0.99)]
        return Figures(self.cpu, self.virtual, slow, frames[-1], len(frames), written)


def _grow(text: str, write: Callable[[str], None]) -> Figures:
    drawing = _Drawing()
    size = 0

    def counted(piece: str) -> None:
        nonlocal size
        size += len(piece.encode())
        write(piece)

    markdown = GrowingMarkdown(
        counted, width=_WIDTH, height=_HEIGHT, options=_OPTIONS, clock=drawing.clock, synchronized=True
    )
    for number, token in enumerate(_tokens(text)):
        arrival = number / _TOKENS_PER_SECOND
        due = markdown.next_frame_due()
        if due is not None and due < arrival:
            drawing.virtual = max(drawing.virtual, due)
            drawing.call(markdown.tick, lambda: size)
        drawing.virtual = max(drawing.virtual, arrival)
        drawing.call(lambda token=token: markdown.feed(token), lambda: size)  # type: ignore[misc]  # bound at once
    drawing.call(markdown.finish, lambda: size)
    return drawing.figures(size)


def _grow_unmeasured(text: str) -> None:
    now = 0.0
    markdown = GrowingMarkdown(
        lambda piece: None, width=_WIDTH, height=_HEIGHT, options=_OPTIONS, clock=lambda: now, synchronized=True
    )
    for token in re.finditer(_TOKEN, text):
        now += 1 / _TOKENS_PER_SECOND
        markdown.feed(token.group())
    markdown.finish()


def _live(text: str, write: Callable[[str], None]) -> Figures:
    from rich.console import Console
    from rich.live import Live
    from rich.markdown import Markdown

    drawing = _Drawing()
    sent = _Sent(write)
    console = Console(file=sent, force_terminal=True, width=_WIDTH, height=_HEIGHT, color_system="truecolor")  # type: ignore[arg-type]  # writes and flushes
    so_far = ""
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        for number, token in enumerate(_tokens(text)):
            drawing.virtual = max(drawing.virtual, number / _TOKENS_PER_SECOND)
            so_far += token
            shown = so_far
            drawing.call(lambda shown=shown: live.update(Markdown(shown), refresh=True), lambda: sent.size)  # type: ignore[misc]  # bound at once
    return drawing.figures(sent.size)


class _Sent:
    """A file for rich that counts its bytes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self.size = 0

    def write(self, text: str) -> None:
        self.size += len(text.encode())
        self._write(text)

    def flush(self) -> None:
        """Every write is sent at once."""


@contextmanager
def _terminal() -> Iterator[Callable[[str], None]]:
    """Give a function that writes to a pty whose other end is read by a thread."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    termios.tcsetwinsize(theirs, (_HEIGHT, _WIDTH))

    def drain() -> None:
        try:
            while os.read(ours, 65536):
                pass
        except OSError:
            return  # how a pty says that its other end is closed

    reader = threading.Thread(target=drain)
    reader.start()

    def write(text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(theirs, data) :]

    try:
        yield write
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)


_TOKEN = r"\s*\w{1,4}|\s*[^\w\s]|\s+"


def _tokens(text: str) -> list[str]:
    """Split a text into pieces about as long as tokens."""
    return re.findall(_TOKEN, text)


def _answer(name: str) -> str:
    shape, _, size = name.partition("-")
    count = int(size)
    if shape == "code":
        lines = (f"    total_{n} = compute(items[{n}], 'строка', limit={n})  # line {n}" for n in range(count))
        return "```python\n" + "\n".join(lines) + "\n```\n"
    if shape == "table":
        rows = (f"| {n} | Название строки {n} | {n * 7919 % 1000} | **да** `x{n}` |" for n in range(count))
        return "\n".join(["| № | Название | Значение | Есть |", "|--:|:--|--:|---|", *rows]) + "\n"
    sections: list[str] = []
    tokens = 0
    while tokens < count:
        number = len(sections) + 1
        sections.append(f"{_WORDS} {number}, " if shape == "paragraph" else _section(number))
        tokens += len(_tokens(sections[-1]))
    return "".join(sections)


def _section(number: int) -> str:
    return _SECTION.replace("{n}", str(number)).replace("{{", "{").replace("}}", "}")


def _slope(xs: list[float], ys: list[float]) -> float:
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    over = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return over / sum((x - mean_x) ** 2 for x in xs)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter answers; figures for a first look")
    parser.add_argument("--measure", nargs=2, metavar=("KIND", "ANSWER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(asdict(_measure(*options.measure))))
        return 0
    return 0 if run(quick=options.quick) else 1


if __name__ == "__main__":
    sys.exit(main())
