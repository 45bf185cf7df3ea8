"""What every method that trains layers promises, and what each adds."""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel

from foundation.errors import InputError
from foundation.text.adapters import AdaptedEncoder, merge, mixed_logits
from foundation.text.encoder import TextEncoder, load_encoder
from foundation.training.activations import ActivationCache, collate, transformer_layers
from foundation.training.adalora import Adalora
from foundation.training.auto import Auto
from foundation.training.classifier import LayerClassifier
from foundation.training.fewshot import Fewshot
from foundation.training.finetuning import FineTuning, layer_groups
from foundation.training.full import Full
from foundation.training.heads import class_directions
from foundation.training.lora import Lora
from foundation.training.method import Method, MethodName, TrainingJob, configure, find_method
from foundation.training.probe import Probe
from tests.foundation.training.conftest import BAD, GOOD

# A tiny encoder learns with steps that would ruin a real one.
FAST = {"epochs": 2, "learning_rate": 5e-3, "batch_size": 4}
TUNING = [Full(**FAST), Full(**FAST, frozen_layers=1), Lora(**FAST), Adalora(**FAST), Fewshot(**FAST)]
NAMES = ["full", "frozen", "lora", "adalora", "fewshot"]


def scores(method: Method, job: TrainingJob) -> np.ndarray:
    return method.fit(job if method.needs_dev else replace(job, dev=None)).network.logits(GOOD + BAD)


@pytest.mark.parametrize("method", [Probe(), *TUNING], ids=["probe", *NAMES])
def test_the_same_seed_gives_the_same_figures(method: Method, job: TrainingJob) -> None:
    np.testing.assert_array_equal(scores(method, job), scores(method, job))


@pytest.mark.parametrize("method", TUNING, ids=NAMES)
def test_the_shared_encoder_is_left_alone(method: FineTuning, job: TrainingJob) -> None:
    before = {name: value.clone() for name, value in job.encoder.model.state_dict().items()}
    first = job.encoder.pooled(GOOD)
    fitted = method.fit(job)
    assert all(torch.equal(before[name], value) for name, value in job.encoder.model.state_dict().items())
    np.testing.assert_array_equal(job.encoder.pooled(GOOD), first)
    assert not np.allclose(fitted.network.encoder.pooled(GOOD), first)


@pytest.mark.parametrize("method", [Full, Lora, Adalora, Fewshot])
def test_eight_examples_are_overfitted(method: type[FineTuning], job: TrainingJob) -> None:
    train = replace(job.train, items=GOOD[:4] + BAD[:4], targets=np.repeat([0, 1], 4))
    many = {"epochs": 60, "learning_rate": 1e-2, "layer_decay": 1.0, "label_smoothing": 0.0, "batch_size": 8}
    network = method(**many, patience=60).fit(replace(job, train=train, dev=train)).network
    assert network.logits(train.items).argmax(axis=1).tolist() == train.targets.tolist()


def test_zero_logits_cost_log_of_the_number_of_classes(job: TrainingJob) -> None:
    model = LayerClassifier(transformer_layers(job.encoder.tunable_copy()), torch.ones(5), job.encoder.dimensions)
    loss = model(torch.randn(3, 4, 32), torch.ones(3, 4, dtype=torch.bool), torch.tensor([3, 0, 4]))["loss"]
    assert loss.item() == pytest.approx(math.log(5), abs=1e-5)


