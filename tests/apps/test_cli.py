"""The command line as a person uses it: a process of its own, real files, real exit codes."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from foundation.files import sha256_file
from tests.conftest import COLONNADE, ROOT, colonnade

VERBS = ("demo", "train", "evaluate", "feedback", "predict", "export", "watch", "bench", "assets")


def mistake(*arguments: str, home: Path) -> str:
    """Run what must fail, and return its one line."""
    done = colonnade(*arguments, home=home, code=2)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return lines[0]


@pytest.mark.alone
def test_help_answers_in_half_a_second(tmp_path: Path) -> None:
    colonnade("--help", home=tmp_path)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        done = colonnade("--help", home=tmp_path)
        seconds.append(time.perf_counter() - started)
    assert all(verb in done.stdout for verb in VERBS)
    assert min(seconds) < 0.5


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, tmp_path: Path) -> None:
    assert "Usage" in colonnade(verb, "--help", home=tmp_path).stdout


def test_version(tmp_path: Path) -> None:
    assert colonnade("--version", home=tmp_path).stdout.startswith("colonnade 0.")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["train", "finanec", "--task", "tone"],
            "unknown vertical 'finanec'; known: finance, medical, recommendation, support; did you mean 'finance'?",
        ),
        (["bench", "surge", "--planted", "add"], "unknown kind of surge 'add'; known: added, replaced"),
        (["watch", "finanec", "--source", "file:a.csv"], "unknown vertical that can be watched 'finanec'"),
        (["train", "finance", "--task", "tome"], "unknown task of finance 'tome'"),
        (["train", "finance", "--task", "tone", "--dataset", "headline"], "did you mean 'headlines'?"),
        (["train", "finance", "--task", "tone", "--dataset", "thucnews_title10"], "known: topic"),
        (["train", "finance", "--task", "tone", "--class-weight", "heavy"], "expected auto, balanced or none"),
        (["train", "finance", "--task", "tone", "--out", "/dev/null/x"], "is no folder that you may write to"),
        (["evaluate", "finance", "--out", "/dev/null/x"], "is no folder that you may write to"),
        (["train", "finance", "--task", "tone", "--data", "none.csv"], "none.csv does not exist"),
        (["train", "finance", "--task", "tone", "--data", "x.csv", "--map", "text"], "expected wanted=given pairs"),
        (["train", "finance", "--task", "tone", "--map", "text=a"], "give it with --data FILE"),
        (["train", "finance", "--task", "tone", "--data", "x.csv", "--dataset", "headlines"], "expected one of them"),
        (["train", "finance", "--task", "tone", "--set", "epochs"], "expected name=value pairs"),
        (["train", "support", "--task", "mood", "--set", "fold=3"], "did you mean 'folds'?"),
        (["train", "finance", "--task", "tone", "--method", "ful"], "did you mean 'full'?"),
        (["train", "finance", "--task", "tone", "--budget", "10m"], "the time that --method auto may take"),
        (["train", "finance", "--task", "tone", "--method", "auto", "--budget", "soon"], "such as 90s, 10m or 1h"),
        (["train", "finance", "--task", "tone", "--with", "post"], "did you mean 'posts'?"),
        (["train", "finance", "--task", "topic", "--with", "posts"], "unknown task of dataset posts 'topic'"),
        (["train", "finance", "--task", "tone", "--unlabelled", "none.csv"], "none.csv does not exist"),
        (["train", "finance", "--task", "tone", "--cv", "1"], "expected between 2 folds"),
        (["train", "recommendation", "--task", "top-n", "--cv", "3"], "recommendation/top-n reads events"),
        (["evaluate", "recommendation", "--protocol", "random-811"], "name it with --task"),
        (["customize", "finance", "--client", "Acme"], "expected small letters, digits and dashes"),
        (["customize", "finance", "--client", "acme", "--data", "x", "--from-feedback"], "expected one of them"),
        (["customize", "finance", "--client", "acme", "--rollback"], "no client 'acme'"),
        (
            ["customize", "support", "--task", "retrieval", "--client", "acme", "--data", "x.csv"],
            "train support --task retr",
        ),
        (["customize", "medical", "--client", "acme", "--from-feedback"], "give the pictures too, with --data"),
        (
            ["customize", "recommendation", "--client", "acme", "--from-feedback"],
            "added to your events; give these too",
        ),
        (["customize", "finance", "--client", "acme", "--knowledge", "x.csv"], "finance answers from no articles"),
        (["customize", "support", "--client", "acme", "--knowledge", "x.csv"], "x.csv does not exist"),
        (["customize", "finance", "--client", "acme", "--dialogues", "x.csv"], "finance learns from no conversations"),
        (["customize", "support", "--client", "acme", "--dialogues", "x.csv"], "x.csv does not exist"),
        (["customize", "recommendation", "--client", "acme", "--items", "x.csv"], "x.csv does not exist"),
        (["feedback", "finance", "--bundle", "x"], "keeps no judgements of its answers"),
        (["demo", "--client", "acme"], "make one with 'colonnade customize VERTICAL --client acme"),
        (["predict", "finance", "--input", "a.csv", "--output", "b.csv", "--client", "acme"], "no client 'acme'"),
        (["predict", "finance", "--input", "a.csv", "--output", "b.csv", "--map", "txt=a"], "did you mean 'text'?"),
        (["predict", "finance", "--input", "a.csv", "--output", "b.csv", "--map", "text=a,text=b"], "got 'text' twice"),
        (
            [
                "predict",
                "finance",
                "--input",
                "a.csv",
                "--output",
                "b.csv",
                "--bundle",
                str(ROOT / "solutions/support/models/intent"),
            ],
            "is a model of support/intent; expected one of finance",
        ),
        (
            [
                "export",
                "finance",
                "--task",
                "tone",
                "--out",
                "x",
                "--bundle",
                str(ROOT / "solutions/finance/models/topic"),
            ],
            "is a model of finance/topic; expected one of finance/tone",
        ),
        (["export", "recommendation", "--task", "top-n", "--out", "x"], "top-n has no encoder of texts"),
        (["customize", "finance", "--client", "a", "--rollback", "--data", "x"], "and something to learn from"),
        (["new-vertical", "claims-"], "expected small letters, digits and dashes"),
        (["new-vertical", "all"], "'all' names every vertical"),
        (["compare", "nowhere", "elsewhere"], "is no bundle"),
        (["export", "finance", "--task", "tone", "--out", "x", "--bundle", "nowhere"], "is no bundle"),
        (["evaluate", "finance", "--bundle", "x"], "name it with --task"),
        (["evaluate", "finance", "--task", "tone", "--bundle", "nowhere"], "is no bundle"),
        (["evaluate", "finance", "--task", "tone", "--dataset", "financial_phrasebank"], "give --data-root DIR"),
        (["predict", "finance", "--input", "a.csv", "--output", "b.csv", "--bundle", "nowhere"], "is no bundle"),
        (["assets", "fetch", "minilm"], "unknown asset 'minilm'"),
        (["assets", "fetch", "minilm-l6"], "COLONNADE_OFFLINE=1 forbids the network"),
        (["train", "finance", "--task", "tone"], "COLONNADE_OFFLINE=1 forbids the network"),
        (["demo"], "COLONNADE_OFFLINE=1 forbids the network"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], expected: str, tmp_path: Path) -> None:
    assert expected in mistake(*arguments, home=tmp_path)


def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    line = mistake("assets", "fetch", "minilm-l6", home=tmp_path / "file" / "home")
    assert "check the path, its permissions and free space" in line


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = colonnade("--debug", "train", "finanec", "--task", "tone", home=tmp_path, code=1)
    assert "Traceback" in done.stderr


def test_assets_list_and_verify_on_an_empty_machine(tmp_path: Path) -> None:
    assert "multilingual-e5-small-q4   absent" in colonnade("assets", "list", home=tmp_path).stdout
    assert "minilm-l6: not on this machine" in colonnade("assets", "verify", home=tmp_path).stdout


def client_file(folder: Path, rows: int = 40) -> Path:
    words = {"up": "profit rose and orders grew", "down": "profit fell and orders shrank"}
    moods = ["up" if n % 2 else "down" for n in range(rows)]
    frame = pd.DataFrame({"headline": [f"{words[m]} {n}" for n, m in enumerate(moods)], "mood": moods})
    frame.to_csv(folder / "client.csv", index=False)
    return folder / "client.csv"


def test_train_evaluate_predict_on_a_clients_file(
    tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ["--data", str(client_file(tmp_path)), "--map", "text=headline,label=mood"]
    home, bundles = tmp_path / "home", []
    for task in ("tone", "topic"):
        out = tmp_path / task
        said = colonnade(
            "train", "finance", "--task", task, *data, "--backbone", str(tiny_backbone), "--out", str(out), home=home
        )
        # "profit rose and orders grew 3" and "... 5" are near-duplicates
        assert "client: 0 of dev or test are copies, 12 near-duplicates" in said.stdout
        bundles += ["--bundle", str(out)]
    report = json.loads(
        colonnade("evaluate", "finance", "--task", "tone", *data, *bundles[:2], "--json", home=home).stdout
    )
    assert report["dataset"] == {
        "name": "client",
        "split": "test",
        "sha256": sha256_file(tmp_path / "client.csv"),
        "rows": 8,
        "protocol": "stratified 70/10/20, repeats together, seed 0",
        "as_published": True,
    }
    assert " ".join(sorted(report)) == (
        "baselines bundle calibration dataset diagnostics gains leakage metrics per_class seconds slices solution task"
    )
    assert set(report["metrics"]["accuracy"]) == {"value", "low", "high"}
    assert set(report["baselines"]) == {"majority", "tfidf_logistic_regression"}
    table = colonnade("evaluate", "finance", "--task", "tone", *data, *bundles[:2], home=home).stdout
    assert "macro_f1" in table
    assert "95 % interval" in table
    itself = colonnade("compare", str(tmp_path / "tone"), str(tmp_path / "tone"), *data, "--json", home=home).stdout
    compared = json.loads(itself)["comparisons"]
    assert {told["metric"] for told in compared} == {"accuracy", "macro_f1", "quadratic_score"}
    assert all(told["verdict"] == "not told apart" and told["difference"]["value"] == 0 for told in compared)
    other = colonnade("compare", str(tmp_path / "tone"), str(tmp_path / "topic"), *data, home=home, code=2).stderr
    assert "expected two bundles of one task" in other
    kept = {"tone": "rises", "topic": "falls"}
    for task, name in kept.items():
        shutil.copytree(tmp_path / task, tmp_path / "clients/acme/bundles/finance" / task / name)
    (tmp_path / "clients/acme/client.toml").write_text(
        'name = "Acme"\nverticals = ["finance"]\n[bundles]\nfinance = {tone = "rises", topic = "falls"}\n'
    )
    monkeypatch.chdir(tmp_path)
    theirs = colonnade("evaluate", "finance", "--task", "tone", *data, "--client", "acme", "--json", home=home).stdout
    assert json.loads(theirs)["bundle"] == report["bundle"]
    asked = ["--input", data[1], "--output", "out.csv", "--map", "text=headline"]
    colonnade("predict", "finance", *asked, "--client", "acme", home=home)
    assert set(pd.read_csv("out.csv")["tone"]) <= {"up", "down"}
    colonnade("export", "finance", "--task", "tone", "--client", "acme", "--out", "encoder", home=home)
    assert (tmp_path / "encoder/model.safetensors").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_predict_goes_on_past_bad_rows(trained_home: Path, tmp_path: Path, suffix: str) -> None:
    texts = ["Profit doubled on strong orders", "", "央行宣布下调利率", "!!!"]
    pd.DataFrame({"id": [1, 2, 3, 4], "headline": texts}).to_csv(tmp_path / "in.csv", index=False)
    out = tmp_path / f"out{suffix}"
    said = colonnade(
        "predict", "finance", "--input", str(tmp_path / "in.csv"), "--output", str(out), "--map", "text=headline",
        home=trained_home, seconds=300,
    )  # fmt: skip
    assert "2 rows answered, 2 not (first: row 2, got a text without a letter or digit" in said.stdout
    frame = pd.read_csv(out, encoding="utf-8-sig") if suffix == ".csv" else pd.read_json(out, lines=True)
    assert frame["id"].tolist() == [1, 2, 3, 4]
    assert frame["error"].fillna("").str.len().gt(0).tolist() == [False, True, False, True]
    assert frame.loc[0, "tone"] == "positive"
    assert frame.loc[2, "topic"] == "central_banks"


@pytest.mark.slow
def test_predict_of_one_task(trained_home: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("text\nProfit doubled\n", encoding="utf-8")
    colonnade("predict", "finance", "--task", "tone", "--input", str(source), "--output", str(out), home=trained_home)
    assert pd.read_csv(out).columns.tolist() == ["text", "tone", "tone_confidence", "tone_unsure", "model", "error"]


def test_a_bad_file_is_told_before_a_model_is_looked_for(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    cases = {
        "text\n央行\n".encode("gb18030"): "it looks like gb18030",
        b"": "is empty",
        b"headline\nProfit doubled\n": "in.csv has no column 'text'; it has: headline; name the right one with --map",
    }
    for content, expected in cases.items():
        source.write_bytes(content)
        line = mistake("predict", "finance", "--input", str(source), "--output", str(out), home=tmp_path / "home")
        assert expected in line
        assert not out.exists()
    source.write_text("text\nProfit doubled\n", encoding="utf-8")
    assert "cannot write kind '.pdf'" in mistake(
        "predict", "finance", "--input", str(source), "--output", str(tmp_path / "out.pdf"), home=tmp_path / "home"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


@pytest.mark.slow
def test_ctrl_c_in_the_middle_leaves_nothing_half_written(trained_home: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    pd.DataFrame({"text": [f"Profit of company {n} doubled on strong orders" for n in range(20_000)]}).to_csv(source)
    process = subprocess.Popen(
        [COLONNADE, "predict", "finance", "--input", str(source), "--output", str(tmp_path / "out.csv")],
        env=os.environ | {"COLONNADE_HOME": str(trained_home), "COLONNADE_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # a test run in the background of a shell would hand down "ignore Ctrl-C"
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob(".out.csv.*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert b"Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
