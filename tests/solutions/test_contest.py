from types import SimpleNamespace

import numpy as np
import pytest

from foundation.bundle import fingerprints
from foundation.errors import InputError
from foundation.evaluation.outcomes import Outcomes
from solutions.contest import rows_not_seen


def test_rows_that_the_former_learned_from_are_no_test_of_it() -> None:
    former = SimpleNamespace(seen=fingerprints(["Profit rose", "Loss"]), record=SimpleNamespace(id="x-1"))
    table = SimpleNamespace(part=lambda _: (["profit  ROSE!", "new", "newer"], ["a", "b", "a"]))
    kept = rows_not_seen(former, table)
    assert kept.tolist() == [False, True, True]
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    whole = Outcomes.of_classes(["1", "2", "3"], ["a", "b", "a"], ["a", "b"], chances, {"all": np.ones(3, bool)}, "pqq")
    left = whole.take(kept)
    assert left.units == ("2", "3")
    assert left.clusters == ("q", "q")
    assert left.values["accuracy"].tolist() == [1.0, 1.0]
    assert left.targets.tolist() == ["b", "a"]
    with pytest.raises(InputError, match="x-1 has learned from every test row"):
        rows_not_seen(former, SimpleNamespace(part=lambda _: (["loss"], ["a"])))