def test_class_weights_weigh_examples() -> None:
    model = LayerClassifier([], torch.tensor([1.5, 0.5]), 32)
    # losses log(1 + e) of the first and log(1 + 1/e) of the second, weighed and averaged
    loss = model._loss(torch.tensor([[0.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 1]))
    assert loss.item() == pytest.approx((1.5 * math.log(1 + math.e) + 0.5 * math.log(1 + 1 / math.e)) / 2, abs=1e-5)


def test_r_drop_punishes_passes_that_differ() -> None:
    """Two passes by logits (0, 0) and (0, log 3): both divergences together are log(3) / 4, by hand."""
    from foundation.training.classifier import _divergence

    one, other = torch.zeros(1, 2), torch.tensor([[0.0, math.log(3)]])
    # KL((1/2, 1/2) | (1/4, 3/4)) + KL((1/4, 3/4) | (1/2, 1/2)) = sum (p - q) log(p / q) = log(3) / 4
    assert (_divergence(one, other) + _divergence(other, one)).item() == pytest.approx(math.log(3) / 4, abs=1e-6)


def test_the_harder_pass_is_where_the_loss_rises_and_no_farther_than_asked(job: TrainingJob) -> None:
    from foundation.training.classifier import _harder

    hidden = torch.tensor([[[3.0, 4.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]], requires_grad=True)
    mask = torch.tensor([[True, False], [True, True]])
    # of the first text the loss is its first number alone: all of the step, a tenth of a length of 5, goes there
    loss = hidden[0, 0, 0] + (hidden[1] ** 2).sum()
    moved = _harder(hidden, mask, loss, 0.1)
    assert moved[0].tolist() == [[3.5, 4.0], [0.0, 0.0]]
    np.testing.assert_allclose((moved[1] / hidden[1].detach().clamp(min=1e-9))[[0, 1], [0, 1]], 1.1, rtol=1e-6)
    assert not moved.requires_grad
    model = LayerClassifier(transformer_layers(job.encoder), torch.ones(2), 32, dropout=0.0, adversarial=0.03).train()
    tokens, there, labels = torch.randn(4, 5, 32), torch.ones(4, 5, dtype=torch.bool), torch.tensor([0, 1, 0, 1])
    torch.nn.init.normal_(model.head.weight)
    harder = model(tokens, there, labels)["loss"]
    model.adversarial = 0.0
    assert harder > model(tokens, there, labels)["loss"]


def test_frozen_layers_are_run_once_and_give_the_same(job: TrainingJob, tmp_path: Path) -> None:
    """Cached activations and the layers above them give the encoder's own vectors, up to half precision."""
    cache = ActivationCache(job.encoder, job.train.items, job.train.targets, 1, 128, tmp_path / "a.f16", job.listener)
    model = LayerClassifier(transformer_layers(job.encoder)[1:], torch.ones(2), job.encoder.dimensions).eval()
    batch = collate([cache[row] for row in range(len(cache))])
    with torch.no_grad():
        vectors = model.pooled(batch["hidden"], batch["mask"]).numpy()
    np.testing.assert_allclose(vectors, job.encoder.encode(job.train.items), atol=1e-3)
    assert batch["labels"].tolist() == job.train.targets.tolist()


def test_layer_decay_reaches_every_trained_parameter_once(job: TrainingJob) -> None:
    model = LayerClassifier(transformer_layers(job.encoder.tunable_copy()), torch.ones(2), 32)
    groups = dict(layer_groups(model))
    assert sorted(groups) == [0, 1, 2]
    grouped = [id(parameter) for parameters in groups.values() for parameter in parameters]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())


@pytest.mark.parametrize("method", [Full(**FAST, dropout=0.0), Lora(**FAST, dropout=0.0)], ids=["full", "lora"])
def test_accumulated_passes_are_one_batch(method: FineTuning, job: TrainingJob) -> None:
    np.testing.assert_allclose(scores(replace(method, accumulation=2), job), scores(method, job), atol=5e-2)


@pytest.mark.parametrize("method", [Lora(**FAST), Adalora(**FAST)], ids=["lora", "adalora"])
def test_merged_equals_unmerged(method: FineTuning, job: TrainingJob) -> None:
    encoder = method.fit(job).network.encoder
    assert isinstance(encoder, AdaptedEncoder)
    np.testing.assert_allclose(merge(encoder).pooled(GOOD), encoder.pooled(GOOD), atol=1e-5)


def test_adalora_ends_with_the_ranks_that_were_asked_for(job: TrainingJob) -> None:
    # of this seed the first epoch is as good on dev as any, when no rank has been taken away yet
    method = Adalora(epochs=6, learning_rate=5e-2, batch_size=4, first_rank=6, rank=2)
    encoder = method.fit(replace(job, seed=0)).network.encoder
    assert isinstance(encoder, AdaptedEncoder)
    first = [factor for name, factor in encoder.adapter.tensors.items() if "lora_A" in name]
    assert sum(int((factor.abs().sum(dim=1) > 0).sum()) for factor in map(torch.as_tensor, first)) <= 2 * len(first)


def test_a_merged_encoder_keeps_what_no_adapter_touched(job: TrainingJob) -> None:
    encoder = Lora(**FAST, frozen_layers=1).fit(job).network.encoder
    assert isinstance(encoder, AdaptedEncoder)
    before = job.encoder.pooled(BAD)
    merged = merge(encoder)
    assert merged.model.embeddings is job.encoder.model.embeddings
    first, second = zip(transformer_layers(merged), transformer_layers(job.encoder), strict=True)
    assert first[0] is first[1]
    assert second[0] is not second[1]
    np.testing.assert_array_equal(job.encoder.pooled(BAD), before)


def test_a_mixed_batch_is_each_text_by_itself(job: TrainingJob) -> None:
    three = replace(job.train, targets=np.array([0, 1, 2] * 4))
    other = replace(job, train=three, dev=three, class_weight=np.ones(3))
    networks = [Lora(**FAST).fit(job).network, Adalora(**FAST).fit(other).network]
    picked = [networks[row % 2] for row in range(len(GOOD))]
    together = mixed_logits(picked, GOOD)
    assert [row.shape for row in together] == [(2,), (3,)] * 4
    for network, text, row in zip(picked, GOOD, together, strict=True):
        np.testing.assert_allclose(row, network.logits([text])[0], atol=1e-4)
    assert mixed_logits([], []) == []
    with pytest.raises(ValueError, match="do not share a backbone"):
        mixed_logits([networks[0], Full(**FAST).fit(job).network], GOOD[:2])


def test_threads_over_one_backbone_answer_by_their_own_adapters(job: TrainingJob) -> None:
    networks = [Lora(**FAST).fit(job).network, Adalora(**FAST).fit(job).network]
    alone = [network.encoder.pooled(GOOD) for network in networks]
    with ThreadPoolExecutor(2) as pool:
        answers = [(which, pool.submit(networks[which].encoder.pooled, GOOD)) for which in [0, 1] * 20]
        for which, answer in answers:
            np.testing.assert_allclose(answer.result(), alone[which], atol=1e-5)


def test_an_adapter_leaves_memory_with_its_encoder(job: TrainingJob) -> None:
    import gc

    networks = [Lora(**FAST).fit(job).network for _ in range(2)]
    model = networks[0].encoder.model
    assert len(model.peft_config) == 2
    del networks[1]
    gc.collect()
    assert len(model.peft_config) == 1


@pytest.mark.parametrize("kind", [Full, Lora, Adalora])
def test_a_refit_learns_dev_too_and_is_as_sure_as_what_did_not(kind: type[FineTuning], job: TrainingJob) -> None:
    once, again = kind(**FAST).fit(job), kind(**FAST, refit=True).fit(job)
    np.testing.assert_array_equal(again.held_out_logits, once.held_out_logits)
    targets = np.concatenate([job.train.targets, job.dev.targets])
    whole = replace(job.train, items=[*job.train.items, *job.dev.items], targets=targets)
    network, _ = kind(**FAST, refit=True).train(replace(job, train=whole, dev=None))
    np.testing.assert_allclose(again.network.logits(GOOD), network.logits(GOOD), rtol=1e-4)
    assert not np.allclose(again.network.logits(GOOD), once.network.logits(GOOD), rtol=1e-2)


def test_fewshot_reads_the_names_of_the_classes(job: TrainingJob) -> None:
    from foundation.training.fewshot import _with_names

    assert list(_with_names(job).train.items[-2:]) == ["good", "bad"]
    assert list(_with_names(replace(job, labels=("0", "1"))).train.items) == list(job.train.items)


def test_the_head_begins_at_the_centres_of_the_classes(job: TrainingJob) -> None:
    good, bad = (job.encoder.encode(texts[:6]).mean(axis=0) for texts in (GOOD, BAD))
    expected = (good - bad) / np.linalg.norm(good - bad)  # from the middle of two centres to the first
    np.testing.assert_allclose(class_directions(job), [expected, -expected], atol=1e-5)


def test_auto_says_what_it_tried_and_takes_the_best(job: TrainingJob) -> None:
    fitted = Auto(budget=60, epochs=2).fit(job)
    tried = [record for record in fitted.history if "tried" in record]
    assert {record["tried"] for record in tried} == {"probe", "fewshot", "full", "lora"}
    assert [record["epochs"] for record in tried[1:]] == [1] * 5 + [2] * 2
    from sklearn.metrics import f1_score

    best = f1_score(fitted.held_out_targets, fitted.held_out_logits.argmax(axis=1), average="macro", zero_division=0)
    assert best == pytest.approx(max(record["macro_f1"] for record in tried))


def test_auto_weighs_classes_as_it_is_asked(job: TrainingJob, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, fit = np.array([1.5, 0.5]), Probe.fit
    weights = []
    monkeypatch.setattr(Probe, "fit", lambda self, job: weights.append(job.class_weight) or fit(self, job))
    Auto(budget=0.0).fit(replace(job, class_weight=asked, weighing="balanced"))
    Auto(budget=0.0).fit(replace(job, weighing=None))
    np.testing.assert_array_equal(weights, [asked, np.ones(2)])


def test_auto_without_time_answers_by_probe(job: TrainingJob) -> None:
    fitted = Auto(budget=0.0).fit(job)
    assert type(fitted.method) is Probe
    assert len(fitted.held_out_targets) == len(job.dev.items)


def test_auto_begins_nothing_that_its_time_would_not_see_finished(
    job: TrainingJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts take 0.3 s to be read here, so an epoch about 0.9 s: more than ``probe`` leaves of the budget."""
    encode = TextEncoder.encode

    def slowly(self: TextEncoder, *given: Any, **named: Any) -> np.ndarray:
        time.sleep(0.3)
        return encode(self, *given, **named)

    monkeypatch.setattr(TextEncoder, "encode", slowly)
    history = Auto(budget=1.6).fit(job).history
    assert [entry["tried"] for entry in history if "tried" in entry] == ["probe"]


@pytest.mark.parametrize("name", list(MethodName))
def test_every_method_is_configured_by_text(name: MethodName) -> None:
    method = find_method(name.value)
    assert configure(method, {}) == method


def test_configure_reads_types_and_refuses_others() -> None:
    assert configure(Full(), {"epochs": "3", "learning_rate": "2e-4"}) == Full(epochs=3, learning_rate=2e-4)
    wrong = {
        ("epochs", "many"): "a valid integer",
        ("epochs", "0"): "greater than or equal to 1",
        ("dropout", "1"): "less than 1",
        ("learning_rate", "nan"): "less than inf",
        ("warmup", "-0.5"): "greater than or equal to 0",
        ("frozen_layers", "-1"): "greater than or equal to 0",
    }
    for (name, text), expected in wrong.items():
        with pytest.raises(InputError, match=f"{name}: got '{text}'; expected {expected}"):
            configure(Full(), {name: text})
    with pytest.raises(InputError, match=r"unknown hyper-parameter 'epoch'.*did you mean 'epochs'"):
        configure(Full(), {"epoch": "3"})


def test_a_tuned_encoder_is_an_ordinary_model(job: TrainingJob, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from foundation.text.export import export_encoder

    for method in (Full(**FAST), Lora(**FAST)):
        encoder = method.fit(job).network.encoder
        folder = tmp_path / type(method).__name__
        export_encoder(encoder, folder)
        assert AutoModel.from_pretrained(folder).config.hidden_size == 32
        vectors = SentenceTransformer(str(folder), device="cpu").encode(GOOD)
        np.testing.assert_allclose(vectors, encoder.encode(GOOD), atol=1e-4)
        np.testing.assert_allclose(load_encoder(str(folder)).encode(GOOD), encoder.encode(GOOD), atol=1e-4)


def test_other_architectures_are_refused(job: TrainingJob, tmp_path: Path) -> None:
    job.encoder.model.get_submodule("encoder")
    other = replace(job, encoder=_Headless(job.encoder))
    with pytest.raises(InputError, match="is not built as BERT is; use method probe"):
        Full().fit(other)


class _Headless:
    """An encoder whose model has no stack of layers."""

    def __init__(self, encoder: object) -> None:
        self.record, self.sha256, self.dimensions = encoder.record, encoder.sha256, 32  # type: ignore[attr-defined]
        self.model = torch.nn.Linear(1, 1)

    def tunable_copy(self) -> "_Headless":
        return self

    def content_sha256(self) -> str:
        return self.sha256
