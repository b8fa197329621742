"""A real browser walks the web page: slate, why, critique, scenes, feedback, trace, languages.

It needs Debian's package chromium (or RECAGENT_TEST_CHROMIUM=PATH); in CI it fails without one.
"""

import os
import re
import shutil

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from pydantic import SecretStr
from serving import make_service, running
from talker import Talking

from recagent.config.service_sections import ServerSettings
from recagent.server.app import create_app

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    path = os.environ.get("RECAGENT_TEST_CHROMIUM") or shutil.which("chromium")
    if path is None:
        says = "NO BROWSER: the web page was not tried; install Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(says)
        pytest.skip(says)
    with sync_playwright() as playwright:
        # Chromium's own sandbox needs more than a container gives to root.
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A page in English that fails the test for every error in its console."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("requestfailed", lambda request: wrong.append(request.url))
    yield page
    context.close()
    assert wrong == []


def titles(page: Page) -> list[str]:
    """The slate as it stands, once it has come."""
    expect(page.locator("#entries")).to_have_attribute("aria-busy", "false")
    return page.locator(".card").evaluate_all(
        "cards => cards.map(card => card.querySelector('h3').firstChild.textContent)"
    )


def test_a_walk_through_the_page(page, live):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live}/?user=cat&scene=books")
    expect(page.get_by_role("tab", name="Books")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("cat is known here")).to_be_visible()
    assert set(titles(page)) == {"Bread", "Maps", "<b>Ghosts</b>"}  # b1 and b3 are known to cat
    assert "%" not in page.locator("#entries").inner_text()  # a rank, and no share of the pool

    # Why: the sentences, and what they rest on.
    card = page.locator(".card").first
    title = titles(page)[0]
    why = card.get_by_role("button", name=f"Why {title}?")
    why.click()
    expect(why).to_have_attribute("aria-expanded", "true")
    expect(card.get_by_text("Evidence")).to_be_visible()

    # A critique: what is said holds, and the slate follows.
    page.get_by_label("Your message").fill("no horror")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="In force")).to_have_text("no horror")
    assert set(titles(page)) == {"Bread", "Maps"}
    page.get_by_role("button", name="Not for me: Bread").click()
    expect(page.get_by_role("status")).to_contain_text("“Bread” is not for cat")
    assert titles(page) == ["Maps"]  # and none that the talk has ruled out
    page.get_by_label("Your message").fill("what?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#log").get_by_role("button", name="new")).to_be_visible()

    # Another scene, where cat is new: taste is carried over.
    page.get_by_role("tab", name="Films").click()
    expect(page.get_by_text("cat is new here")).to_be_visible()
    assert set(titles(page)) == {"Rails", "Kitchens"}
    expect(page.locator("#known .source")).to_contain_text("Books")
    expect(page.locator("#log")).to_be_empty()
    expect(page.locator("#force")).to_be_empty()

    # Feedback: it counts at once.
    page.get_by_role("button", name="Not for me: Rails").click()
    expect(page.get_by_role("status")).to_contain_text("“Rails” is not for cat")
    assert titles(page) == ["Kitchens"]
    expect(page.locator("#known")).to_contain_text("Films1 event")

    # The trace.
    page.get_by_role("button", name="How this came about").click()
    drawer = page.get_by_role("dialog", name="How this slate came about")
    expect(drawer.get_by_role("cell", name="Kitchens").first).to_be_visible()
    expect(drawer).to_contain_text("no model was asked")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()

    # Chinese.
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("tab", name="电影")).to_have_attribute("aria-selected", "true")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert titles(page) == ["Kitchens"]
    expect(page.get_by_role("button", name="不适合我：Kitchens")).to_be_visible()

    assert all(url.startswith(f"{live}/") for url in asked)


def test_titles_are_text_and_never_markup(page, live):
    page.goto(f"{live}/?user=ann&scene=books")
    assert "<b>Ghosts</b>" in titles(page)
    assert page.locator(".card h3 b").count() == 0


def test_the_page_is_worked_with_the_keyboard_alone(page, live):
    page.goto(f"{live}/?user=bob&scene=books")
    titles(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the slate")).to_be_focused()
    page.get_by_role("tab", name="Books").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Films")).to_be_focused()
    assert "Rails" in titles(page)
    page.get_by_label("Any person's id").fill("somebody new")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is known of somebody new")).to_be_visible()


def test_nothing_is_without_a_name_for_a_screen_reader(page, live):
    page.goto(f"{live}/?user=ann&scene=books")
    titles(page)
    for role in ("button", "textbox", "tab", "tablist", "log"):
        for node in page.get_by_role(role).all():
            if node.is_visible():
                expect(node).to_have_accessible_name(re.compile(r"\S"))
    assert page.locator("h1").count() == 1


def test_a_server_with_keys_asks_for_one(browser):
    settings = ServerSettings(keys=(SecretStr("open sesame, and quickly"),), rate=0)
    with running(create_app(make_service(), settings=settings, chat=Talking())) as url:
        page = browser.new_page(locale="en-GB")
        page.goto(f"{url}/")
        page.get_by_role("textbox", name="Key").fill("open sesame, and quickly")
        page.keyboard.press("Enter")
        expect(page.locator(".card").first).to_be_visible()
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_small_texts_can_be_read_in_both_schemes(browser, live, scheme):
    page = browser.new_page(locale="en-GB", color_scheme=scheme)
    page.goto(f"{live}/?user=cat&scene=films")
    titles(page)
    for selector in (".facts", ".carried", ".about", ".chip", ".tab", "button.quiet", ".known li"):
        ratio = page.locator(selector).first.evaluate(CONTRAST)
        assert ratio >= 4.5, (selector, ratio)
    page.close()


# The contrast of a node's text with the nearest ground behind it, by WCAG 2.2.
CONTRAST = """node => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  let behind = node;
  let ground = numbers(getComputedStyle(behind).backgroundColor);
  while (ground.length === 4 && ground[3] === 0) {
    behind = behind.parentElement;
    ground = numbers(getComputedStyle(behind).backgroundColor);
  }
  const [low, high] = [light(numbers(getComputedStyle(node).color)), light(ground)]
    .sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""
