"""What a stranger meets first: the wheel holds the cards, and the README's commands are real."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_a_card_is_loaded_from_the_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(site)
    assert not [name for name in names if name.startswith(("datasets/", "tests/"))]
    assert {"apps/locale/zh.json", "apps/static/pages.css", "apps/static/pages.js"} <= set(names)
    script = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import foundation; assert 'site' in foundation.__file__;"
        "from foundation.data.labelled import load_card_table; print(len(load_card_table('headlines', 'tone').frame))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert int(done.stdout) >= 600


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_commands_of_the_readme_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = set(re.findall(r"^make (\w+)", text, re.M))
    assert {"demo", "test"} <= targets
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in targets)
    commands = re.findall(r"^(?:\.venv/bin/)?colonnade (.+)$", text, re.M)
    assert len(commands) >= 5
    for command in commands:
        verb, options = command.split()[0], set(re.findall(r"--[a-z-]+", command))
        sub = [command.split()[1]] if verb in ("assets", "bench") else []
        shown = subprocess.run(
            [str(Path(sys.executable).parent / "colonnade"), verb, *sub, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env={"COLUMNS": "200", "PATH": "/usr/bin"},
        ).stdout
        assert not [option for option in options if option not in shown], command


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"])
def test_links_of_the_readme_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
