"""Files that the service made for an answer: their tags in its text, and how they are saved.

Documented: `<img src="ID" fuse="true"/>` for a picture, `<div data-model-id="ID" fuse="true"/>` for a 3D model; others
are known to look alike.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import paths
from ..engine.outside import FileId
from ..errors import GigaChatError, NothingDrawnError
from ..messages import Chunk, Notice, SavedFile
from ..text import one_line

if TYPE_CHECKING:
    from ..engine import GigaChat

_TAG = re.compile(r'<([a-z][a-z0-9]*)((?:\s+[a-z][a-z0-9-]*="[^"<>\n]*")+)\s*/?>(?:</\1>)?')
_ATTRIBUTE = re.compile(r'([a-z][a-z0-9-]*)="([^"]*)"')
_BEGUN_TAG = re.compile(r"<(?:[a-z][^<>\n]{0,400})?\Z")
_CHARACTERS_OF_ID = 8  # enough to find a picture again by its name
_ASKS_TO_DRAW = re.compile(r"\W*(?:(?:please|пожалуйста)\W+)?(?:draw|нарисуй(?:те)?)\b", re.IGNORECASE)
_CYRILLIC = re.compile("[А-Яа-яЁё]")


def drawing_request(prompt: str) -> str:
    """The prompt as a request for a picture: one that does not begin with the wish gets it in front.

    The service draws when it is told to ("Нарисуй ...", documented); a bare description is answered with words.
    """
    if _ASKS_TO_DRAW.match(prompt):
        return prompt
    return f"{'Нарисуй' if _CYRILLIC.search(prompt) else 'Draw'}: {prompt}"


class FileSaver:
    """Saves the files of answers: in `place` when a person named one, else in the folder for pictures.

    `show` gets a line on how far a download is, and an empty one at its end.  What could not be saved is told to
    `notify` and kept in `problems`.
    """

    def __init__(
        self,
        giga: GigaChat,
        notify: Callable[[Notice], None],
        *,
        show: Callable[[str], None] = lambda text: None,
        place: Path | None = None,
        force: bool = False,
    ) -> None:
        self.problems: list[GigaChatError] = []
        self._giga = giga
        self._notify = notify
        self._show = show
        self._place = place
        self._force = force
        self._saved: dict[str, SavedFile] = {}

    def first_of_all(self) -> SavedFile:
        """The file that was saved first.  Raises what kept one from being saved, NothingDrawnError for none."""
        if self.problems:
            raise self.problems[0]
        if not self._saved:
            raise NothingDrawnError(
                "There is no picture in the answer.",
                hint="Say what to draw in other words, or ask another model with ‹model›.",
            )
        return next(iter(self._saved.values()))

    async def save(self, file_id: str) -> SavedFile | None:
        """The file, saved; None when that failed."""
        if file_id not in self._saved:
            try:
                self._saved[file_id] = await self._download(file_id)
            except GigaChatError as problem:
                self.problems.append(problem)
                self._notify(Notice("warning", f"The file {one_line(file_id, 80)} was not saved: {problem.message}"))
                return None
            finally:
                self._show("")
        return self._saved[file_id]

    async def _download(self, file_id: str) -> SavedFile:
        from .kinds import saved_kind
        from .saving import PartFile, numbered

        folder = paths.images_dir() if self._place is None else self._place.parent
        with PartFile(folder, private=self._place is None, progress=self._progress) as part:
            await self._giga.download_to(file_id, part)
            suffix, type = saved_kind(part.head)
            if self._place is None:
                letters = re.sub(r"[^A-Za-z0-9]", "", file_id)[:_CHARACTERS_OF_ID]
                name = f"{time.strftime('%Y-%m-%d-%H%M%S')}-{letters or 'file'}{suffix}"
                kept = part.keep(numbered(folder / name))
            elif self._saved:  # a second one stands beside the first
                kept = part.keep(numbered(self._place))
            else:
                kept = part.keep([self._place], force=self._force)
        return SavedFile(file_id, str(kept.absolute()), type)

    def _progress(self, done: int, size: int | None) -> None:
        self._show(f"Downloading: {done * 100 // size} %" if size else f"Downloading: {done // 1024} KB")


async def saved(first: Chunk, chunks: AsyncGenerator[Chunk, None], saver: FileSaver) -> AsyncGenerator[Chunk, None]:
    """The chunks from `first` on, as `watching.with_files` gives them."""
    held = ""
    holding = False  # a tag has come

    def take(chunk: Chunk) -> Chunk:
        """What can be shown already of a chunk."""
        nonlocal held, holding
        text, held = held + chunk.text, ""
        at = len(text)
        if holding:
            at = 0
        elif (tag := _next_tag(text)) is not None:
            at, holding = tag.start(), True
        elif (begun := _BEGUN_TAG.search(text)) is not None:
            at = begun.start()
        held = text[at:]
        return replace(chunk, text=text[:at])

    try:
        yield take(first)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield take(chunk)
        while (tag := _next_tag(held)) is not None:
            if tag.start():
                before, held = held[: tag.start()], held[tag.start() :]
                yield Chunk(text=before)
            yield Chunk(pause=True)
            file = await saver.save(_id_of(tag))
            shown, held = held[: len(tag[0])], held[len(tag[0]) :]
            yield Chunk(text=shown) if file is None else Chunk(text=file.path, file=file)
    except GeneratorExit:
        raise
    except BaseException:
        if held:  # nothing of the text is lost, whatever went wrong
            yield Chunk(text=held)
        raise
    if held:
        yield Chunk(text=held)


def _next_tag(text: str) -> re.Match[str] | None:
    return next((tag for tag in _TAG.finditer(text) if _id_of(tag)), None)


def _id_of(tag: re.Match[str]) -> str:
    """The id of the file that a tag stands for; empty for one that stands for none."""
    attributes = dict(_ATTRIBUTE.findall(tag[2]))
    if attributes.get("fuse") != "true":
        return ""
    by_data = next((value for name, value in attributes.items() if name.startswith("data-")), "")
    return FileId.of(attributes.get("src") or by_data)
