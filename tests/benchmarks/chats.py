"""Many customers at the support page at once, each in a conversation of their own.

``python -m tests.benchmarks.chats --users 50 --seconds 300`` serves the hub as ``colonnade demo`` does, over the models
of this machine with a desk that is empty, and lets users talk by Gradio's own client: through the server, its queue,
the encoders, the knowledge base and the desk, with a pause before each message (``--think``, seconds in the mean).
Every conversation has an order number of its own: no message comes twice, and no chat may show another's.
"""

import argparse
import json
import re
import ssl
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from gradio_client import Client

from foundation.data.labelled import load_card_table
from foundation.settings import settings
from tests.conftest import served

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


def _borrowed(folder: Path) -> Path:
    """Make a home of the machine's own, but for what people said there."""
    for name in ("assets", "backbones", "bundles", "datasets", "knowledge"):
        if (settings().home / name).exists():
            (folder / name).symlink_to(settings().home / name)
    return folder


def talk(address: str, number: int, messages: Sequence[str], stop: float, think: float, told: Told) -> None:
    """Be a user until the time is over, from one conversation to the next, with pauses of ``think`` in the mean."""
    generator = np.random.default_rng(number)
    client = Client(f"{address}/en/", verbose=False, ssl_verify=_CONTEXT)  # type: ignore[arg-type]
    while time.monotonic() < stop:
        told.conversations += 1
        client.reset_session()
        order = f"TW-{number:03d}{told.conversations:05d}"
        for turn in range(_TURNS):
            message = f"{generator.choice(messages)} {order} ({turn})"
            time.sleep(generator.exponential(think))
            started = time.monotonic()
            try:
                chat = client.predict(message, "0.2", api_name="/support_chat")[0]
            except Exception as error:  # noqa: BLE001 - what fails is counted, whatever it is
                told.failed.append(repr(error)[:200])
                break
            told.seconds.append(time.monotonic() - started)
            texts = ["".join(part.get("text", "") for part in each["content"]) for each in chat]
            mine = sum(each["role"] == "user" for each in chat)
            told.mixed += mine != turn + 1 or {found for text in texts for found in _ORDER.findall(text)} != {order}
            if time.monotonic() >= stop:
                break


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--think", type=float, default=10)
    asked = parser.parse_args()
    texts = load_card_table("tingwell_messages", "intent").frame["text"]
    messages = [text for text in texts if not _ORDER.search(text)]
    told = [Told() for _ in range(asked.users)]
    with tempfile.TemporaryDirectory() as folder, served(_borrowed(Path(folder)), "support") as address:
        (hub,) = psutil.Process().children()
        stop = time.monotonic() + asked.seconds
        threads = [
            threading.Thread(target=talk, args=(address, number, messages, stop, asked.think, each))
            for number, each in enumerate(told)
        ]
        for thread in threads:
            thread.start()
        memory = []
        while time.monotonic() < stop:
            time.sleep(min(30, asked.seconds / 5))
            memory.append(round(hub.memory_info().rss / 2**20, 1))
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


if __name__ == "__main__":
    main()
