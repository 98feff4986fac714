"""What the shell can complete beyond commands and flags.  It never asks the network.

Imports are inside the functions: every command line passes here, and few of them complete anything.
"""

from __future__ import annotations


def complete_model(incomplete: str) -> list[str]:
    """Chat models of the account, as they were seen last."""
    from ..known_models import all_known_models

    return [name for name in all_known_models() if name.startswith(incomplete) and name.isprintable()]


def complete_format(incomplete: str) -> list[str]:
    """Formats of `--output`."""
    from ..render.answers import FORMATS

    return [each for each in FORMATS if each.startswith(incomplete)]


def complete_tool(incomplete: str) -> list[str]:
    """Tools that the service runs itself."""
    from ..messages import SERVICE_TOOLS

    return [tool for tool in SERVICE_TOOLS if tool.startswith(incomplete)]


def complete_effort(incomplete: str) -> list[str]:
    from ..messages import EFFORTS

    return [each for each in EFFORTS if each.startswith(incomplete)]


def complete_scope(incomplete: str) -> list[str]:
    from ..setting_values import SCOPES

    return [scope for scope in SCOPES if scope.startswith(incomplete.upper())]


_PLAIN_SIGNS = " ,.?!+-=%/«»–—…№"
_TITLE_LENGTH = 60


def complete_session(incomplete: str) -> list[tuple[str, str]]:
    """Names of sessions, or ids of those without one, each with its title."""
    from .. import paths
    from ..errors import GigaChatError
    from ..sessions import open_store

    if not paths.history_file().exists():
        return []
    try:
        with open_store(paths.history_file(), busy_timeout=0.2) as store:
            found = [(session.name or session.id, _plain(session.title)) for session in store.sessions(limit=100)]
    except GigaChatError:
        return []
    return [each for each in found if each[0].startswith(incomplete) and each[0].isprintable()]


def _plain(text: str) -> str:
    """A short text without the signs that mean something to a shell: zsh reads what it is offered as a script."""
    from ..text import one_line

    return one_line("".join(sign if sign.isalnum() or sign in _PLAIN_SIGNS else " " for sign in text), _TITLE_LENGTH)


def complete_setting(incomplete: str) -> list[str]:
    """Settings that the config file can hold."""
    from ..settings import declarations

    return [name for name, each in declarations().items() if not each.secret and name.startswith(incomplete)]
