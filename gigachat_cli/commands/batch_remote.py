"""The work of `batch --remote`, and of the commands for submitted batches."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

from ..batch import remote
from ..batch.items import Item
from ..batch.progress import items_of
from ..engine.api.batches import BatchTask
from ..engine.outside import as_object
from ..errors import ItemsFailedError
from ..messages import Notice
from ..render.answers import OutputFile
from ..render.reports import show_object, show_rows, time_teller
from .context import Context

_COLUMNS = ("id", "status", "total", "completed", "failed", "created")


def submit(items: AsyncGenerator[Item, None], context: Context, *, as_json: bool) -> None:
    """Submit the items, and show the id of the batch."""
    giga = context.client(context.settings.replace(max_retries=0))

    async def submitted() -> BatchTask:
        async with giga, context.terminal.spinner():
            return await remote.submit(giga, items)

    task = context.run(submitted())
    if as_json:
        show_object(as_object(task), context.terminal)
    else:
        show_rows([as_object(task)], ("id", "status", "total"), context.terminal, as_array=False)
    context.terminal.notice(Notice("progress", f"'gigachat batch fetch {task.id} --wait -O FILE' gets the answers."))


def show_task(batch_id: str, context: Context, *, as_json: bool) -> None:
    """Show the progress of a remote batch."""

    async def found() -> list[BatchTask]:
        async with context.client() as giga:
            return await giga.batches(batch_id)

    listed = context.run(found())
    if as_json and len(listed) == 1:
        show_object(as_object(listed[0]), context.terminal)
    else:
        _show(listed, context, as_json=as_json)


def list_tasks(context: Context, *, as_json: bool) -> None:
    """List the account's remote batches."""

    async def found() -> list[BatchTask]:
        async with context.client() as giga:
            return await giga.batches()

    _show(context.run(found()), context, as_json=as_json)


def fetch(batch_id: str, output_file: Path | None, context: Context, *, force: bool, wait: bool) -> None:
    """Write the rows of a completed remote batch.  Raises ItemsFailedError when some failed."""
    terminal = context.terminal
    file = OutputFile(output_file, force=force) if output_file else None
    if file is None:
        terminal.check_stdout()

    async def fetched() -> list[tuple[str, bool]]:
        async with context.client() as giga, terminal.spinner():
            return await remote.rows(giga, await remote.completed(giga, batch_id, wait=wait))

    found = context.run(fetched())
    try:
        for row, _ in found:
            if file is not None:
                file.write(row)
            else:
                terminal.write_safely(row)
    finally:
        if file is not None:
            file.close()
    failed = sum(not answered for _, answered in found)
    if failed:
        raise ItemsFailedError(f"{failed} of {items_of(len(found))} failed.", hint="Their rows say why.")


def _show(listed: list[BatchTask], context: Context, *, as_json: bool) -> None:
    told = time_teller(context.terminal, as_json=as_json)
    rows = [{**as_object(each), "created": told(each.created_at), "updated": told(each.updated_at)} for each in listed]
    show_rows(rows, _COLUMNS, context.terminal, as_array=as_json)
