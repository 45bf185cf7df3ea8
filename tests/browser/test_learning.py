"""A hub is open while one of its verticals learns, whose page says how far it is and then gives way to its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.test_learning import slow_home
from tests.browser.conftest import IN_A_BROWSER, shoot
from tests.conftest import learning, served

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = IN_A_BROWSER
__all__ = ["slow_home"]  # a fixture


@pytest.fixture
def address(slow_home: Path) -> Iterator[str]:
    """Of a hub that is open although its only vertical learns."""
    with served(slow_home, "slow", wait=False) as found:
        yield found


def test_its_page_says_how_far_it_is_and_opens_by_itself(
    page: "playwright.Page", address: str, slow_home: Path
) -> None:
    assert learning(address) == ["slow"]
    page.goto("/en/")
    assert "learns on this machine" in page.inner_text(".cl-card")
    shoot(page, "learning-landing-en")
    page.goto("/zh/slow")
    page.wait_for_selector("progress[max='100']")
    page.locator("#learning", has_text="正在训练。这一步还剩约").wait_for()
    shoot(page, "learning-zh")
    page.goto("/en/slow")
    page.locator("#learning", has_text="Training. About 0:").wait_for()
    shoot(page, "learning-en")
    (slow_home / "learnt").touch()
    page.wait_for_selector("#toy", timeout=30_000)
    assert page.url == f"{address}/en/slow/"
    assert page.inner_text(".cl-nav [aria-current]") == "Slow shop"
    assert learning(address) == []
    assert "slow: has learned" in (slow_home / "demo1.log").read_text()
    page.click(".cl-tools a")
    page.wait_for_selector("#toy")
    assert "学会再喊" in page.inner_text("#toy")
    page.goto("/zh/slow?from=mail")
    page.wait_for_selector("#toy")
    assert page.url == f"{address}/zh/slow/?from=mail"


def test_why_it_could_not_learn_is_said(page: "playwright.Page", address: str, slow_home: Path) -> None:
    page.goto("/zh/slow")
    page.wait_for_selector("progress[max='100']")
    (slow_home / "failed").touch()
    page.wait_for_selector(".cl-error")
    assert "news.csv 是空文件" in page.inner_text("#learning")
    shoot(page, "learning-failed-zh")
    page.goto("/en/")
    page.locator(".cl-card", has_text="could not be opened").wait_for()
    assert learning(address) == []
