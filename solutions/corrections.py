"""What people say is right where a page was wrong, or unsure: kept with their names, and learned from later."""

import pandas as pd
import sqlalchemy as sql

from foundation.errors import InputError
from foundation.settings import settings
from foundation.store import Store, log_table, now
from foundation.trust.personal import mask_personal_data

__all__ = ["Corrections", "corrected"]

METADATA = sql.MetaData()
corrections = log_table(
    "corrections",
    METADATA,
    sql.Column("who", sql.String(64), nullable=False),
    sql.Column("solution", sql.String(64), nullable=False),
    sql.Column("task", sql.String(64), nullable=False),
    sql.Column("text", sql.Text, nullable=False),
    sql.Column("label", sql.String(128), nullable=False),
)


class Corrections(Store):
    """Texts with the labels that people gave them; personal data is masked before it is kept.

    Examples
    --------
    >>> kept = Corrections("sqlite://")
    >>> kept.keep("finance", "tone", "Mail anna@example.org: profit fell", "negative", "Kim")
    >>> kept.rows("finance", "tone")["text"].tolist()
    ['Mail [e-mail]: profit fell']
    """

    metadata = METADATA

    @classmethod
    def here(cls) -> "Corrections":
        """Open those of this machine."""
        return cls.at(settings().said_in("corrections.db"))

    def keep(self, solution: str, task: str, text: str, label: str, who: str) -> None:
        """Keep what a person says is right.

        Raises
        ------
        InputError
            There is no text, no label or no name.
        """
        if not text.strip():
            raise InputError("there is no text to correct; have one read first")
        if not label:
            raise InputError("no label is chosen; choose what is right")
        if not who.strip():
            raise InputError("nobody is named; write who says so, because a model will learn from it")
        row = {
            "at": now(),
            "who": mask_personal_data(who.strip())[:64],
            "solution": solution,
            "task": task,
            "text": mask_personal_data(text.strip()),
            "label": label,
        }
        with self.begin() as run:
            run.execute(sql.insert(corrections).values(row))

    def rows(self, solution: str, task: str) -> pd.DataFrame:
        """Return ``text``, ``label``, ``who`` and ``at``, each text once with its latest label."""
        of_task = (corrections.c.solution == solution) & (corrections.c.task == task)
        latest = sql.select(sql.func.max(corrections.c.id)).where(of_task).group_by(corrections.c.text)
        columns = [corrections.c[name] for name in ("text", "label", "who", "at")]
        wanted = sql.select(*columns).where(corrections.c.id.in_(latest)).order_by(corrections.c.id)
        with self.begin() as run:
            return pd.DataFrame(
                [tuple(row) for row in run.execute(wanted)], columns=[column.name for column in columns]
            )


def corrected(solution: str, task: str) -> pd.DataFrame:
    """Return what people corrected on this machine.

    Raises
    ------
    InputError
        Nobody has corrected an answer of the task yet.
    """
    rows = Corrections.here().rows(solution, task)
    if rows.empty:
        raise InputError(
            f"nobody has corrected an answer of {solution}/{task} on its page yet; give a file with --data"
        )
    return rows
