"""The tables of the history: the migrations that create them, each applied once, and their documentation.

`PRAGMA user_version` holds how many migrations were applied.  New ones are appended to the list; a released one is
never changed.  `TABLES` and `COLUMNS` describe the result for docs/reference/history-schema.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

APPLICATION_ID = 0x47696761  # "Giga", so that a database of another program is recognized


def apply(connection: sqlite3.Connection, applied: int) -> None:
    """Apply the migrations after the first `applied` ones.  The caller holds the write lock and commits."""
    for migration in MIGRATIONS[applied:]:
        migration(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _1_sessions_and_turns(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            name TEXT UNIQUE,
            title TEXT NOT NULL DEFAULT '',
            model TEXT,
            system TEXT,
            service_id TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            last_write INTEGER NOT NULL
        ) WITHOUT ROWID""")
    connection.execute("CREATE INDEX sessions_by_write ON sessions (last_write)")
    connection.execute("""
        CREATE TABLE turns (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('running', 'complete', 'partial', 'failed')),
            removed INTEGER NOT NULL DEFAULT 0,
            owner INTEGER,
            model TEXT,
            system TEXT,
            options TEXT NOT NULL DEFAULT '{}',
            started_at REAL NOT NULL,
            ended_at REAL,
            answer_message INTEGER,
            seams TEXT NOT NULL DEFAULT '[]',
            finish_reason TEXT,
            request_id TEXT,
            problem_code TEXT,
            problem TEXT,
            prompt_tokens INTEGER,
            completion_tokens INTEGER,
            total_tokens INTEGER,
            precached_prompt_tokens INTEGER,
            UNIQUE (session_id, number)
        )""")
    connection.execute("CREATE INDEX turns_running ON turns (owner) WHERE state = 'running'")
    connection.execute("""
        CREATE TABLE messages (
            id INTEGER PRIMARY KEY,
            turn_id INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            role TEXT NOT NULL,
            content TEXT NOT NULL,
            reasoning TEXT NOT NULL DEFAULT '',
            name TEXT,
            function_call TEXT,
            functions_state_id TEXT,
            attachments TEXT NOT NULL DEFAULT '[]',
            UNIQUE (turn_id, position)
        )""")
    connection.execute("""
        CREATE TABLE journal (
            id INTEGER PRIMARY KEY,
            turn_id INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
            text TEXT NOT NULL,
            reasoning TEXT NOT NULL DEFAULT ''
        )""")
    connection.execute("CREATE INDEX journal_of_turn ON journal (turn_id)")


def _2_search(connection: sqlite3.Connection) -> None:
    # SQLite removes the accents of Latin letters but not those of ё, so the view replaces it.  The length in
    # characters stays, so offsets in the view are offsets in the text as it was written.
    def written(role: str) -> str:
        return f"""substr(coalesce((SELECT group_concat(content, char(10)) FROM messages
            WHERE messages.turn_id = turns.id AND messages.role = '{role}'), ''), 1, 1000000)"""

    def folded(text: str) -> str:
        return f"replace(replace({text}, 'ё', 'е'), 'Ё', 'Е')"

    prompt, answer = written("user"), written("assistant")
    connection.execute(f"""
        CREATE VIEW searchable AS
        SELECT turns.id AS id, turns.session_id AS session_id,
            {folded(prompt)} AS prompt, {folded(answer)} AS answer,
            {prompt} AS written_prompt, {answer} AS written_answer
        FROM turns WHERE state <> 'running' AND NOT removed""")
    connection.execute("""
        CREATE VIRTUAL TABLE search USING fts5 (
            prompt, answer, content = 'searchable', content_rowid = 'id',
            tokenize = 'unicode61 remove_diacritics 2'
        )""")


MIGRATIONS: list[Callable[[sqlite3.Connection], None]] = [_1_sessions_and_turns, _2_search]

TABLES = {
    "sessions": "One row per conversation.",
    "turns": "One row per question with its answer.",
    "messages": "What was said in a turn: the prompt, function calls and their results, the answer.",
    "journal": "Pieces of answers, in the order of `id`; they follow the text in the answer's message. When a turn "
    "ends, they are moved into its message; of a large answer only the first ones.",
    "searchable": "A view: the text that the search index reads, of turns that have ended and were not undone.",
    "search": "The full-text index (FTS5) over `searchable`; its `rowid` is the turn's id.",
}

