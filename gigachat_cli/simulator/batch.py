"""A batch task: its lines, and how far the service is with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Batch:
    """One task of an account; it moves on each time that it is looked at. Times are Unix seconds.

    ``lines`` are forgotten when the results are there.
    """

    id: str
    key: str
    client_id: str | None
    method: str
    lines: list[tuple[str, dict[str, Any]]] = field(repr=False)
    total: int
    created_at: int
    updated_at: int
    status: str = "created"
    polls: int = 0
    failed: int = 0
    completed: int = 0
    output_file_id: str | None = None

    def created(self) -> dict[str, Any]:
        """Return what the service says when it takes the task."""
        return {
            "id": self.id,
            "method": self.method,
            "request_counts": {"total": self.total},
            "status": self.status,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }

    def row(self) -> dict[str, Any]:
        """Return what the service says of the task later."""
        counts = {"total": self.total, "completed": self.completed, "failed": self.failed}
        row = {**self.created(), "request_counts": counts}
        if self.output_file_id is not None:
            row["output_file_id"] = self.output_file_id
        return row
