"""Files that are written whole or not at all, and their checksums."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path


def write_whole(path, write: Callable[[Path], object]) -> None:
    """Write a file so that, under its name, there is either a whole file or none.

    The file is written under a temporary name in the same folder, flushed to the disk, and then renamed. The rename
    is atomic on every file system that the project runs on, so a process that is killed leaves the earlier file.

    Parameters
    ----------
    path : path-like
        Final name of the file. Its folder is created where it does not exist.
    write : callable
        Function of one path that writes the file there.

    Raises
    ------
    OSError
        If the file cannot be written, for example because the disk is full. The message names `path`.
    """
    path = Path(path)
    # the suffix stays the last one: some writers choose the format by it
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise OSError(
            f"{path} could not be written ({error.strerror or error}): free space or choose another folder"
        ) from error
    finally:
        if part.exists():  # where the folder is a file, removing a part that never was is an error of its own
            part.unlink()


def write_text(path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all. Raises OSError as `write_whole`."""
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def sha256_of(path) -> str:
    """SHA-256 of the bytes of a file, as 64 hexadecimal digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