COLUMNS = {
    "sessions": {
        "id": "seven characters that sort by the time of creation",
        "kind": "the command that began it: `ask` or `chat`",
        "name": "the name a person gave it, unique",
        "title": "the first words of the first prompt",
        "model": "the model last asked for",
        "system": "the system message",
        "service_id": "the value of X-Session-ID for its requests",
        "created_at": "Unix time in seconds",
        "updated_at": "Unix time in seconds, when the last turn began or ended",
        "last_write": "numbers the writes to all sessions: the highest was written last",
    },
    "turns": {
        "id": "never reused",
        "session_id": "the session",
        "number": "counts from 1 within the session",
        "state": "`running`, `complete`, `partial` (interrupted, cut, at a limit) or `failed` (nothing came)",
        "removed": "1 when it was undone",
        "owner": "the byte of `history.lock` that the recording process holds while it runs",
        "model": "the model that was asked for, later the one that answered",
        "system": "the system message that was sent",
        "options": "further request fields, JSON",
        "started_at": "Unix time in seconds",
        "ended_at": "Unix time in seconds; null while running",
        "answer_message": "the answer's row in `messages`",
        "seams": "places in the answer, in characters, where another request continued it; JSON",
        "finish_reason": "as the service said it",
        "request_id": "the service's id of the last request",
        "problem_code": "why it is partial or failed: a code word, as in `--json`",
        "problem": "why, in a sentence",
        "prompt_tokens": "of all its requests",
        "completion_tokens": "of all its requests",
        "total_tokens": "of all its requests",
        "precached_prompt_tokens": "of all its requests",
    },
    "messages": {
        "id": "",
        "turn_id": "the turn",
        "position": "counts from 0 within the turn",
        "role": "`user`, `assistant` or `function`",
        "content": "the text",
        "reasoning": "the model's reasoning, of an answer",
        "name": "the function's, of a result",
        "function_call": "`name` and `arguments`, JSON",
        "functions_state_id": "the service's handle of a function call",
        "attachments": "ids of stored files, JSON",
    },
    "journal": {
        "id": "in the order of writing",
        "turn_id": "the turn",
        "text": "a piece of the answer",
        "reasoning": "a piece of the reasoning",
    },
    "searchable": {
        "id": "the turn",
        "session_id": "the session",
        "prompt": "at most a million characters, ё written as е",
        "answer": "likewise",
        "written_prompt": "the same with its ё",
        "written_answer": "likewise",
    },
    "search": {"prompt": "", "answer": ""},
}

HEAD = """# The history's schema

`gigachat history path` names the SQLite file. Read it freely, best with `sqlite3 -readonly`; write it only
through `gigachat`. `PRAGMA user_version` is {version}, `PRAGMA application_id` is {application}. A turn in
state `running` whose process is gone counts as `partial` (or `failed`), with the part of its answer that is in
`journal`.

The end of the program, `kill -9` too, loses nothing that was committed, and at most the last second of a
running answer. A power cut may lose the last commits; the file stays whole. Deleted text is overwritten in
the file.
"""


def schema_markdown() -> str:
    """The whole page.  Raises KeyError for a table or column without a description, so none is forgotten."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        apply(connection, 0)
        lines = [HEAD.format(version=len(MIGRATIONS), application=APPLICATION_ID)]
        for table in _tables(connection):
            lines += [f"## {table}", "", TABLES[table], "", "| column | type | |", "|---|---|---|"]
            for name, kind, required in _columns(connection, table):
                of = f"{kind}{', not null' if required else ''}".lower()
                lines += [f"| `{name}` | {of} | {COLUMNS[table][name]} |"]
            lines += [""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid")
    return [name for (name,) in found if not name.startswith(("search_", "sqlite_"))]


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[str, str, bool]]:
    return [
        (name, kind, bool(required))
        for _, name, kind, required, _, _ in connection.execute(f"PRAGMA table_info ({table})").fetchall()
    ]
