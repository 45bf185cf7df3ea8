"""Run by the Python of an environment that has RecBole 1.2.1: fit one of its models, write each user's first ten.

It needs an environment of its own (numpy < 2, pandas < 3, scipy < 1.14, setuptools < 80);
``tests.benchmarks.recommendation_peers`` calls it. Nothing of ours is imported.
"""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import torch


def main(model: str, folder: str, sequential: bool, epochs: int) -> None:
    load = torch.load
    torch.load = lambda *given, **named: load(*given, **{**named, "weights_only": False})  # its own checkpoints
    from scipy.sparse import dok_matrix

    dok_matrix._update = lambda matrix, values: matrix._dict.update(values)  # LightGCN's; scipy 1.13 has it no more
    from recbole.config import Config  # after torch.load is replaced
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer, init_seed
    from recbole.utils.case_study import full_sort_scores

    fixed = {
        "data_path": str(Path(folder).parent),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "topk": [10],
        "valid_metric": "NDCG@10",
        "show_progress": False,
        "checkpoint_dir": f"{folder}/saved",
        "seed": 0,
    }
    if sequential:
        split = {"LS": "valid_and_test"}
        fixed |= {"eval_args": {"split": split, "order": "TO", "mode": "full"}, "train_neg_sample_args": None}
    else:
        fixed |= {"benchmark_filename": ["train", "valid", "test"], "eval_args": {"order": "RO", "mode": "full"}}
    if epochs:
        fixed["epochs"] = epochs
    config = Config(model=model, dataset="ours", config_dict=fixed)
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    train, valid, test = data_preparation(config, dataset)
    network = get_model(config["model"])(config, train.dataset).to(config["device"])
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, network)
    started = time.perf_counter()
    best, _ = trainer.fit(train, valid, verbose=False, show_progress=False)
    seconds = time.perf_counter() - started
    if Path(trainer.saved_model_file).exists():
        network.load_state_dict(torch.load(trainer.saved_model_file)["state_dict"])
    network.eval()
    known = json.loads(Path(folder, "known.json").read_text())
    tokens, lists = dataset.field2id_token["item_id"], {}
    numbers = dataset.field2token_id["item_id"]
    for user, had in known.items():
        scores = full_sort_scores(dataset.token2id("user_id", [user]), network, test, device=config["device"])
        scores = scores.detach().numpy()[0]
        scores[[0, *(numbers[item] for item in had if item in numbers)]] = -np.inf
        lists[user] = [str(tokens[at]) for at in np.argsort(-scores, kind="stable")[:10]]
    figures = {
        "seconds": seconds,
        "megabytes": _peak_megabytes(),
        "valid": float(best),
        "epochs": int(trainer.cur_step),
    }
    Path(folder, f"{model}.json").write_text(json.dumps({"lists": lists, **figures}))


def _peak_megabytes() -> float:
    """Return the most memory that this program has had; ``ru_maxrss`` would count what started it, before the exec."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] == "sequential", int(sys.argv[4]))
