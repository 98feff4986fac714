"""The schema as a list of small numbered functions, each applied once.

`PRAGMA user_version` holds how many were applied.  A new one goes to the end of the list; one that was
released is never changed.  Each says what it made in words, for docs/reference/history-schema.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

APPLICATION_ID = 0x47696761  # "Giga", so that another program's database is never taken for ours


def apply(connection: sqlite3.Connection, applied: int) -> None:
    """Apply what is missing after the first `applied` ones.  The caller holds the write lock and commits."""
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
    # SQLite folds the accents of Latin letters but takes ё for a letter apart, so the view folds it.  The
    # length in characters stays, which lets a snippet be shown as it was written.
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
