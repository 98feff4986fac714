"""Dates and times: one form for people, in this machine's zone, and one for programs, with the zone named."""

from __future__ import annotations

import time

from .bounded import LATEST, number

_FOR_PEOPLE = "%Y-%m-%d %H:%M"
_FOR_PROGRAMS = "%Y-%m-%dT%H:%M:%S%z"


def shown_time(seconds: float | None) -> str:
    """A Unix time for a person, as 2026-11-26 20:49; empty for none and for one outside the calendar."""
    return _local(seconds, _FOR_PEOPLE)


def iso_time(seconds: float | None) -> str | None:
    """A Unix time for a program, by ISO 8601 as 2026-11-26T20:49:05+03:00; None where `shown_time` is empty."""
    told = _local(seconds, _FOR_PROGRAMS)
    return f"{told[:-2]}:{told[-2:]}" if told else None


def _local(seconds: float | None, form: str) -> str:
    found = number(seconds)
    if found is None or abs(found) > LATEST:
        return ""
    try:
        return time.strftime(form, time.localtime(found))
    except (OverflowError, ValueError, OSError):  # the year 10000, where the zone is ahead; an odd platform
        return ""
