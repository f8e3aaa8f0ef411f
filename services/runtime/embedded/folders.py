"""Temporary folders of embedded parts, removed even when their process was killed.

A process holds a lock in each folder of its own; whoever makes the next folder removes those that
nobody holds any more.
"""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_HELD = "held"
_locks: dict[Path, int] = {}


def temporary(part: str) -> Path:
    """A new empty folder for `part`, and an end to what killed processes left of such."""
    prefix = f"rapport-{part}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*/{_HELD}"):
        if left.parent not in _locks and (abandoned := _lock(left)) is not None:
            shutil.rmtree(left.parent, ignore_errors=True)
            os.close(abandoned)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    # Locked before it has its name, so that nobody finds it unlocked.
    unnamed = folder / "unnamed"
    unnamed.touch(mode=0o600)
    descriptor = _lock(unnamed)
    assert descriptor is not None
    unnamed.rename(folder / _HELD)
    _locks[folder] = descriptor
    return folder


def remove(folder: Path) -> None:
    """Remove a folder that `temporary` made."""
    shutil.rmtree(folder, ignore_errors=True)
    if (descriptor := _locks.pop(folder, None)) is not None:
        os.close(descriptor)


def _lock(path: Path) -> int | None:
    """Lock the file until this process ends or closes the descriptor; None: another holds it."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:  # another user's
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
