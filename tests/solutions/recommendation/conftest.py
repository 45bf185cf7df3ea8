from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foundation.recipes.recipe import Recipe
from foundation.settings import settings
from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.events import Events
from solutions.recommendation.pipeline import Recommendation
from solutions.recommendation.tables import EventTable, load_own_events

#: Of the client's events in ``files``.
MAPPING = {"user": "customer", "item": "sku", "time": "when"}


def make_events(rows: list[tuple[int, int, float]], users: int, items: int) -> Events:
    """Events of weight 1 from (user, item, time), ordered as the product orders them."""
    ordered = sorted(rows, key=lambda row: (row[0], row[2], row[1]))
    user, item, time = (np.array(column) for column in zip(*ordered, strict=True))
    return Events(
        user.astype(np.int64), item.astype(np.int64), time.astype(np.float64), np.ones(len(rows), np.float32),
        tuple(f"u{number}" for number in range(users)), items,
    )  # fmt: skip


def taste_events(users: int = 120, items: int = 40, seed: int = 0) -> Events:
    """Two tastes: even users take even items in rising order, odd users odd ones, with a little noise."""
    generator = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        own = np.arange(user % 2, items, 2)
        first = int(generator.integers(len(own) - 10))
        taken = list(own[first : first + 8])
        taken[int(generator.integers(len(taken)))] = int(generator.integers(items))
        start = 1.6e9 + 86_400 * user
        rows += [(user, int(item), start + 60 * place) for place, item in enumerate(dict.fromkeys(taken))]
    return make_events(rows, users, items)


def plain_catalogue(items: int) -> Catalogue:
    return Catalogue(
        ids=tuple(f"i{number}" for number in range(items)),
        titles={"en": tuple(f"Item {number}" for number in range(items))},
        descriptions={},
        tags=tuple(("even" if number % 2 == 0 else "odd", f"n{number % 5}") for number in range(items)),
        tag_names={},
        numbers={"price": np.arange(items, dtype=np.float64)},
    )


@pytest.fixture
def tastes() -> Events:
    return taste_events()


@pytest.fixture
def vectors() -> np.ndarray:
    """Items of one taste point one way."""
    generator = np.random.default_rng(1)
    plain = generator.normal(0, 0.3, (40, 8)).astype(np.float32)
    plain[::2, 0] += 1
    plain[1::2, 0] -= 1
    return plain / np.linalg.norm(plain, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Events and items of a client; the last two items were never had."""
    folder, events = tmp_path_factory.mktemp("client"), taste_events(users=300)
    frame = pd.DataFrame(
        {"customer": [f"u{user:03d}" for user in events.users], "sku": events.items, "when": events.times}
    )
    frame.to_csv(folder / "events.csv", index=False)
    names = [f"{'even' if item % 2 == 0 else 'odd'} thing {item}" for item in range(42)]
    tags = ["even" if item % 2 == 0 else "odd" for item in range(42)]
    items = pd.DataFrame({"item": range(42), "title": names, "tags": tags, "colour": "red", "pages": 10})
    items["popularity"] = [f"{item / 2}" if item % 5 else "" for item in range(42)]
    items.to_csv(folder / "items.csv", index=False)
    return folder / "events.csv", folder / "items.csv"


@pytest.fixture(scope="module")
def client_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLONNADE_HOME", str(folder))
        settings.cache_clear()
        yield folder
    settings.cache_clear()


@pytest.fixture(scope="module")
def table(files: tuple[Path, Path]) -> EventTable:
    return load_own_events(files[0], "top-n", MAPPING, files[1])


@pytest.fixture(scope="module")
def folder(client_home: Path, table: EventTable, tiny_backbone: Path) -> Path:
    recipe = Recipe(method="hybrid", backbone=str(tiny_backbone), options={"epochs": "3", "regularisation": "20"})
    Recommendation.train(table, recipe).save(client_home / "bundle")
    return client_home / "bundle"


@pytest.fixture(scope="module")
def shop(folder: Path) -> Recommendation:
    return Recommendation.load({"top-n": folder})
