"""The page in headless Chromium."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts.browser import chromium

from tests.report.judged import NAME

PICTURES = Path(__file__).resolve().parents[2] / "build" / "report"
DESKTOP, PHONE = (1280, 900), (360, 740)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    pytest.importorskip("selenium", reason="selenium is not installed (it drives the browser)")
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian packages chromium and chromium-driver)")
    with chromium(*DESKTOP) as driver:
        yield driver


@pytest.fixture
def address(page_file: Path) -> str:
    return page_file.as_uri()


def emulate(browser: Any, size: tuple[int, int], scheme: str) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE},
    )
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_is_whole(browser: Any, address: str, size: tuple[int, int], scheme: str) -> None:
    """No console errors, every figure loaded, and a page no wider than the window; a picture of it is kept.

    On a phone wide figures scroll in a box of their own.
    """
    emulate(browser, size, scheme)
    browser.get(address)
    images = browser.execute_async_script(
        "const done = arguments[0], images = [...document.images];"
        "Promise.all(images.map(i => i.decode())).finally(() => done("
        "images.map(i => [i.complete, i.naturalWidth, i.parentElement.clientWidth, i.width])))"
    )
    assert len(images) > 15
    assert all(complete and natural > 0 and 0 < box <= size[0] for complete, natural, box, _ in images)
    legible = 600 if size == PHONE else 700
    assert sum(shown > legible for *_, shown in images) > 5
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= size[0]
    assert browser.get_log("browser") == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    name = f"{'phone' if size == PHONE else 'desktop'}-{scheme}.png"
    browser.save_screenshot(str(PICTURES / name))
    assert (PICTURES / name).stat().st_size > 10_000


@pytest.mark.parametrize(("size", "abreast"), [(DESKTOP, 3), (PHONE, 1)], ids=["desktop", "phone"])
def test_small_figures_stand_abreast_where_there_is_room(
    browser: Any, address: str, size: tuple[int, int], abreast: int
) -> None:
    emulate(browser, size, "light")
    browser.get(address)
    places = browser.execute_script(
        "const images = document.querySelectorAll('#category-1-one-dimensional img');"
        "return [...images].map(i => i.getBoundingClientRect()).map(r => [r.left, r.right])"
    )
    assert len(places) > 5
    assert len({left for left, _ in places}) == abreast
    assert all(left >= 0 and right <= size[0] for left, right in places)


def test_colours_follow_the_reader(browser: Any, address: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        emulate(browser, DESKTOP, scheme)
        browser.get(address)
        grounds.append(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] != grounds[1]


def test_a_script_in_the_name_is_shown_and_does_not_run(browser: Any, address: str) -> None:
    browser.get(address)
    assert browser.title == NAME
    assert browser.find_element("css selector", "h1").text == NAME


def test_links_of_the_contents_lead_to_their_sections(browser: Any, address: str) -> None:
    emulate(browser, DESKTOP, "light")
    browser.get(address)
    link = browser.find_element("css selector", "nav a[href='#category-1-tails']")
    link.click()
    top = browser.execute_script(
        "return document.getElementById('category-1-tails').getBoundingClientRect().top"
    )
    assert browser.current_url.endswith("#category-1-tails")
    assert abs(top) < 40


def test_the_keyboard_reaches_the_content(browser: Any, address: str) -> None:
    """The first stop is the link past the contents; a folded table opens with Enter."""
    from selenium.webdriver import ActionChains, Keys

    emulate(browser, DESKTOP, "light")
    browser.get(address)
    ActionChains(browser).send_keys(Keys.TAB).perform()
    focused = browser.switch_to.active_element
    assert focused.get_attribute("class") == "skip"
    assert focused.location["x"] >= 0
    focused.send_keys(Keys.ENTER)
    assert browser.current_url.endswith("#content")
    summary = browser.find_element("css selector", "main details summary")
    assert summary.find_element("xpath", "..").get_attribute("open") is None
    summary.send_keys(Keys.ENTER)
    assert summary.find_element("xpath", "..").get_attribute("open") == "true"


def test_the_page_prints(browser: Any, address: str) -> None:
    emulate(browser, DESKTOP, "dark")
    browser.get(address)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    PICTURES.mkdir(parents=True, exist_ok=True)
    content = base64.b64decode(printed["data"])
    (PICTURES / "print.pdf").write_bytes(content)
    assert content.startswith(b"%PDF")
    assert len(content) > 50_000
