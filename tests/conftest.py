"""Fixtures for every test: a closed network, a home of its own, a tiny backbone, real data and databases if there."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sql

from foundation.settings import settings

ROOT = Path(__file__).parents[1]
COLONNADE = str(Path(sys.executable).parent / "colonnade")
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module in one process, for its fixtures, and so all that needs the home of a first start."""
    for item in items:
        shared = "trained_home" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("first start" if shared else str(item.path)))


@pytest.fixture(autouse=True)
def closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if isinstance(host, str) and self.family != socket.AF_UNIX and not host.startswith(_LOOPBACK):
            raise OSError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A COLONNADE_HOME that is empty."""
    folder = tmp_path / "home"
    for name in [name for name in os.environ if name.startswith("COLONNADE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLONNADE_HOME", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers and 32 dimensions, with a tokenizer of words and single Han characters."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-backbone")
    letters = [chr(code) for code in (*range(ord("a"), ord("z") + 1), *range(ord("0"), ord("9") + 1))]
    han = list("利润上升下降公司银行利率增长亏损营收央行")
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *dict.fromkeys(han), *letters, *(f"##{x}" for x in letters)]
    tokenizer = Tokenizer(models.WordPiece({piece: at for at, piece in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    special["mask_token"] = "<mask>"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **special).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        pad_token_id=1,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Local copies of the public sets."""
    folder = Path(os.environ.get("COLONNADE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the public evaluation sets are not on this machine ({folder}); set COLONNADE_DATA")
    return folder


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the real default backbone, borrowed from the machine's cache, and no bundles."""
    borrowed = settings().home
    if not (borrowed / "assets" / "multilingual-e5-small-q4" / "e5-small-q4.bin").is_file():
        pytest.skip("the default backbone is not on this machine; run 'colonnade assets fetch'")
    folder = tmp_path_factory.mktemp("real-home")
    for name in ("multilingual-e5-small-q4", "efficientnet-lite0", "ml-100k"):
        if (borrowed / "assets" / name).is_dir():
            shutil.copytree(borrowed / "assets" / name, folder / "assets" / name)
    return folder


@pytest.fixture(scope="session")
def trained_home(real_home: Path) -> Path:
    """A home with the models of a first start: those that are shipped, and a recommender that is trained."""
    # fewer epochs than the first start takes: the sequences are the longest part of it
    colonnade("train", "recommendation", "--task", "top-n", "--set", "epochs=2", home=real_home, seconds=600)
    prepare = "from solutions.registry import solutions\nfor solution in solutions().values(): solution.prepare()"
    closed_run(sys.executable, "-c", prepare, home=real_home, seconds=900)
    return real_home


def colonnade(*arguments: str, home: Path, seconds: float = 120, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, without a network, and check its exit code."""
    return closed_run(COLONNADE, *arguments, home=home, seconds=seconds, code=code)


def closed_run(*command: str, home: Path, seconds: float = 120, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a program as ``colonnade`` is run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COLONNADE_")}
    done = subprocess.run(
        command,
        env=environment | {"COLONNADE_HOME": str(home), "COLONNADE_OFFLINE": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=seconds,
        check=False,
    )
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@contextmanager
def served(home: Path, *arguments: str, wait: bool = True) -> Iterator[str]:
    """Serve as ``make demo`` does and yield the address, once all pages are open; or with some that learn still."""
    log = home / f"demo{len(arguments)}.log"
    started = time.monotonic()
    closed = {"COLONNADE_HOME": str(home), "COLONNADE_CLIENTS": str(home / "clients"), "COLONNADE_OFFLINE": "1"}
    with log.open("w") as stream:
        process = subprocess.Popen(
            [COLONNADE, "demo", "--port", "0", *arguments],
            env=os.environ | closed | {"PYTHONUNBUFFERED": "1"},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        while not (found := re.search(r"is at (http://\S+)", log.read_text())) or (wait and learning(found[1])):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - started < 120, log.read_text()
            time.sleep(0.1)
        yield found[1]
    finally:
        process.terminate()
        process.wait(timeout=30)


def learning(address: str) -> list[str]:
    """Ask a hub which of its verticals learn still."""
    with urllib.request.urlopen(f"{address}/healthz", timeout=30) as response:
        return json.load(response)["learning"]


def as_installed(site: Path, name: str, **groups: str) -> None:
    """Write beside a package what an installer would: metadata with its entry points, by group of ``colonnade``."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    entries = (f"[colonnade.{group}]\n{entry}\n" for group, entry in groups.items())
    (info / "entry_points.txt").write_text("".join(entries))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL on a socket of its own; its folder, which is the host to connect to."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    control = shutil.which("pg_ctl") or (str(found[-1]) if found else None)
    if not control:
        pytest.skip("no PostgreSQL on this machine; apt-get install postgresql")
    owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # pytest's own folders are too long for the name of a socket
    if owner:
        shutil.chown(folder, "postgres", "postgres")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **owner}
    subprocess.run([control, "initdb", "-D", folder / "data", "-o", "-A trust -U colonnade"], check=True, **quiet)
    subprocess.run(
        [control, "start", "-w", "-D", folder / "data", "-o", options, "-l", folder / "log"], check=True, **quiet
    )
    yield str(folder)
    subprocess.run([control, "stop", "-m", "immediate", "-D", folder / "data"], check=True, **quiet)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server) -> str:
    """A database of its own for each test."""
    name = f"test_{uuid.uuid4().hex}"
    engine = sql.create_engine(f"postgresql+psycopg://colonnade@/postgres?host={postgres_server}")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as run:
        run.execute(sql.text(f"create database {name}"))
    engine.dispose()
    return f"postgresql+psycopg://colonnade@/{name}?host={postgres_server}"
