import errno
from pathlib import Path

import pytest

from foundation.errors import ColonnadeError
from foundation.files import atomic_file, atomic_folder, sha256_file


def test_sha256_of_abc(tmp_path: Path) -> None:
    # the one-block example of FIPS 180-4
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_interrupted_file_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_file(target) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert target.read_text() == "old"


def test_interrupted_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "bundle") as temporary:
        (temporary / "half").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_folder_replaces_the_former_one_whole(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with atomic_folder(tmp_path / "bundle") as temporary:
            (temporary / name).write_text(name)
    assert [path.name for path in (tmp_path / "bundle").iterdir()] == ["second"]
    assert len(list(tmp_path.iterdir())) == 1


def test_full_disk_is_one_line_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(ColonnadeError, match="No space left on device; free space"), atomic_file(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []
