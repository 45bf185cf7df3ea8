import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from unittest.mock import Mock, patch

import numpy as np
import pandas as pd
import pytest
from fastapi import FastAPI
from PIL import Image

from apps.locale import _FOLDERS, Language, locale
from foundation.data.splits import make_splits
from foundation.errors import ColonnadeError, InputError

ROOT = Path(__file__).parents[2]
STRINGS = {language: locale(language).strings for language in Language}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_strings_and_places() -> None:
    assert STRINGS[Language.EN].keys() == STRINGS[Language.ZH].keys()
    for key, text in STRINGS[Language.EN].items():
        assert places(text) == places(STRINGS[Language.ZH][key]), key


def test_chinese_is_chinese() -> None:
    untranslated = {"hub.title", "hub.switch", "medical.map_grad_cam"}
    for key, text in STRINGS[Language.ZH].items():
        if key not in untranslated and re.search(r"[a-z]{3}", re.sub(r"\{.*?\}|[A-Z]{2,}|colonnade \w+.*", "", text)):
            assert re.search(r"[\u4e00-\u9fff]", text), key
        assert not re.search(r"[\u4e00-\u9fff][,;:!?]", text), key


def bad_pictures() -> dict[str, bytes]:
    """One file for each thing that can be wrong with a picture."""
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    from tests.foundation.data.test_dicom import content, dicom
    from tests.foundation.data.test_pictures import bomb, jpeg, zipped

    deflated = dicom()
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return {
        "text.png": b"no picture",
        "half.jpg": jpeg()[:2000],
        "huge.png": bomb(12_000),
        "bomb.png": bomb(20_000),
        "tiny.png": bomb(4),
        "plain.dcm": b"no DICOM",
        "report.dcm": content(dicom(None)),
        "burnt.dcm": content(dicom(BurnedInAnnotation="YES")),
        "short.dcm": content(dicom(PixelData=b"0" * 100)),
        "deflated.dcm": content(deflated),
        "plain.nii": b"no volume",
        "nan.nii": volume(np.full((9, 9, 2), np.nan)),
        "flat.nii": volume(np.zeros((9, 9, 0))),
        "long.nii": volume(np.zeros((8, 8, 1001))),
        "plain.zip": b"PK no archive",
        "escape.zip": zipped({"../a.jpg": jpeg()}),
        "fat.zip": zipped({"a.png": bytes(10_000_000)}),
    }


def volume(values: np.ndarray) -> bytes:
    import nibabel

    return nibabel.Nifti1Image(values.astype(np.float32), np.eye(4)).to_bytes()


