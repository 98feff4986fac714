"""What the simulator answers: plainly simulated Markdown in the prompt's language, cut into phrases.

The same prompt always gets the same answer. The texts themselves are in ``texts``.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from .functions import FunctionCall
from .prompt import Prompt, characters_in, count_tokens
from .stored_files import StoredFile
from .texts import SHAPES, Texts, texts_for

_SHAPES_IN_AN_ANSWER = 3
_PHRASE = (12, 56)
_WORD = re.compile(r"\s{0,56}\S{1,56}|\s{1,56}")


@dataclass(frozen=True, slots=True)
class Extras:
    """What an answer holds besides its text.

    ``tool`` is the service's own tool that was used; ``sources`` are (address, title) pairs, counted from 1;
    ``state_id`` is given with calls and with what tools made.
    """

    reasoning: tuple[str, ...] = ()
    calls: tuple[FunctionCall, ...] = ()
    call_failed: bool = False
    tool: str | None = None
    files: tuple[StoredFile, ...] = ()
    sources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    state_id: str | None = None
    tool_tokens: int = 0


class Answer:
    """The text of one answer, handed out chunk by chunk, with what is known of it afterwards.

    It ends early at the prompt's ``max_tokens``, or where ``end_early`` says. ``finish_reason`` and ``usage``
    are right once the chunks have been iterated.
    """

    def __init__(
        self, prompt: Prompt, chunks: Iterator[str], *, created: int, cached_tokens: int, extras: Extras | None = None
    ) -> None:
        self.prompt = prompt
        self.created = created
        self.extras = extras or Extras()
        self.finish_reason = "function_call" if self.extras.calls else "error" if self.extras.call_failed else "stop"
        self._chunks = chunks
        self._cached_tokens = cached_tokens
        self._characters = 0
        self._early_reason = ""
        self._early_after: int | None = None

    def end_early(self, finish_reason: str, *, after: int) -> None:
        """End with this reason after so many chunks."""
        self._early_reason, self._early_after = finish_reason, after

    def __iter__(self) -> Iterator[str]:
        room = None if self.prompt.max_tokens is None else characters_in(self.prompt.max_tokens)
        for text in islice(self._chunks, self._early_after):
            if room is not None and self._characters + len(text) > room:
                self.finish_reason = "length"
                text = text[: room - self._characters]
                if not text:
                    return
            self._characters += len(text)
            yield text
            if self.finish_reason == "length":
                return
        if self._early_after is not None:
            self.finish_reason = self._early_reason
            if self._early_after == 0:
                refusal = texts_for(self.prompt.question).refusal
                self._characters += len(refusal)
                yield refusal

    def usage(self) -> dict[str, int]:
        """Return the tokens of the prompt and of what was handed out."""
        unseen = sum(map(len, self.extras.reasoning)) + sum(len(str(call)) for call in self.extras.calls)
        completion_tokens = count_tokens(self._characters + unseen)
        prompt_tokens = self.prompt.prompt_tokens + self.extras.tool_tokens
        return {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "precached_prompt_tokens": self._cached_tokens,
        }


def chunks_for(prompt: Prompt, exact: str | Sequence[str] | None, count: int | None) -> Iterator[str]:
    """Yield the chunks of an answer: the exact ones, an exact text cut up, or a simulated answer.

    ``count`` asks for exactly so many; an exact text with fewer characters is filled up with empty chunks.
    """
    if exact is not None and not isinstance(exact, str):
        return iter(exact)
    if exact is not None:
        return phrases(exact) if count is None else _pieces(exact, count)
    texts = texts_for(prompt.question)
    # A hash, because the same prompt is to give the same answer in every process.
    seed = hashlib.sha256(prompt.question.encode("utf-8", "replace")).digest()
    chance = random.Random(seed)  # noqa: S311  # variety, not secrecy
    natural = texts.opening(prompt.question, prompt.spoken_count, prompt.system, _what_came(prompt, texts))
    if count is None:
        sections = _chosen_sections(prompt.question, texts, chance)
        return phrases("\n\n".join((natural, *sections, texts.closing)))
    return _exactly(count, natural, texts, chance)


def phrases(text: str) -> Iterator[str]:
    """Cut a text into phrases of a few words; joined they are the text again."""
    chance = random.Random(len(text))  # noqa: S311  # variety, not secrecy
    phrase, wanted = "", chance.randint(*_PHRASE)
    for word in _WORD.finditer(text):
        if phrase and len(phrase) + len(word[0]) > wanted:
            yield phrase
            phrase, wanted = "", chance.randint(*_PHRASE)
        phrase += word[0]
    if phrase:
        yield phrase


def _what_came(prompt: Prompt, texts: Texts) -> list[str]:
    """Return the sentences about attached files and results of functions."""
    sentences = []
    if prompt.files:
        sentences.append(texts.attached((stored.kind, stored.filename) for stored in prompt.files))
    if prompt.results:
        results = ", ".join(f"{result.name or '?'} {result.content}" for result in prompt.results)
        sentences.append(texts.parts["results"].format(f"`{results}`"))
    return sentences


def _chosen_sections(question: str, texts: Texts, chance: random.Random) -> list[str]:
    asked = question[:2000].lower()
    named = [shape for shape in SHAPES if any(word in asked for word in SHAPES[shape])]
    if texts.wants_everything(asked):
        named = list(SHAPES)
    others = [shape for shape in SHAPES if shape not in named]
    chance.shuffle(others)
    chosen = [*named, *others[: max(0, _SHAPES_IN_AN_ANSWER - len(named))]]
    return [chance.choice(texts.sections[shape]) for shape in chosen]


def _exactly(count: int, opening: str, texts: Texts, chance: random.Random) -> Iterator[str]:
    """Yield ``count`` chunks: whole sections of every shape in turn, then single sentences for the rest."""
    head, end = list(phrases(opening)), list(phrases(f"\n\n{texts.closing}"))
    if count < len(head) + len(end):
        yield from _pieces("".join((*head, *end)), count)
        return
    left = count - len(head) - len(end)
    yield from head
    part = 0
    while True:
        shape = tuple(SHAPES)[part % len(SHAPES)]
        section = list(phrases(f"\n\n{chance.choice(texts.sections[shape])}"))
        if len(section) > left:
            break
        yield from section
        left -= len(section)
        part += 1
    sentences = texts.sentences
    for number in range(left):
        yield ("\n\n" if number == 0 else " ") + sentences[number % len(sentences)]
    yield from end


def _pieces(text: str, count: int) -> Iterator[str]:
    """Cut a text into exactly ``count`` pieces of nearly equal length."""
    for number in range(count):
        yield text[len(text) * number // count : len(text) * (number + 1) // count]
