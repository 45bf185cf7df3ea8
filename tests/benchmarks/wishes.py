"""The confidence of a shelf for a wish: fitted on the dev wishes, and on texts that wish for nothing that is there.

::

    python -m tests.benchmarks.wishes
"""

import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression

from foundation.data.cards import find_card
from foundation.data.labelled import load_card_table, locate
from foundation.data.splits import Split
from foundation.data.tables import read_table
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import load_encoder
from solutions.recommendation.tables import load_catalogue
from solutions.recommendation.wish_report import fitting
from solutions.recommendation.wishes import WishReader, item_vectors

NO_WISHES = (
    *("asdf qwer zxcv", "my printer is broken", "how do I reset my password", "12345", "what is the capital of France"),
    *("invoice number 4471 please", "buy bitcoin now", "tax return form 2024", "😀😀😀", "blah blah"),
    *("cancel my subscription", "the quarterly revenue rose 5%", "怎么退货", "我的快递到哪了", "明天天气怎么样"),
    *("啊啊啊啊", "股票涨了多少", "打印机坏了", "密码忘了", "发票怎么开"),
)
_DEPTH = 10


def main() -> None:
    card = find_card("wayside")
    assert card.items
    catalogue, frame = load_catalogue(card), read_table(locate(card, card.items.file))
    encoder = load_encoder(DEFAULT_BACKBONE)
    reader = WishReader(catalogue, item_vectors(catalogue, encoder), encoder)
    wishes, criteria = load_card_table("wayside", "wish").part(Split.DEV)
    fits = [fitting(frame, each) for each in criteria] + [np.zeros(len(frame), dtype=bool)] * len(NO_WISHES)
    best, hit = [], []
    for text, fit in zip((*wishes, *NO_WISHES), fits, strict=True):
        scores = reader.scores(text)
        first = np.argsort(-scores, kind="stable")[:_DEPTH]
        best.append(scores[first].mean())
        hit.append(bool(fit[first].any()))
    model = LogisticRegression(C=10).fit(np.array(best)[:, None], hit)
    slope, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
    sys.stdout.write(json.dumps({"slope": round(slope, 2), "offset": round(offset, 2)}) + "\n")


if __name__ == "__main__":
    main()
