"""Runs that are killed, shared between processes, or watched."""

import ast
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import TrainerState

from foundation.errors import InputError
from foundation.settings import settings
from foundation.training.adalora import Adalora
from foundation.training.averaging import EpochWeights, swap_weights
from foundation.training.full import Full
from foundation.training.method import TrainingJob
from foundation.training.sampling import SeededSampler
from tests.conftest import ROOT
from tests.foundation.training.conftest import BAD, GOOD

FAST = {"epochs": 4, "learning_rate": 5e-3, "batch_size": 4}

# The job of the fixture, in a process of its own; METHOD and LISTENER are written in.
SCRIPT = """
import os, signal, sys
import numpy as np
from foundation.text.encoder import load_encoder
from foundation.training.adalora import Adalora
from foundation.training.full import Full
from foundation.training.method import Labelled, TrainingJob
from tests.foundation.training.conftest import BAD, GOOD

def stop(done, total, what):
    if what == "training" and done == {stop_at}:
        os.kill(os.getpid(), signal.SIGKILL)

train = Labelled(GOOD[:6] + BAD[:6], np.repeat([0, 1], 6))
dev = Labelled(GOOD[6:] + BAD[6:], np.repeat([0, 1], 2))
job = TrainingJob(load_encoder(sys.argv[1]), train, dev, np.ones(2), ("good", "bad"), 7, stop)
logits = {method}.fit(job).network.logits(GOOD + BAD)
if os.environ.get("RANK", "0") == "0":
    np.save(sys.argv[2], logits)
"""


def run(command: list[str], script: str, backbone: Path, out: Path, home: Path) -> int:
    (out.parent / "run.py").write_text(script, encoding="utf-8")
    environment = os.environ | {"COLONNADE_HOME": str(home), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    arguments = [*command, str(out.parent / "run.py"), str(backbone), str(out)]
    return subprocess.run(arguments, env=environment, cwd=ROOT, timeout=300, check=False).returncode


@pytest.mark.parametrize("method", [Full(**FAST), Adalora(**FAST)], ids=["full", "adalora"])
def test_a_killed_run_goes_on_and_ends_with_the_same_figures(
    method: Full | Adalora, job: TrainingJob, tiny_backbone: Path, tmp_path: Path, home: Path
) -> None:
    script = SCRIPT.format(method=repr(method), stop_at=8)
    assert run([sys.executable], script, tiny_backbone, tmp_path / "x.npy", home) == -signal.SIGKILL
    (run_folder,) = (home / "runs").iterdir()
    assert any(run_folder.glob("checkpoint-*"))
    steps: list[int] = []
    listening = replace(job, listener=lambda done, total, what: steps.append(done) if what == "training" else None)
    resumed = method.fit(listening)
    assert steps[0] > 3, "the first epoch was done again"
    assert not any(run_folder.glob("checkpoint-*"))
    whole = method.fit(job)
    # the last bits may differ: where a tensor lies in memory decides how its sum is cut
    np.testing.assert_allclose(resumed.network.logits(GOOD + BAD), whole.network.logits(GOOD + BAD), rtol=1e-4)
    assert [list(epoch.values()) for epoch in resumed.history] == [
        pytest.approx(list(epoch.values()), rel=1e-4) for epoch in whole.history
    ]


def test_a_refit_that_is_killed_does_not_begin_with_its_first_run(
    job: TrainingJob, tiny_backbone: Path, tmp_path: Path, home: Path
) -> None:
    method = Full(**FAST, refit=True)
    # three steps an epoch on train, four on train and dev: step 14 is one of the refit
    script = SCRIPT.format(method=repr(method), stop_at=14)
    assert run([sys.executable], script, tiny_backbone, tmp_path / "x.npy", home) == -signal.SIGKILL
    steps: list[int] = []
    listening = replace(job, listener=lambda done, total, what: steps.append(done) if what == "training" else None)
    resumed = method.fit(listening).network.logits(GOOD + BAD)
    assert steps == [13, 14, 15, 16]
    assert not list((home / "runs").glob("*/checkpoint-*"))
    np.testing.assert_allclose(resumed, method.fit(job).network.logits(GOOD + BAD), atol=1e-4)


KILLED = """
import os, signal, sys
import numpy as np
from foundation.training.auto import Auto
from foundation.training.fewshot import Fewshot
from foundation.training.text_classifier import TextClassifier
from tests.foundation.training.conftest import BAD, GOOD

runs = []

def stop(done, total, what):
    if what == "training":
        runs.append((done, total))
        if done == 1 and sum(at == 1 for at, _ in runs) == {stop_at}:
            os.kill(os.getpid(), signal.SIGKILL)

texts, labels = GOOD[:6] + BAD[:6], ["good"] * 6 + ["bad"] * 6
dev = (GOOD[6:] + BAD[6:], ["good"] * 2 + ["bad"] * 2)
model = TextClassifier(sys.argv[1], {method}, listener=stop)
model.fit(texts, labels, dev=dev if model.method.needs_dev else None, unlabelled={unlabelled})
np.save(sys.argv[2], model.decision_function(GOOD + BAD))
open(sys.argv[2].replace("npy", "txt"), "w").write(repr(runs))
"""


@pytest.mark.parametrize(
    ("method", "unlabelled", "begun"),
    [
        ("Fewshot(epochs=2, batch_size=4)", "[f'{text} {at}' for text in GOOD for at in range(9)]", 3),
        ("Auto(budget=900, epochs=2)", "()", 3),
    ],
    ids=["unlabelled", "auto"],
)
def test_several_runs_that_were_killed_go_on_with_the_one_they_were_in(
    method: str, unlabelled: str, begun: int, tiny_backbone: Path, tmp_path: Path, home: Path
) -> None:
    command, out = [sys.executable], tmp_path / "x.npy"

    def trained(stop_at: int, ends: int) -> list[tuple[int, int]]:
        script = KILLED.format(method=method, unlabelled=unlabelled, stop_at=stop_at)
        assert run(command, script, tiny_backbone, out, home) == ends
        return [] if ends else ast.literal_eval(out.with_suffix(".txt").read_text(encoding="utf-8"))

    trained(stop_at=begun, ends=-signal.SIGKILL)
    steps, resumed = trained(stop_at=0, ends=0), np.load(out)
    assert not [path for name in ("checkpoint-*", "*.json") for path in (home / "runs").glob(f"*/{name}")]
    whole = trained(stop_at=0, ends=0)
    begins = [at for at, (done, _) in enumerate(whole) if done == 1]
    assert steps == whole[begins[begun - 1] :], "an ended run was trained again"
    np.testing.assert_allclose(resumed, np.load(out), rtol=1e-3, atol=1e-4)


def test_a_half_written_checkpoint_is_passed_over(tmp_path: Path) -> None:
    from foundation.training.loop import _last_whole_checkpoint

    for step, state in ((3, "{}"), (6, '{"epoch": 1'), (9, None)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if state is not None:
            (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state, encoding="utf-8")
    assert _last_whole_checkpoint(tmp_path) == str(tmp_path / "checkpoint-3")


def test_two_processes_give_what_one_gives(job: TrainingJob, tiny_backbone: Path, tmp_path: Path, home: Path) -> None:
    method = Full(**FAST, dropout=0.0)  # each process draws its own units
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29577"]
    script = SCRIPT.format(method=repr(method), stop_at=-1)
    assert run(launcher, script, tiny_backbone, tmp_path / "two.npy", home) == 0
    one = method.fit(job).network.logits(GOOD + BAD)
    np.testing.assert_allclose(np.load(tmp_path / "two.npy"), one, atol=0.05 * np.abs(one).max())


def test_an_order_is_of_the_seed_and_the_epoch_alone():
    sampler, other = (SeededSampler(4, list(range(13)), seed=3) for _ in range(2))
    torch.manual_seed(1)
    first = list(sampler)
    torch.manual_seed(2)
    assert first == list(other)
    other.set_epoch(1)
    assert sorted(second := list(other)) == list(range(13))
    assert second != first


def test_a_batch_that_cannot_be_cut_evenly_is_refused(job: TrainingJob) -> None:
    with pytest.raises(InputError, match="batches of 4 cannot be cut into 3 equal parts"):
        Full(**FAST, accumulation=3).fit(job)


def test_curves_are_logged_for_tensorboard(job: TrainingJob, home: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    fitted = Full(**FAST).fit(job)
    (folder,) = (home / "runs").glob("*/tensorboard")
    events = EventAccumulator(str(folder)).Reload()
    logged = [event.value for event in events.Scalars("eval/macro_f1")]
    np.testing.assert_allclose(logged, [epoch["macro_f1"] for epoch in fitted.history], atol=1e-6)


def test_tracking_can_be_off(job: TrainingJob, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_TRACKING", "none")
    settings.cache_clear()
    Full(**FAST).fit(job)
    assert not list((home / "runs").glob("*/tensorboard"))


def test_tracking_by_what_is_not_there_is_one_line(job: TrainingJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_TRACKING", "wandb")
    monkeypatch.setattr("foundation.training.loop.find_spec", lambda name: None)
    settings.cache_clear()
    with pytest.raises(InputError, match="COLONNADE_TRACKING=wandb needs a package that is not here; run pip install"):
        Full(**FAST).fit(job)
    monkeypatch.setenv("COLONNADE_TRACKING", "paper")
    settings.cache_clear()
    with pytest.raises(InputError, match="COLONNADE_TRACKING: got 'paper'; input should be 'tensorboard', 'wandb' or"):
        settings()


def test_early_stopping_ends_a_run_that_does_not_improve(job: TrainingJob) -> None:
    still = replace(job, dev=replace(job.dev, items=["profit"] * 4))  # one text, both labels: nothing to gain
    assert len(Full(epochs=12, patience=2, batch_size=8).fit(still).history) == 3


@pytest.mark.parametrize("at", [5, 7, 9], ids=["without a better score so far", "in the refit", "later in the refit"])
def test_early_stopping_outlives_an_interruption(job: TrainingJob, at: int) -> None:
    still = replace(job, dev=replace(job.dev, items=["profit"] * 4))
    method = Full(epochs=12, patience=2, batch_size=8, refit=True)
    steps: list[int] = []

    def interrupt(done: int, total: int, what: str) -> None:
        if what == "training":
            steps.append(done)
            if len(steps) == at:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        method.fit(replace(still, listener=interrupt))
    resumed = method.fit(replace(still, listener=interrupt))
    assert len(resumed.history) == 3
    whole = method.fit(still)
    np.testing.assert_allclose(resumed.network.logits(GOOD), whole.network.logits(GOOD), rtol=1e-4)


def test_the_mean_is_over_the_epochs_from_the_second_on(tmp_path: Path) -> None:
    model, weights = nn.Linear(1, 1, bias=False), EpochWeights(tmp_path, first=2)
    assert weights.mean() == {}
    for epoch, value in enumerate([9.0, 1.0, 2.0, 6.0], start=1):
        swap_weights(model, {"weight": torch.tensor([[value]])})
        weights.on_epoch_end(None, TrainerState(epoch=epoch), None, model=model)
    assert weights.mean()["weight"].item() == 3.0
    former = swap_weights(model, weights.mean())
    assert (former["weight"].item(), model.weight.item()) == (6.0, 3.0)


def test_the_mean_answers_unless_an_epoch_is_clearly_better(job: TrainingJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def logits(method: Full) -> np.ndarray:
        return method.fit(job).network.logits(GOOD + BAD)

    best = logits(Full(**FAST, average=False))
    monkeypatch.setattr("foundation.training.loop.sqrt", lambda _: 1.0)  # no epoch is so much better
    assert not np.allclose(logits(Full(**FAST)), best, rtol=0.01)
    monkeypatch.setattr("foundation.training.loop.sqrt", lambda _: -1.0)  # every epoch is
    np.testing.assert_allclose(logits(Full(**FAST)), best, rtol=1e-4)
