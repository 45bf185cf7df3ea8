"""What a client's models learned from: kept beside each, so that the next one learns from it too."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from foundation.data.labelled import Columns, LabelledTable, load_own_table
from foundation.data.splits import Split, normalise
from foundation.data.tables import write_table
from foundation.files import atomic_file
from foundation.trust.personal import mask_personal_data
from solutions.client import Client

__all__ = ["earlier_rows", "keep_rows"]


def keep_rows(client: Client, tables: Sequence[LabelledTable], vertical: str, bundle: str) -> None:
    """Write the client's rows that a candidate learned from, the newest table first; personal data is masked."""
    pairs = [pair for table in tables for pair in zip(*table.part(Split.TRAIN, Split.DEV), strict=True)]
    learned = pd.DataFrame(pairs, columns=[Columns.TEXT, Columns.LABEL]).assign(split=Split.TRAIN.value)
    learned[Columns.TEXT] = learned[Columns.TEXT].map(mask_personal_data)
    with atomic_file(_file(client, vertical, tables[0].task, bundle)) as temporary:
        write_table(learned.drop_duplicates(Columns.TEXT), temporary, append=False, kind=".csv")


def earlier_rows(client: Client, table: LabelledTable, vertical: str) -> LabelledTable | None:
    """Return what the client's model that answers now learned from, but for texts that the new table has too.

    What the table says of a text is newer, and its test rows must be new to whatever is compared on them.
    """
    own = client.settings.bundles.get(vertical, {}).get(table.task)
    path = _file(client, vertical, table.task, own or "")
    if own is None or not path.is_file():
        return None
    known = {normalise(mask_personal_data(text)) for text in table.frame[Columns.TEXT]}
    kept = load_own_table(path, table.task, {})
    rows = kept.frame[~kept.frame[Columns.TEXT].map(normalise).isin(known)].reset_index(drop=True)
    return None if rows.empty else replace(kept, name=f"{client.folder.name}-before", frame=rows, reads=table.reads)


def _file(client: Client, vertical: str, task: str, bundle: str) -> Path:
    return client.folder / "rows" / vertical / task / f"{bundle}.csv"
