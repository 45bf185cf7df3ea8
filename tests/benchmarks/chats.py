"""Many customers at the support page at once, each in a conversation of their own.

``python -m tests.benchmarks.chats --users 50 --seconds 300`` serves the hub as ``colonnade demo`` does, over the models
of this machine with a desk that is empty, and lets users talk by Gradio's own client: through the server, its queue,
the encoders, the knowledge base and the desk, with a pause before each message (``--think``, seconds in the mean). No
message comes twice. Every user has an order number of their own and must see it, and what they wrote, in their own chat
alone.
"""

import argparse
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from gradio_client import Client

from foundation.data.labelled import load_card_table
from foundation.settings import settings

_COLONNADE = str(Path(sys.executable).parent / "colonnade")
_TURNS = 6
# A context of its own for each of its requests would take the client longer than the server takes to answer.
_CONTEXT = ssl.create_default_context()
_ORDER = re.compile(r"TW-\d{8}")


@dataclass
class Told:
    """What one user saw."""

    seconds: list[float] = field(default_factory=list)
    conversations: int = 0
    mixed: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve support; yields the address and the process's id."""
    for name in ("assets", "backbones", "bundles", "datasets", "knowledge"):
        if (settings().home / name).exists():
            (folder / name).symlink_to(settings().home / name)
    log = folder / "demo.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [_COLONNADE, "demo", "support", "--port", "0"],
            env=os.environ | {"COLONNADE_HOME": str(folder), "PYTHONUNBUFFERED": "1"},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        while not (found := re.search(r"is at (http://\S+)", log.read_text())):
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.2)
        yield found[1], process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def talk(address: str, number: int, stop: float, think: float, told: Told) -> None:
    """Be a user until the time is over, from one conversation to the next, with pauses of ``think`` in the mean."""
    generator = np.random.default_rng(number)
    messages = load_card_table("tingwell_messages", "intent").frame["text"]
    asked = [message for message in messages if not _ORDER.search(message)]
    client = Client(f"{address}/en/", verbose=False, ssl_verify=_CONTEXT)  # type: ignore[arg-type]
    while time.monotonic() < stop:
        told.conversations += 1
        client.reset_session()
        order = f"TW-{number:03d}{told.conversations:05d}"
        said: list[str] = []
        for turn in range(_TURNS):
            message = f"{generator.choice(asked)} {order if turn % 2 == 0 else f'({number}.{turn})'}"
            said.append(message)
            time.sleep(generator.exponential(think))
            started = time.monotonic()
            try:
                chat = client.predict(message, "0.2", api_name="/support_chat")[0]
            except Exception as error:  # noqa: BLE001 - what fails is counted, whatever it is
                told.failed.append(repr(error)[:200])
                break
            told.seconds.append(time.monotonic() - started)
            texts = [(each["role"], "".join(part.get("text", "") for part in each["content"])) for each in chat]
            mine = [text for role, text in texts if role == "user"]
            orders = {found for _, text in texts for found in _ORDER.findall(text)}
            told.mixed += len(mine) != len(said) or orders != {order}
            if time.monotonic() >= stop:
                break


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--think", type=float, default=10)
    asked = parser.parse_args()
    told = [Told() for _ in range(asked.users)]
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, process):
        stop = time.monotonic() + asked.seconds
        threads = [
            threading.Thread(target=talk, args=(address, number, stop, asked.think, each))
            for number, each in enumerate(told)
        ]
        for thread in threads:
            thread.start()
        memory = []
        while time.monotonic() < stop:
            time.sleep(min(30, asked.seconds / 5))
            memory.append(_resident_megabytes(process))
        for thread in threads:
            thread.join()
    seconds = [second for each in told for second in each.seconds]
    failed = [failure for each in told for failure in each.failed]
    figures = {
        "users": asked.users,
        "messages": len(seconds),
        "conversations": sum(each.conversations for each in told),
        "failed": len(failed),
        "first_failure": failed[0] if failed else "",
        "mixed": sum(each.mixed for each in told),
        "p50_s": round(float(np.quantile(seconds, 0.5)), 2),
        "p95_s": round(float(np.quantile(seconds, 0.95)), 2),
        "resident_mb": memory,
    }
    print(json.dumps(figures))  # noqa: T201  # its output is what it is for


def _resident_megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return round(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024, 1)  # type: ignore[index]


if __name__ == "__main__":
    main()