def page_errors(folder: Path) -> list[str]:
    """Make every mistake that a page lets a person make, and collect what it says."""
    from apps.pages.finance.companies import ask_for
    from apps.pages.finance.replay import _own_archive
    from apps.pages.finance.scoring import score_table
    from apps.pages.medical.batch import _Batch
    from apps.pages.medical.case import _Cases
    from apps.pages.recommendation.batch import read_people
    from apps.pages.recommendation.catalogues import own_items
    from apps.pages.recommendation.try_it import OWN, _shelves
    from apps.pages.support.knowledge import chosen_articles
    from apps.pages.support.proposals import chosen_dialogues
    from apps.scoring import MOST_ROWS
    from apps.workshop.work import Checked, accept, check, fit, guessed
    from foundation.bundle import fingerprints
    from foundation.data.archives import RefusedError, read_archive
    from foundation.data.columns import guess_events, guess_label, guess_mapping
    from foundation.data.image_tables import load_own_images
    from foundation.data.labelled import LabelledTable
    from foundation.data.pictures import read_picture
    from foundation.data.splits import Split
    from foundation.data.tables import read_table, rename_columns
    from foundation.recipes.recipe import Recipe
    from solutions.client import Client
    from solutions.client_data import ClientFile, read_client_file, read_client_images
    from solutions.contest import rows_not_seen
    from solutions.corrections import Corrections
    from solutions.finance.monitor.replay import read_events
    from solutions.finance.monitor.store import MonitorStore
    from solutions.finance.pipeline import Finance
    from solutions.finance.schema import FinanceRequest
    from solutions.finance.watchlist import read_watch_list
    from solutions.medical.reviews import Reviews
    from solutions.recommendation.client import unseen
    from solutions.recommendation.events import collect_events
    from solutions.recommendation.pipeline import Recommendation
    from solutions.recommendation.protocols import Protocol, split_events
    from solutions.recommendation.shelves import Shelves
    from solutions.recommendation.training import fit_hybrid
    from solutions.support.desk import Desk
    from solutions.support.history import read_exchanges
    from solutions.support.knowledge import read_articles
    from solutions.support.schema import SupportRequest

    desk = Desk("sqlite://")
    corrections, reviews = Corrections("sqlite://"), Reviews("sqlite://")
    contents = {
        "names.csv": b"name\nHarlund\n",
        "nameless.csv": b"name,aliases\n ,Harlund\n",
        "wordy.csv": b"name\n" + b"b" * 201 + b"\n",
        "owned.csv": b"name,aliases\nA,Harlund\nB,Harlund\n",
        "gbk.csv": "text\n央行\n".encode("gb18030"),
        "empty.csv": b"",
        "head.csv": b"text\n",
        "open.csv": b'a\n"',
        "letter.xlsx": b"Dear all",
        "commas.csv": b"a,b\nx, y,z\n",
        "plain.csv": b"a\nx\n",
        "signs.csv": b"text,time\n!!!,2026-01-01\n",
        "faq.csv": b"text,reply\nx,y\n",
        "asked.csv": b"question,label\nx,y\n",
        "gaps.csv": b"question,answer\nx,\n",
        "twice.csv": b"id,question,answer\n1,x,y\n1,z,w\n",
        "agents.csv": b"conversation,who,text\n1,agent,good morning to you\n",
        "hello.csv": b"conversation,who,text\n1,customer,hello\n",
        "many.csv": b"question,answer\n" + b"x,y\n" * 2001,
        "plain.md": b"no heading",
        "gbk.md": "# 问题\n答案".encode("gb18030"),
        "same.csv": b"id,title\n1,a\n1,b\n",
        "long.csv": b"id,title\n" + b"".join(b"%d,x\n" % at for at in range(5001)),
        "one.csv": b"text,label\n" + b"".join(b"text %d of many,good\n" % at for at in range(30)),
        "few.csv": b"text,label\na,b\nc,b\n",
        "ids.csv": b"text,label\n" + b"".join(b"%d,good\n" % at for at in range(30)),
        "bare.csv": b"text,label\na,\n",
        "rows.csv": b"text,label\n" + b"a,b\n" * 200_001,
        "half.csv": b"image,label,split\ngood.png,a,train\ngood.png,a,\n",
        "strange.csv": b"image,label,split\ngood.png,a,holdout\n",
        "countless.csv": b"name\n" + b"".join(b"n%d\n" % at for at in range(5001)),
        "turned.csv": b"series,start,end\ntopic:credit,2026-02-09,2026-02-08\n",
    }
    for name, content in {**contents, **bad_pictures()}.items():
        (folder / name).write_bytes(content)
    with (folder / "huge.csv").open("wb") as stream:
        stream.truncate(2_000_000_000)  # sparse: it takes no room
    looked_through = Checked(Client(folder / "acme", None), "finance", "tone", None)  # type: ignore[arg-type]
    namespace = SimpleNamespace
    nothing = collect_events([pd.DataFrame({"user": ["a"], "item": ["b"]})], ("b",)).latest(0)
    rows = [("u", item, at) for at, item in enumerate("ab", start=1_700_000_000)]
    some = collect_events([pd.DataFrame(rows, columns=["user", "item", "time"])], ("a", "b")).latest(1)
    rare = namespace(name="t.csv", frame=pd.DataFrame({"label": ["b", "c"]}))
    two_each = namespace(name="t.csv", by=Protocol.LEAVE_ONE_OUT, events_of=lambda *_: some, catalogue=None)
    learned = namespace(
        histories=nothing, hybrid=namespace(catalogue=namespace(ids=("b",))), record=namespace(id="x-1")
    )
    pd.DataFrame({"a": ["x"]}).to_excel(folder / "wide.xlsx", index=False)
    pd.DataFrame({"a": ["x"]}).to_parquet(folder / "wide.parquet")
    with pd.ExcelWriter(folder / "months.xlsx") as book:
        for month in ("May", "June"):
            pd.DataFrame({"a": ["x"]}).to_excel(book, sheet_name=month, index=False)
    pictureless = folder / "pictureless"
    pictureless.mkdir()
    many = [Image.new("L", (8, 8))] * 257
    many[0].resize((40, 40)).save(folder / "good.png")
    many[0].save(folder / "many.tif", save_all=True, append_images=many[1:])
    cases = _Cases(None, None, {})  # type: ignore[arg-type]  # nothing is answered before the mistake is told
    batch = _Batch(None, None, {})  # type: ignore[arg-type]
    answers = [namespace(referrals=(), confidence=1.0)]
    full = _Batch(namespace(predict=lambda _: answers, row=lambda _: {}), str, {})  # type: ignore[arg-type]

    def first_refusal(name: str) -> None:
        for _, found in read_archive(folder / name):
            if isinstance(found, RefusedError):
                raise found

    class Echo:
        spec = Finance.spec
        request_columns = {"text": "text"}
        any_column = False
        request = staticmethod(lambda row: FinanceRequest(row["text"]))
        predict = staticmethod(lambda requests: requests)
        row = staticmethod(lambda _: {"tone": "neutral"})

    def score(frame: pd.DataFrame, text: str | None, time: str | None = None) -> None:
        score_table(Echo(), frame, text, time, "t.csv", lambda *_: None)  # type: ignore[arg-type]

    mistakes = [
        lambda: FinanceRequest("!"),
        lambda: SupportRequest(" "),
        lambda: SupportRequest("a" * 5000),
        *(
            lambda name=name: read_articles([folder / name])
            for name in ("faq.csv", "asked.csv", "gaps.csv", "twice.csv", "many.csv", "plain.md", "gbk.md")
        ),
        lambda: chosen_articles(None, "utf-8"),
        lambda: chosen_dialogues(None),
        *(lambda name=name: read_exchanges(folder / name, {}) for name in ("faq.csv", "agents.csv", "hello.csv")),
        lambda: desk.reply("one", "Kim", " "),
        lambda: desk.reply("one", "Kim", "write to kim@example.com"),
        lambda: desk.label(1, "refund", " "),
        lambda: desk.label(1, "refund", "Kim"),
        lambda: desk.reply("one", "Kim", "Yes."),
        *(lambda name=name: read_picture(folder / name) for name in bad_pictures() if not name.endswith(".zip")),
        *(lambda name=name: first_refusal(name) for name in bad_pictures() if name.endswith(".zip")),
        lambda: cases.opened(str(folder / "many.tif"), 0.9, 0.5),
        lambda: patch("apps.pages.medical.case._MOST_BYTES", 99)(cases.opened)(str(folder / "many.tif"), 0.9, 0.5),
        *(
            lambda name=name, limit=limit: patch(f"foundation.data.workbooks.{limit}", -(1 << 30))(read_table)(
                folder / name
            )
            for name, limit in (
                ("wide.xlsx", "_MOST_UNPACKED"),
                ("wide.xlsx", "_MOST_CELLS"),
                ("wide.parquet", "_MOST_RATIO"),
            )
        ),
        lambda: patch("foundation.data.pictures._MOST_UNPACKED", 999)(read_picture)(folder / "many.tif"),
        lambda: patch("apps.pages.medical.batch._MOST_PICTURES", 0)(full.look)(
            [str(folder / "good.png")], None, lambda *_, **__: None
        ),
        lambda: cases.review(None, "lesion", "Kim", ""),
        lambda: reviews.add(None, None, "", "Kim"),  # type: ignore[arg-type]
        lambda: reviews.add(None, None, "lesion", " "),  # type: ignore[arg-type]
        lambda: batch.look(None, None, None),  # type: ignore[arg-type]
        lambda: batch.look([str(folder / "text.png")], None, None),  # type: ignore[arg-type]
        lambda: FinanceRequest("a" * 1_000_000),
        lambda: Recommendation.request({}),
        lambda: _shelves(None, OWN, None),  # type: ignore[arg-type]
        lambda: read_people(None, "utf-8", ["user"]),
        lambda: read_people(str(folder / "plain.csv"), "utf-8", ["user"]),
        *(
            lambda name=name, columns=columns: own_items(folder / name, "utf-8", columns, Language.ZH)
            for name, columns in {
                "same.csv": ("id", "title", "", ""),
                "long.csv": ("id", "title", "", ""),
                "plain.csv": ("", "title", "", ""),
                "faq.csv": ("", "", "", ""),
            }.items()
        ),
        *(
            lambda name=name: read_table(folder / name)
            for name in ("gbk.csv", "empty.csv", "head.csv", "open.csv", "commas.csv", "letter.xlsx", "months.xlsx")
        ),
        lambda: _own_archive(folder / "plain.csv", "utf-8"),
        lambda: _own_archive(folder / "signs.csv", "utf-8"),
        lambda: guess_mapping(pd.DataFrame({"Unnamed: 1": ["x"]}), "tone"),
        lambda: guess_mapping(pd.DataFrame({"text": ["x"], "id": ["1"]}), "tone"),
        *(
            lambda name=name: read_client_file(ClientFile(folder / name, "tone"), {})
            for name in ("one.csv", "few.csv", "ids.csv", "bare.csv", "rows.csv", "huge.csv")
        ),
        lambda: make_splits(["the same"] * 10, ["a"] * 10),
        lambda: load_own_images(folder / "half.csv", "image", {}),
        lambda: load_own_images(folder / "strange.csv", "image", {}),
        lambda: rows_not_seen(
            namespace(seen=fingerprints(["a"]), record=namespace(id="x-1")),  # type: ignore[arg-type]
            namespace(part=lambda _: (["a"], ["b"])),  # type: ignore[arg-type]
        ),
        lambda: rename_columns(pd.DataFrame({"a": ["x"]}), {"text": "a", "label": "a"}),
        lambda: Client.open("Acme Bank"),
        lambda: guessed(None, "utf-8", Finance.spec.task("tone")),
        lambda: check("acme", "finance", "tone", ("x.csv", None, "utf-8"), ("text", None, None), lambda *_: None),
        lambda: fit(looked_through, "other", 60.0, lambda *_: None),
        lambda: guess_label(pd.DataFrame({"id": ["1", "2"]}), "kind"),
        lambda: guess_events(pd.DataFrame({"sku": ["1"]})),
        lambda: collect_events([pd.DataFrame({"sku": ["1"]})], ("1",)),
        lambda: guess_events(pd.DataFrame({"user": ["1"]})),
        *(
            lambda more=more: collect_events([pd.DataFrame({"user": ["a"], "item": ["b"], **more})], ("b",))
            for more in ({"kind": ["steal"]}, {"value": ["8"]}, {"item": ["z"]})
        ),
        lambda: Shelves._number(namespace(catalogue=namespace(number_of={}, ids=("b",))), "z"),
        lambda: split_events(nothing, Protocol.LEAVE_ONE_OUT),
        lambda: split_events(nothing, Protocol.RATIO_75_25),
        lambda: fit_hybrid(two_each, np.zeros((2, 1), np.float32), Recipe("hybrid"), Split.TRAIN),
        lambda: read_table(folder / "plain.csv", "utf-16"),
        lambda: LabelledTable.check_learned(rare, ["b", "b"]),
        lambda: read_client_images(ClientFile(pictureless, "image")),
        lambda: unseen(nothing, namespace(name="a.csv", catalogue=namespace(ids=())), learned),  # type: ignore[arg-type]
        lambda: accept(None, " "),  # type: ignore[arg-type]
        lambda: read_events(folder / "plain.csv"),
        lambda: read_events(folder / "turned.csv"),
        lambda: corrections.keep("finance", "tone", "x", "", "Kim"),
        lambda: corrections.keep("finance", "tone", " ", "negative", "Kim"),
        lambda: corrections.keep("finance", "tone", "x", "negative", " "),
        *(
            lambda name=name: read_watch_list(folder / f"{name}.csv")
            for name in ("plain", "nameless", "wordy", "owned", "countless")
        ),
        lambda: ask_for(folder / "names.csv", None),
        lambda: score(pd.DataFrame({"a": ["x"]}), None),
        lambda: score(pd.DataFrame({"a": ["x"] * (MOST_ROWS + 1)}), "a"),
        lambda: score(pd.DataFrame({"a": ["!"]}), "a"),
        lambda: score(pd.DataFrame({"a": ["x"], "b": ["never"]}), "a", "b"),
    ]
    said = []
    for mistake in mistakes:
        with pytest.raises(InputError, match=r"\w+ \w+") as raised:
            mistake()
        said.append(str(raised.value))
    with closing(sqlite3.connect(folder / "old.db")) as old:
        old.execute("create table items (id integer)")
    with pytest.raises(InputError, match="older version") as outdated:
        MonitorStore.at(folder / "old.db")
    (folder / "monitor.db").write_bytes(b"no database\n" * 100)
    with pytest.raises(ColonnadeError, match="not a database") as damaged:
        MonitorStore.at(folder / "monitor.db")
    return [*said, str(outdated.value), str(damaged.value), *learning_errors(folder)]


def learning_errors(folder: Path) -> list[str]:
    """Say what can go wrong while a vertical learns beside the hub."""
    from apps.learning import Learner
    from apps.server import _opened
    from foundation.assets.cache import _explain
    from foundation.assets.catalog import find_asset
    from foundation.files import atomic_file
    from solutions.finance import solution

    learner = Learner(solution, [], lambda: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(InputError) as unready:
        learner.required()
    with pytest.raises(ColonnadeError) as unwritable, atomic_file(folder / "bundle"):
        raise OSError(28, "No space left on device")
    process, heard = Mock(exitcode=-9), SimpleNamespace(recv=Mock(side_effect=EOFError))
    said = []
    with patch("apps.learning.logger"):
        learner._follow(process, heard)  # type: ignore[arg-type]
        said.append(learner.problem)
        for failure in (
            f"finance cannot be learned: [Errno 13] Permission denied: '{folder}/x'",
            str(unwritable.value),
        ):
            learner.fail(failure)
            said.append(learner.problem)
    asset = find_asset("ml-100k")
    learner.learnt, learner.start, learner.stop = True, Mock(), Mock()  # type: ignore[method-assign]
    with patch("apps.learning.logger"), patch("apps.server.logger"):
        asyncio.run(_opened(FastAPI(), learner, Mock(side_effect=KeyError)))
    fetched = [str(_explain(asset, asset.members[0], [failure])) for failure in ("no route to host", "other bytes")]
    with patch("foundation.assets.cache.settings", lambda: SimpleNamespace(offline=True)):
        fetched.append(str(_explain(asset, asset.members[0], [])))
    return [str(unready.value), *said, learner.problem, *fetched]


def test_errors_of_the_pages_are_told_in_chinese(tmp_path: Path) -> None:
    said = page_errors(tmp_path)
    chinese = locale(Language.ZH)
    for text in said:
        assert re.search(r"[\u4e00-\u9fff]{4}", chinese.explain(text)), text
        assert not any(str(tmp_path) in locale(language).explain(text) for language in Language), text
    for pattern in chinese.errors:
        assert any(re.fullmatch(pattern, _FOLDERS.sub("", text)) for text in said), f"no error reads like {pattern}"


def test_how_a_figure_was_measured_is_told_in_chinese(tmp_path: Path) -> None:
    from foundation.data.labelled import load_own_table
    from solutions.client_data import ClientFile, read_client_file
    from solutions.recommendation.protocols import Protocol
    from solutions.recommendation.tables import load_own_events

    frame = pd.DataFrame({"text": [f"text {at} about {at % 7} things" for at in range(40)], "label": list("ab") * 20})
    frame["group"], frame["time"] = [f"g{at // 2}" for at in range(40)], pd.date_range("2026-01-01", periods=40)
    frame["split"] = ["train", "train", "dev", "test"] * 10
    frame.to_csv(tmp_path / "given.csv", index=False)
    frame = frame.drop(columns="split")
    frame.to_csv(tmp_path / "own.csv", index=False)
    columns = {"text": "text", "label": "label"}
    grouping: list[dict[str, str]] = [{}, {"group": "group"}, {"time": "time"}]
    files = [ClientFile(tmp_path / "own.csv", "tone", columns | more) for more in grouping]
    stamps = [
        load_own_table(tmp_path / "own.csv", "tone", {}).protocol,
        read_client_file(ClientFile(tmp_path / "given.csv", "tone"), {}).table.protocol,
        *(read_client_file(file, {}).table.protocol for file in files),
    ]
    events = pd.DataFrame({"user": [f"u{at % 4}" for at in range(160)], "item": [f"i{at // 4}" for at in range(160)]})
    events.assign(time=range(1_500_000_000, 1_500_000_160)).to_csv(tmp_path / "events.csv", index=False)
    table = load_own_events(tmp_path / "events.csv", "top-n", {}, None)
    stamps += [table.under(protocol.value).protocol for protocol in Protocol]
    stamps.append("fitted on train and dev anew, by the settings of the bundle")
    told = [locale(Language.ZH).protocol(stamp) for stamp in stamps]
    assert len(set(told)) == len(told)
    for stamp in told:
        for part in stamp.split("；"):
            assert re.search(r"[\u4e00-\u9fff]{4}", part), part
    assert locale(Language.EN).protocol(stamps[0]) == stamps[0]


def test_an_empty_message_is_no_empty_file() -> None:
    assert locale(Language.ZH).explain("the message is empty; type a question") == "消息是空的；请输入问题"


def test_an_error_without_translation_stays_as_it_is() -> None:
    assert locale(Language.ZH).explain("nothing like it") == "nothing like it"


@pytest.mark.parametrize("key", STRINGS[Language.EN])
def test_every_string_is_used(key: str) -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "apps").rglob("*.py"))
    # keys with a computed end, such as measure.{baseline}
    stem = key.rsplit(".", 1)[0]
    assert f'"{key}"' in source or f"'{key}'" in source or re.search(rf'f"{stem}\.\w*\{{|f\'{stem}\.\w*\{{', source)
