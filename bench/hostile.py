"""What hostile Markdown costs: time by length for each shape, streamed and whole; exit code 1 past a limit."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable

from gigachat_cli.render.markdown import GrowingMarkdown, MarkdownOptions, rendered_in_steps

from .shapes import SHAPES, text_of

_OPTIONS = MarkdownOptions()
_PIECE = 512  # characters that come at once
_LARGEST_EXPONENT = 1.1
_LONGEST_FRAME = 0.05  # seconds
_LEAST_COST = 0.25  # seconds of CPU; the exponent of less is noise
_LONGER = 16
_TRIES = 2  # of which the quickest counts: other work only ever adds


def run(*, quick: bool = False) -> bool:
    """Measure every shape, print the table, and say whether the limits were kept."""
    short, long = (8_000, 32_000) if quick else (32_000, 128_000)
    gc.disable()  # as a run of the program does: collecting takes more for more, and is none of the drawing
    print(f"{'shape':<20}{'streamed s':>12}{'exponent':>10}{'whole s':>12}{'exponent':>10}{'frame ms':>10}")
    broken = []
    for shape in SHAPES:
        texts = [text_of(shape, length) for length in (short, long)]
        _streamed(texts[0])  # imports, and what is kept between answers
        growth = math.log(len(texts[1]) / len(texts[0]))
        streamed, streamed_exponent, frame = _cost(_streamed, texts, growth)
        whole, whole_exponent, _ = _cost(_whole, texts, growth)
        if not quick and min(streamed, whole) <= _LEAST_COST:
            # A shape that costs little says nothing of its growth until there is more of it.
            texts = [text_of(shape, _LONGER * length) for length in (short, long)]
            streamed, streamed_exponent, frame = _cost(_streamed, texts, growth)
            whole, whole_exponent, _ = _cost(_whole, texts, growth)
        row = f"{streamed:>12.2f}{streamed_exponent:>10.2f}{whole:>12.2f}{whole_exponent:>10.2f}{frame * 1e3:>10.0f}"
        print(f"{shape:<20}{row}", flush=True)
        exponents = [(streamed, streamed_exponent), (whole, whole_exponent)]
        if any(cost > _LEAST_COST and exponent > _LARGEST_EXPONENT for cost, exponent in exponents):
            broken.append(f"{shape}: an exponent above {_LARGEST_EXPONENT}")
        if frame > _LONGEST_FRAME:
            broken.append(f"{shape}: a frame of {frame * 1e3:.0f} ms, at most {_LONGEST_FRAME * 1e3:.0f}")
    for line in broken:
        print(f"limit passed: {line}")
    return not broken


def _cost(work: Callable[[str], float], texts: list[str], growth: float) -> tuple[float, float, float]:
    """Seconds for the longer text, the exponent of their growth, and the longest frame."""
    costs, frames = [], []
    for text in texts:
        runs = []
        for _ in range(_TRIES):
            began = time.process_time()
            frame = work(text)
            runs.append((time.process_time() - began, frame))
        costs.append(min(cost for cost, _ in runs))
        frames.append(min(frame for _, frame in runs))
    return costs[1], math.log(costs[1] / costs[0]) / growth, frames[1]


def _streamed(text: str) -> float:
    """Draw a text that comes in pieces; the longest frame in seconds."""
    longest, now = 0.0, 0.0
    markdown = GrowingMarkdown(lambda _: None, width=80, height=24, options=_OPTIONS, clock=lambda: now)
    goes_on = True

    def finish() -> None:
        nonlocal goes_on
        goes_on = markdown.finish_a_part()

    def timed(step: Callable[[], None]) -> None:
        nonlocal longest
        began = time.process_time()
        step()
        longest = max(longest, time.process_time() - began)

    for start in range(0, len(text), _PIECE):
        now += 1.0
        timed(lambda start=start: markdown.feed(text[start : start + _PIECE]))  # type: ignore[misc]  # bound at once
    while goes_on:
        timed(finish)
    return longest


def _whole(text: str) -> float:
    for _ in rendered_in_steps(text, width=80, options=_OPTIONS):
        pass
    return 0.0
