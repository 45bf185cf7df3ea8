"""Zip archives of pictures, unpacked in memory one member at a time, within limits."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from foundation.data.pictures import Picture, holds_picture, read_pictures
from foundation.errors import InputError

__all__ = ["RefusedError", "read_archive"]

_MOST_MEMBERS = 20_000
_MOST_BYTES = 2_000_000_000
_MOST_MEMBER_BYTES = 200_000_000
# Deflate reaches about a thousand on zeros; pictures are compressed already and stay near one.
_MOST_RATIO = 200


# The flag of a name in UTF-8, APPNOTE.TXT 4.4.4.
_UTF8 = 0x800
# What reading a member raises: it is damaged, compressed in a way that is not known, or needs a password.
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, OSError, EOFError)


class RefusedError(InputError):
    """A member that was passed over; the others go on."""


def read_archive(path: Path) -> Iterator[tuple[PurePosixPath, list[Picture] | RefusedError]]:
    """Yield the pictures of each member, or why it was refused; nothing is written to the disk.

    Folders, hidden files and files of other kinds are left out in silence.

    Raises
    ------
    InputError
        It is no zip archive, or holds too many members.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path.name} is no whole zip archive") from error
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir() and _holds_picture(archive, member)]
        if len(members) > _MOST_MEMBERS:
            raise InputError(f"{path.name} holds {len(members):,} pictures; expected at most {_MOST_MEMBERS:,}")
        if sum(member.file_size for member in members) > _MOST_BYTES:
            raise InputError(f"{path.name} unpacks to more than {_MOST_BYTES / 1e9:.0f} GB and was not read")
        for member in members:
            name = PurePosixPath(_written(member).replace("\\", "/"))
            if any(part.startswith(".") and part not in ("..", ".") for part in name.parts) or "__MACOSX" in name.parts:
                continue
            try:
                yield name, _read_member(archive, member, name)
            except InputError as error:
                yield name, RefusedError(str(error))


def _holds_picture(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with suppress(*_BROKEN):
        return holds_picture(PurePosixPath(member.filename).name, lambda: archive.open(member))
    return False


def _written(member: zipfile.ZipInfo) -> str:
    """Return a member's name; one that does not say that it is UTF-8 is that nevertheless, or of a Chinese Windows."""
    if member.flag_bits & _UTF8:
        return member.filename
    raw = member.filename.encode("cp437")  # as zipfile took it
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return member.filename


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: PurePosixPath) -> list[Picture]:
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        raise InputError(f"{member.filename} points outside of the archive and was not read")
    if member.file_size > max(1, member.compress_size) * _MOST_RATIO or member.file_size > _MOST_MEMBER_BYTES:
        raise InputError(f"{name.name} unpacks to {member.file_size / 1e6:,.0f} MB, far more than a picture does")
    try:
        with archive.open(member) as stream:
            content = stream.read(member.file_size + 1)
    except _BROKEN as error:
        raise InputError(f"{name.name} cannot be unpacked ({str(error)[:80]})") from error
    return list(read_pictures(Path(name.name), content))
