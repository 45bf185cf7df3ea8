"""A real PostgreSQL, for what promises to keep its rows in one."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sql


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
