"""Where our files live, how they are written, and how any file is opened.

Ours are private from the moment of their creation: folders 0700 and files 0600 whatever the umask; looser modes are
repaired when they are met.  A file is a file: a pipe, a device, a socket or a folder in its place is an OSError at
once, whose `strerror` completes "… could not be read: ", and no content without an end is read.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from . import systems

APP_NAME = "gigachat"
FILE_MODE = 0o600
FOLDER_MODE = 0o700
_RANDOM_BYTES = 6
_UNFINISHED = re.compile(f"[0-9a-f]{{{2 * _RANDOM_BYTES}}}")
_ABANDONED_SECONDS = 600.0  # where no lock tells: no write takes so long

LARGEST = 16 * 1024 * 1024
"""Bytes of a file of ours; none of them comes near it."""


def config_dir() -> Path:
    """The folder of settings, token cache and certificate: `GIGACHAT_CONFIG_DIR`, else the platform's."""
    given = os.environ.get("GIGACHAT_CONFIG_DIR", "").strip()
    return expanded(given) if given else _platform_folder("config")


def data_dir() -> Path:
    """The folder of the history: `GIGACHAT_DATA_DIR`, else the platform's."""
    given = os.environ.get("GIGACHAT_DATA_DIR", "").strip()
    return expanded(given) if given else _platform_folder("data")


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


def batches_file() -> Path:
    return data_dir() / "batches.json"


def images_dir() -> Path:
    return data_dir() / "images"


def locks_dir() -> Path:
    return config_dir() / "locks"


def home() -> Path:
    """The home folder.  A user without one (no HOME, no passwd entry) has a private folder among the temporary ones."""
    try:
        return Path.home()
    except RuntimeError:
        return _stand_in()


def has_home() -> bool:
    """Whether there is a home folder, which a restart of the machine leaves alone."""
    with suppress(RuntimeError):
        Path.home()
        return True
    return False


def temporary_place() -> Path | None:
    """The folder that stands in for a home, where settings or history are in it; None for whoever has a home.

    Where no temporary file can be made either it is the null device, in which there is nothing and nothing is kept.
    """
    if has_home():
        return None
    used = (config_dir().parent, data_dir().parent)
    return _stand_in() if _stand_in.cache_info().currsize and _stand_in() in used else None


def expanded(path: str | Path) -> Path:
    """The path with a `~` at its head replaced, as a shell does it: a user who is not known leaves it as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        first, *rest = Path(path).parts
        return home().joinpath(*rest) if first == "~" else Path(path)


def check_file(path: Path) -> None:
    """Raise OSError when something else than a file is there.  Nothing is opened, and nothing there is no fault."""
    with suppress(FileNotFoundError, NotADirectoryError):
        _check_kind(path, os.stat(path).st_mode)


def open_file(path: Path, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
    """Open a file, and nothing but a file; return the descriptor.  It never waits.  Raises OSError."""
    check_file(path)  # before it is opened, which does something to some devices
    descriptor = systems.open_file(path, flags, mode)
    try:
        _check_kind(path, os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_file(path: Path, *, most: int = LARGEST) -> bytes:
    """The whole content of a file of at most so many bytes.  Raises OSError."""
    with os.fdopen(open_file(path), "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise too_large(path, most)
    return content


def too_large(path: Path, most: int) -> OSError:
    """The error for a file of more than so many bytes."""
    return OSError(errno.EFBIG, f"it is larger than {most // 2**20} MiB", str(path))


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
    descriptor = open_file(path, flags, FILE_MODE)
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
    check_file(target)  # a device would be lost for everybody
    descriptor, beside = _begun_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if not systems.is_windows():  # the lock stays until the file has its name
                systems.replace(beside, target)
        if systems.is_windows():  # where no open file is renamed
            systems.replace(beside, target)
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
        content = read_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    _repair(path, FILE_MODE)
    _repair(path.parent, FOLDER_MODE)
    return content


def is_private(path: Path) -> bool:
    """Whether nobody but the owner has any right to the file or folder; always true where modes mean nothing."""
    return systems.is_windows() or not stat.S_IMODE(path.stat().st_mode) & 0o077


def _followed(path: Path) -> Path:
    with suppress(RuntimeError):  # links in a circle
        return path.resolve() if path.is_symlink() else path
    return path


def _begun_beside(target: Path) -> tuple[int, Path]:
    """A new locked file beside `target`: its descriptor and its path."""
    while True:
        beside = target.with_name(f".{target.name}.{os.urandom(_RANDOM_BYTES).hex()}")
        descriptor = systems.open_file(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        _locked(descriptor)
        if systems.is_windows() or os.fstat(descriptor).st_nlink:
            return descriptor, beside
        os.close(descriptor)  # somebody swept it before it was locked


def _is_abandoned(path: Path) -> bool:
    """Whether nobody writes that file any more.  Raises OSError."""
    descriptor = systems.open_file(path, os.O_RDONLY | systems.NO_LINK)
    try:
        locked = _locked(descriptor)
        old = time.time() - os.fstat(descriptor).st_mtime > _ABANDONED_SECONDS
        return old if locked is None else locked
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool | None:
    """Whether the file is locked by us from here on; None where there are no such locks."""
    if systems.is_windows():  # where nothing could be written past the lock
        return None
    try:
        return systems.try_lock(descriptor)
    except OSError:  # a file system without locks
        return None


def _repair(path: Path, mode: int) -> None:
    if systems.is_windows():
        return
    with suppress(OSError):
        found = path.stat()
        if not (stat.S_ISDIR if mode == FOLDER_MODE else stat.S_ISREG)(found.st_mode):
            return  # a device that was named is everybody's
        loose = stat.S_IMODE(found.st_mode) & 0o077
        # A folder that is shared on purpose (sticky, or on the way to the home folder) is not ours to close.
        shared = bool(found.st_mode & stat.S_ISVTX) or (
            has_home() and path.resolve() in (place := home(), *place.parents)
        )
        if loose and found.st_uid == systems.user_id() and not shared:
            path.chmod(mode)


_KINDS = (
    (stat.S_ISFIFO, "it is a pipe, not a file"),
    (stat.S_ISSOCK, "it is a socket, not a file"),
    (stat.S_ISCHR, "it is a device, not a file"),
    (stat.S_ISBLK, "it is a device, not a file"),
)


def _check_kind(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    for is_kind, told in _KINDS:
        if is_kind(mode):
            raise OSError(errno.EINVAL, told, str(path))


def _platform_folder(kind: Literal["config", "data"]) -> Path:
    import platformdirs  # the help does without it

    find = platformdirs.user_config_dir if kind == "config" else platformdirs.user_data_dir
    with suppress(RuntimeError):  # no home; XDG_* may still name a folder
        found = find(APP_NAME, appauthor=False)
        if not found.startswith("~"):
            return Path(found)
    return home() / kind


@cache
def _stand_in() -> Path:
    import tempfile  # only somebody without a home pays for it

    try:
        folder = Path(tempfile.gettempdir(), f"{APP_NAME}-{systems.user_id()}")
        with suppress(FileExistsError):
            os.mkdir(folder, FOLDER_MODE)
        found = os.lstat(folder)
        private = systems.is_windows() or not found.st_mode & 0o077
        if stat.S_ISDIR(found.st_mode) and found.st_uid == systems.user_id() and private:
            return folder
        # Whoever may write there could have put it there.
        return Path(tempfile.mkdtemp(prefix=f"{APP_NAME}-"))
    except OSError:  # nothing can be written, which is told where something should be
        return Path(os.devnull)
