"""Archives for tests, the harmful kinds included."""

import io
import tarfile
import zipfile
from pathlib import Path

Contents = dict[str, bytes]

TAR_MODES = {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}


def pack(path: Path, contents: Contents) -> Path:
    """An archive of the kind that its suffix says; names that end with a slash are folders."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in contents.items():
                archive.writestr(name, data)
        return path
    mode = next(mode for suffix, mode in TAR_MODES.items() if path.name.endswith(f".{suffix}"))
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in contents.items():
            add(archive, name, data)
    return path


def add(archive: tarfile.TarFile, name: str, data: bytes = b"", *, kind: bytes = tarfile.REGTYPE) -> None:
    info = tarfile.TarInfo(name.rstrip("/"))
    info.type = tarfile.DIRTYPE if name.endswith("/") else kind
    info.size = len(data)
    info.linkname = "a/1.jpg"
    archive.addfile(info, io.BytesIO(data))


def rewritten(path: Path, old: bytes, new: bytes, *, times: int) -> Path:
    """The file with some bytes replaced, wherever they stand."""
    data = path.read_bytes()
    assert data.count(old) == times
    path.write_bytes(data.replace(old, new))
    return path


def tree(folder: Path) -> Contents:
    """What a folder holds: the files by their names, and folders that end with a slash."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[f"{name}/" if path.is_dir() else name] = b"" if path.is_dir() else path.read_bytes()
    return found
