"""Where our files live, and how they are written: private from the moment of their creation.

Folders are 0700 and files 0600 whatever the umask; looser modes of our own are repaired when they are met.
"""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

import platformdirs

APP_NAME = "gigachat"
FILE_MODE = 0o600
FOLDER_MODE = 0o700
_RANDOM_BYTES = 6
_UNFINISHED = re.compile(f"[0-9a-f]{{{2 * _RANDOM_BYTES}}}")
_ABANDONED_SECONDS = 600.0  # where no lock tells: no write takes so long


def config_dir() -> Path:
    """The folder of settings, token cache and certificate: `GIGACHAT_CONFIG_DIR`, else the platform's."""
    given = os.environ.get("GIGACHAT_CONFIG_DIR", "").strip()
    return Path(given).expanduser() if given else Path(platformdirs.user_config_dir(APP_NAME, appauthor=False))


def data_dir() -> Path:
    """The folder of the history: `GIGACHAT_DATA_DIR`, else the platform's."""
    given = os.environ.get("GIGACHAT_DATA_DIR", "").strip()
    return Path(given).expanduser() if given else Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))


def config_file() -> Path:
    return config_dir() / "config.toml"


def token_file() -> Path:
    return config_dir() / "token.json"


def login_file() -> Path:
    return config_dir() / "login.json"


def credentials_file() -> Path:
    return config_dir() / "credentials"


def root_certificate_file() -> Path:
    return config_dir() / "russian_trusted_root_ca.crt"


def models_file() -> Path:
    return config_dir() / "models.json"


def history_file() -> Path:
    return data_dir() / "history.db"


def input_history_file() -> Path:
    return data_dir() / "input_history"


def uploads_file() -> Path:
    return data_dir() / "uploads.json"


def images_dir() -> Path:
    return data_dir() / "images"


def locks_dir() -> Path:
    return config_dir() / "locks"


def make_private_folder(folder: Path) -> None:
    """Create `folder` and what is missing above it, each 0700; repair its mode when it is ours and looser.

    Raises OSError when that is not possible.
    """
    missing = []
    place = folder
    while not place.exists():
        missing.append(place)
        place = place.parent
    for each in reversed(missing):
        with suppress(FileExistsError):
            os.mkdir(each, FOLDER_MODE)
    if folder not in missing:
        _repair(folder, FOLDER_MODE)


def open_private(path: Path, flags: int) -> int:
    """Open (and create, with O_CREAT in `flags`) a file of ours as 0600; return the descriptor."""
    make_private_folder(path.parent)
    descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), FILE_MODE)
    _repair(path, FILE_MODE)
    return descriptor


def write_private(path: Path, content: bytes) -> None:
    """Replace the file in one step: a reader sees the old content or the new, never a part.

    Raises OSError and leaves the old file as it was when the new one cannot be written.
    """
    make_private_folder(path.parent)
    sweep(path)
    # A link is followed, so that a config file kept elsewhere (dotfiles) stays linked.
    target = _followed(path)
    descriptor, beside = _begun_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if os.name != "nt":  # the lock stays until the file has its name
                os.replace(beside, target)
        if os.name == "nt":
            os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def sweep(path: Path) -> list[Path]:
    """Remove the unfinished files that a kill has left beside `path`, and return them; one in the making stays.

    Whoever writes holds a lock on its file, which the kernel frees with the process.
    """
    target = _followed(path)
    begins, swept = f".{target.name}.", []
    try:
        left = [name for name in os.listdir(target.parent) if name.startswith(begins)]
    except OSError:
        return []
    for name in left:
        if _UNFINISHED.fullmatch(name[len(begins) :]):
            with suppress(OSError):
                if _is_abandoned(target.parent / name):
                    os.unlink(target.parent / name)
                    swept.append(target.parent / name)
    return swept


def read_private(path: Path) -> bytes | None:
    """The content of a file of ours, or None when there is none; looser modes are repaired, leftovers swept.

    Raises OSError when it is there and cannot be read.
    """
    sweep(path)
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    _repair(path, FILE_MODE)
    _repair(path.parent, FOLDER_MODE)
    return content


def is_private(path: Path) -> bool:
    """Whether nobody but the owner has any right to the file or folder; always true where modes mean nothing."""
    return os.name == "nt" or not stat.S_IMODE(path.stat().st_mode) & 0o077


def _followed(path: Path) -> Path:
    with suppress(RuntimeError):  # links in a circle
        return path.resolve() if path.is_symlink() else path
    return path


def _begun_beside(target: Path) -> tuple[int, Path]:
    """A new locked file beside `target`: its descriptor and its path."""
    while True:
        beside = target.with_name(f".{target.name}.{os.urandom(_RANDOM_BYTES).hex()}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), FILE_MODE)
        _locked(descriptor)
        if os.name == "nt" or os.fstat(descriptor).st_nlink:
            return descriptor, beside
        os.close(descriptor)  # somebody swept it before it was locked


def _is_abandoned(path: Path) -> bool:
    """Whether nobody writes that file any more.  Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        locked = _locked(descriptor)
        old = time.time() - os.fstat(descriptor).st_mtime > _ABANDONED_SECONDS
        return old if locked is None else locked
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool | None:
    """Whether the file is locked by us from here on; None where there are no such locks."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return None
    return True


def _repair(path: Path, mode: int) -> None:
    if os.name == "nt":
        return
    with suppress(OSError):
        found = path.stat()
        loose = stat.S_IMODE(found.st_mode) & 0o077
        # A folder that is shared on purpose (sticky, or on the way to the home folder) is not ours to close.
        shared = bool(found.st_mode & stat.S_ISVTX) or path.resolve() in (home := Path.home(), *home.parents)
        if loose and found.st_uid == os.geteuid() and not shared:
            path.chmod(mode)
