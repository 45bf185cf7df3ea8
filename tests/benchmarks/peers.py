"""What others need for the same: the plain Hugging Face Trainer, and SetFit (``pip install setfit``, in its own venv).

    python -m tests.benchmarks.peers trainer --epochs 1
    python -m tests.benchmarks.peers setfit --shots 5

Prints one JSON object with seconds, peak memory and the accuracy on dev.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.text.backbone import DEFAULT_BACKBONE, backbone_record, prepare_backbone
from tests.benchmarks.text_methods import Protocol, _parts


def plain_trainer(data_root: Path, epochs: int) -> dict[str, Any]:
    """Fine-tune as the documentation's first example does: every weight, random batches, float32."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    parts = _parts(load_card_table("financial_phrasebank", "tone", data_root), Protocol(), 0)
    folder, prefix = prepare_backbone(DEFAULT_BACKBONE), backbone_record(DEFAULT_BACKBONE).query_prefix
    tokenizer = AutoTokenizer.from_pretrained(folder)
    classes = sorted(set(parts[Split.TRAIN][1]))
    rows = {
        split: [
            {**tokenizer(prefix + text, truncation=True, max_length=128), "labels": classes.index(label)}
            for text, label in zip(*parts[split], strict=True)
        ]
        for split in (Split.TRAIN, Split.DEV)
    }
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(
            model=AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(classes)),
            args=TrainingArguments(
                scratch, num_train_epochs=epochs, per_device_train_batch_size=16, learning_rate=5e-5, report_to="none",
                save_strategy="no", use_cpu=True, disable_tqdm=True, dataloader_pin_memory=False,
            ),
            train_dataset=rows[Split.TRAIN],
            data_collator=DataCollatorWithPadding(tokenizer),
        )  # fmt: skip
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
        predicted = trainer.predict(rows[Split.DEV]).predictions.argmax(axis=1)
    accuracy = float(np.mean([row["labels"] for row in rows[Split.DEV]] == predicted))
    return {"epochs": epochs, "rows": len(rows[Split.TRAIN]), "seconds": seconds, "dev_accuracy": accuracy}


def setfit(data_root: Path, shots: int) -> dict[str, Any]:
    """Fit SetFit with its defaults to the draw of seed 0."""
    from setfit import SetFitModel, Trainer, TrainingArguments

    from datasets import Dataset

    parts = _parts(load_card_table("banking77", "intent", data_root), Protocol(shots=shots), 0)
    train, dev = (
        Dataset.from_dict(dict(zip(("text", "label"), parts[split], strict=True))) for split in (Split.TRAIN, Split.DEV)
    )
    model = SetFitModel.from_pretrained(str(prepare_backbone("minilm-l6")))
    with tempfile.TemporaryDirectory() as scratch:
        # by default it makes every pair, which grows with the square; 20 pairs a text are what its paper used
        arguments = TrainingArguments(output_dir=scratch, num_iterations=20, num_epochs=1, batch_size=16)
        trainer = Trainer(model=model, args=arguments, train_dataset=train)
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
    accuracy = float(np.mean(np.asarray(model.predict(dev["text"])) == np.asarray(dev["label"])))
    return {"shots": shots, "rows": len(train), "seconds": seconds, "dev_accuracy": accuracy}


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["trainer", "setfit"])
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--shots", type=int, default=5)
    parser.add_argument("--data-root", type=Path, default=Path("../shared/data"))
    asked = parser.parse_args()
    told = (
        plain_trainer(asked.data_root, asked.epochs)
        if asked.peer == "trainer"
        else setfit(asked.data_root, asked.shots)
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(json.dumps({"peer": asked.peer, **told, "peak_memory_mb": peak}))  # noqa: T201  # its output is what it is for


if __name__ == "__main__":
    main()
