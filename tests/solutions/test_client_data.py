"""What clients give besides texts: rows of a table, pictures with reviews, events."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foundation.data.labelled import Columns
from foundation.data.pictures import picture_sha256, read_picture
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.rows import read_row
from foundation.trust.audit import Problem
from solutions.client_data import ClientData, ClientFile, doubtful_labels, read_client_file, read_client_images
from solutions.recommendation.client import read_client_events


def by_problem(data: ClientData) -> dict[Problem, tuple[int | str, ...]]:
    return {finding.problem: finding.rows for finding in data.findings}


def rows_of_loans(count: int = 200) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "group": generator.choice(["shop", "web"], count),
            "amount": generator.integers(100, 9_000, count).astype(str),
            "note": [f"number {at}, a@example.org" for at in range(count)],
        }
    )
    return frame.assign(risk=np.where(frame["amount"].astype(int) > 5_000, "high", "low"))


def test_rows_of_a_table_are_looked_through_and_split(tmp_path: Path) -> None:
    frame = rows_of_loans()
    copy, contradiction = frame.iloc[[3]], frame.iloc[[5]].assign(risk="odd")
    blank = pd.DataFrame([dict.fromkeys(frame.columns, "") | {"risk": "low"}])
    bare = frame.iloc[[7]].assign(risk="", amount="1")
    pd.concat([frame, copy, contradiction, blank, bare]).to_csv(tmp_path / "loans.csv", index=False)
    data = read_client_file(ClientFile(tmp_path / "loans.csv", "kind"), {}, "rows")
    assert dict(data.columns) == {"label": "risk"}
    found = by_problem(data)
    assert found[Problem.COPY] == (201,)
    assert found[Problem.CONTRADICTION] == (6, 202)
    assert found[Problem.NO_TEXT] == (203,)
    assert found[Problem.NO_LABEL] == (204,)
    assert Problem.PERSONAL in found
    assert Problem.NEAR_COPY not in found, "rows of one table all look alike when they are written out"
    assert data.table.reads == "rows"
    row = read_row(data.table.part(*Split)[0][0])
    assert set(row) == {"group", "amount", "note"}, "a column that nobody mapped is read, whatever its name"
    assert "@" not in row["note"]


def test_rows_whose_label_was_swapped_are_named(tmp_path: Path) -> None:
    frame = rows_of_loans(400)
    swapped = [11, 50, 120]
    frame.loc[swapped, "amount"] = ["8501", "7402", "6303"]
    frame.loc[swapped, "risk"] = "low"
    frame.to_csv(tmp_path / "loans.csv", index=False)
    data = doubtful_labels(read_client_file(ClientFile(tmp_path / "loans.csv", "kind"), {}, "rows"))
    assert {row + 1 for row in swapped} <= set(by_problem(data)[Problem.DOUBTFUL_LABEL])


def test_rows_of_one_customer_stay_together_and_are_known(tmp_path: Path) -> None:
    frame = rows_of_loans()
    frame.insert(0, "customer", [f"c{at // 4}" for at in range(200)])
    frame.to_csv(tmp_path / "loans.csv", index=False)
    given = ClientFile(tmp_path / "loans.csv", "kind", {"label": "risk", "group": "customer"})
    table = read_client_file(given, {}, "rows").table
    assert table.frame.groupby(Columns.GROUP)["split"].nunique().max() == 1
    assert len(set(table.groups(Split.TEST))) < len(table.groups(Split.TEST))
    frame.loc[frame.index % 2 == 1, "customer"] = ""
    frame.to_csv(tmp_path / "loans.csv", index=False)
    blank = read_client_file(given, {}, "rows").table
    assert 20 < len(blank.groups(Split.TEST)) < 60, "rows without a customer are not one customer"
    unmapped = read_client_file(ClientFile(tmp_path / "loans.csv", "kind"), {}, "rows").table
    assert unmapped.groups(Split.TEST) == []


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twelve noisy pictures a class, one that is broken, and two that nobody put into a class."""
    generator = np.random.default_rng(0)
    for place in ("pale", "dark", "."):
        (tmp_path / "given" / place).mkdir(parents=True, exist_ok=True)
        for at in range(2 if place == "." else 12):
            pixels = generator.integers(*((0, 90) if place == "dark" else (160, 255)), (40, 40)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "given" / place / f"{at}.png")
    (tmp_path / "given" / "dark" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "given"


def test_pictures_without_a_class_need_a_review(pictures: Path) -> None:
    data = read_client_images(ClientFile(pictures, "image"))
    assert len(data.table.frame) == 24
    assert by_problem(data)[Problem.UNREADABLE] == ("broken.png", "0.png", "1.png")
    hashes = {name: picture_sha256(read_picture(pictures / name).pixels) for name in ("0.png", "pale/3.png")}
    said = pd.DataFrame({"picture_sha256": [hashes["0.png"], hashes["pale/3.png"]], "label": ["pale", "dark"]})
    again = read_client_images(ClientFile(pictures, "image", feedback=said)).table.frame.set_index("image")["label"]
    assert len(again) == 25
    assert again["0.png"] == "pale"
    assert again["pale/3.png"] == "dark", "what a reviewer says counts before the folder"
    assert again["pale/4.png"] == "pale"


def test_copies_of_pictures_in_two_parts_are_named(pictures: Path, tmp_path: Path) -> None:
    names = [f"{place}/{at}.png" for place in ("pale", "dark") for at in range(12)]
    listed = pd.DataFrame({"image": names, "label": [name.split("/")[0] for name in names]})
    listed["split"] = ["test" if at % 3 == 0 else "dev" if at % 9 == 4 else "train" for at in range(len(listed))]
    listed["patient"] = [f"p{at}" for at in range(len(listed))]
    pale = (listed["label"] == "pale") & (listed["split"] == "test")
    listed.loc[listed.index[pale][0], "image"] = "pale/1.png"
    listed.loc[listed.index[pale][1], "patient"] = "p1"
    listed.to_csv(pictures / "list.csv", index=False)
    data = read_client_images(ClientFile(pictures / "list.csv", "image"))
    found = by_problem(data)
    assert found[Problem.SAME_PICTURE] == ("pale/1.png",)
    assert found[Problem.SAME_PATIENT] == ("pale/3.png",)
    assert len(data.table.frame) == 22


def test_events_are_guessed_counted_and_split(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rows = [(f"u{user}", f"i{item}", 1_600_000_000 + 60 * at) for at, (user, item) in enumerate(_pairs(generator))]
    frame = pd.DataFrame(rows, columns=["Customer", "SKU", "date"])
    faulty = pd.DataFrame([rows[0], ("", "i1", 1_600_000_000), ("u1", "i99", 1_600_000_000)], columns=frame.columns)
    pd.concat([frame, faulty]).to_csv(tmp_path / "events.csv", index=False)
    items = pd.DataFrame({"SKU": [f"i{at}" for at in range(30)], "title": [f"thing {at}" for at in range(30)]})
    items.to_csv(tmp_path / "items.csv", index=False)
    data = read_client_events(ClientFile(tmp_path / "events.csv", "top-n", items=tmp_path / "items.csv"))
    assert dict(data.columns) == {"user": "Customer", "item": "SKU", "time": "date"}
    counted = {finding.problem: finding.count for finding in data.findings}
    assert counted == {Problem.REPEATED_EVENT: 1, Problem.UNKNOWN_ITEM: 1, Problem.BAD_EVENT: 1}
    assert data.rows == len(frame) + 3
    taken = pd.DataFrame({"user": ["u1", "page-1"], "item": ["i29", "i3"], "time": [1_700_000_000, 1_700_000_000]})
    more = read_client_events(
        ClientFile(tmp_path / "events.csv", "top-n", items=tmp_path / "items.csv", feedback=taken)
    )
    assert "page-1" in more.table.events.user_ids
    assert more.rows == data.rows + 2
    with pytest.raises(InputError, match="no column looks as if it held users"):
        read_client_events(ClientFile(tmp_path / "items.csv", "top-n"))


def _pairs(generator: np.random.Generator) -> list[tuple[int, int]]:
    return [(user, int(item)) for user in range(20) for item in generator.choice(30, 6, replace=False)]
