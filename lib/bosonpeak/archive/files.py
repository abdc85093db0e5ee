"""Files that are written whole or not at all, their checksums, and readers that name what is damaged.

Each kind of file has one reader. It answers damage with a ValueError of one sentence: the file, the place in it where
that is known, what is wrong, and the remedy. A file that is missing is a FileNotFoundError that names the file.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from filelock import FileLock

from bosonpeak.paths import project_root

RESTORE = "restore it with git checkout"
"""The remedy for a file that the project carries."""
_NAMES = {dict: "a mapping", list: "a list", str: "text", int: "a whole number", float: "a number"}


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


def alone() -> FileLock:
    """The lock of the archive, a context: a catalogue is read, changed and written by one process at a time."""
    path = project_root() / "_build" / ".archive.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path)


def write_text(path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all. Raises OSError as `write_whole`."""
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def sha256_of(path) -> str:
    """SHA-256 of the bytes of a file, as 64 hexadecimal digits; computed again only after the file has changed."""
    state = os.stat(path)
    return _sha256(Path(path), state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4096)
def _sha256(path: Path, inode: int, changed: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_sha256(path, expected: str) -> None:
    """Raise ValueError, with the remedy, if the file is not the one whose SHA-256 was noted."""
    if sha256_of(path) != expected:
        raise ValueError(f"{path} was altered: its SHA-256 is not the one that its catalogue notes; {RESTORE}")


def read_text(path, remedy: str = RESTORE) -> str:
    """The text of a file in UTF-8. Raises ValueError for other bytes, and FileNotFoundError."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8 (byte {error.start}): {remedy}") from None


class _Once(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML whose mappings name each key once: of two, the first would be lost."""

    def flatten_mapping(self, node):
        # once per mapping, before others are merged into it, which may bring the same keys
        if not hasattr(node, "seen"):
            try:
                node.seen = _once([(str(key.value), value) for key, value in node.value])
            except ValueError as error:
                raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from None
        super().flatten_mapping(node)


def _once(pairs) -> dict:
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{twice[0]!r} occurs twice")
    return dict(pairs)


def read_plain(path, kind: type, remedy: str = RESTORE):
    """What a JSON or YAML file holds.

    Parameters
    ----------
    path : path-like
        Ends in .json, .yml or .yaml.
    kind : type
        dict or list: what the file as a whole should be.
    remedy : str
        What to do where it is damaged.

    Returns
    -------
    dict or list
        Of plain numbers, texts, mappings and lists.

    Raises
    ------
    ValueError
        If the file is truncated, empty, not UTF-8 or not of this kind; the message names the file and the line.
    FileNotFoundError
        If there is no such file.
    """
    text, is_json = read_text(path, remedy), Path(path).suffix == ".json"
    try:
        content = json.loads(text, object_pairs_hook=_once) if is_json else yaml.load(text, _Once)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: not valid JSON ({error.msg}); {remedy}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place, what = (
            f", line {mark.line + 1}" if mark else "",
            getattr(error, "problem", None) or " ".join(str(error).split()),
        )
        raise ValueError(f"{path}{place}: not valid {'JSON' if is_json else 'YAML'} ({what}); {remedy}") from None
    if not isinstance(content, kind):
        found = "is empty" if content is None else f"holds {_NAMES.get(type(content), 'something else')}"
        raise ValueError(f"{path} should hold {_NAMES[kind]}, but {found}; {remedy}")
    return content


def check_fields(entry, fields: Mapping[str, type | tuple], where: str, remedy: str = RESTORE) -> None:
    """Raise ValueError unless an entry of a file is a mapping that has some fields, each of its type.

    Parameters
    ----------
    entry : object
    fields : mapping
        Types by the names of the fields. A whole number also counts as a number.
    where : str
        File and entry, for the message.
    remedy : str
    """
    if not isinstance(entry, dict):
        raise ValueError(f"{where} should be a mapping; {remedy}")
    for name, kind in fields.items():
        if name not in entry:
            raise ValueError(f"{where} lacks the field {name!r}; {remedy}")
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(entry[name], kinds + ((int,) if float in kinds else ())) or isinstance(entry[name], bool):
            wanted = " or ".join(_NAMES.get(one, "null") for one in kinds)
            raise ValueError(f"{where} has {entry[name]!r} as {name!r}, where {wanted} is expected; {remedy}")


def seal(entry: Mapping) -> dict:
    """An entry of a JSON file with a checksum of all its other fields, by which damage is noticed.

    Parameters
    ----------
    entry : mapping
        Plain data. A `checksum` that it has already is replaced.

    Returns
    -------
    dict
    """
    plain = {name: value for name, value in entry.items() if name != "checksum"}
    # as JSON reads it back: tuples become lists
    text = json.dumps(json.loads(json.dumps(plain)), sort_keys=True)
    return plain | {"checksum": hashlib.sha256(text.encode()).hexdigest()[:16]}


def check_seal(entry: Mapping, where: str, remedy: str = RESTORE) -> None:
    """Raise ValueError unless an entry is as `seal` left it; `where` and `remedy` as for `check_fields`."""
    if entry.get("checksum") != seal(entry)["checksum"]:
        raise ValueError(f"{where} was altered: its checksum does not fit its other fields; {remedy}")


def read_catalogue(folder, pattern: str, fields: Mapping[str, type | tuple], first: str = "") -> list[dict]:
    """The entries of the catalogue of a folder, catalogue.json.

    Parameters
    ----------
    folder : path-like
    pattern : str
        Of the files that the catalogue describes, such as "*.nc".
    fields : mapping
        As `check_fields`, besides `name`, `file` and `sha256`, which every entry has.
    first : str
        Name of a file that may lie there before there is a catalogue: the one that is being entered.

    Returns
    -------
    list of dict
        Empty if the folder holds neither a catalogue nor such files.

    Raises
    ------
    ValueError
        If the catalogue is damaged, an entry lacks a field or was altered, or a name occurs twice.
    FileNotFoundError
        If the catalogue is missing although there are files that it should describe.
    """
    path = Path(folder, "catalogue.json")
    if not path.exists():
        count = sum(found.name != first for found in Path(folder).glob(pattern) if found.name[0] != ".")
        if count:
            raise FileNotFoundError(f"{path} is missing, although {count} files lie next to it: {RESTORE}")
        return []
    entries, names = read_plain(path, list), set()
    for number, entry in enumerate(entries):
        named = entry.get("name", f"entry {number}") if isinstance(entry, dict) else f"entry {number}"
        check_fields(entry, {"name": str, "file": str, "sha256": str} | fields, f"{path}: {named}")
        check_seal(entry, f"{path}: {named}")
        if entry["name"] in names:
            raise ValueError(f"{path}: the name {entry['name']!r} occurs twice; {RESTORE}")
        names.add(entry["name"])
    return entries


def enter_entry(folder, pattern: str, fields: Mapping[str, type | tuple], entry: dict) -> dict:
    """Put an entry into the catalogue of a folder, in place of an earlier one of the same name.

    Parameters
    ----------
    folder, pattern, fields
        As `read_catalogue`.
    entry : dict
        With `name`, `file` and `sha256`.

    Returns
    -------
    dict
        The entry as it was written, with a `checksum`.

    Raises
    ------
    ValueError, FileNotFoundError, OSError
        As `read_catalogue` and `write_whole`.
    """
    with alone():
        before = {one["name"]: one for one in read_catalogue(folder, pattern, fields, entry["file"])}
        table = before | {entry["name"]: seal(entry)}
        text = json.dumps([table[name] for name in sorted(table)], indent=1)
        write_text(Path(folder, "catalogue.json"), text + "\n")
    return table[entry["name"]]
