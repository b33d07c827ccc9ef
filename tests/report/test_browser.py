"""The browser of latents: what is written, and what a person does with it in a real browser."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from unbraid import report
from unbraid.errors import InputError
from unbraid.report import browser_files

HOSTILE = "<img src=x onerror=alert(1)></script>\u2028"
SEED = 0


def details(side, latents):
    """Latent j answers to stimulus j, a little less to j + 1; b's has a's as its partner."""
    for j in latents:
        pair = report.LatentPair(
            points=[(1.0, 0.5), (0.0, 0.25)], n_either=2, both=[j], only_other=[], only_own=[j + 1]
        )
        yield report.LatentDetail(
            latent=j,
            strongest=((j, 1.0), (j + 1, -0.5)),
            steps=((j, 1.0),),
            random=((0, 0.0),),
            low=-0.5,
            high=1.0,
            counts=(1, 0, 1),
            braids=(report.Braid(system=side, units=(("unit 3", -0.8), (HOSTILE, 0.6)), spread=2),),
            near=(((j + 1) % 300, 0.25),),
            pair=pair if side == "B" else None,
        )


def side(name, m=300):
    rng = np.random.default_rng(SEED)
    r = np.round(rng.permutation(m) / m, 3)
    r[-10:] = np.nan
    partner = np.where(np.isnan(r), -1, np.arange(m))
    return report.BrowserSide(
        name=name,
        measures=(
            report.LatentMeasure(name="r", values=r, help="how alike"),
            report.LatentMeasure(
                name="density", values=rng.uniform(0.001, 0.2, m), help="how often"
            ),
        ),
        groups=(
            report.LatentGroup(name="shared", mark="full", help="both have it"),
            report.LatentGroup(name="unmatched", mark="cross", help="one has it"),
        ),
        group=np.isnan(r).astype(int),
        details=lambda latents: details(name, latents),
        first=np.argsort(-np.nan_to_num(r, nan=-1)),
        partner=partner,
        labels={3: HOSTILE, 5: "a curve", 7: "=1+1"},
    )


@pytest.fixture(scope="module")
def browser():
    pictures = np.random.default_rng(SEED).integers(0, 255, (301, 40, 40, 3), np.uint8)
    return report.LatentBrowser(
        title=HOSTILE,
        sides=[side("A"), side("B")],
        stimuli=[HOSTILE if i == 4 else f"im{i}" for i in range(301)],
        picture=lambda i: pictures[i],
        notes=["How it was made."],
    )


@pytest.fixture(scope="module")
def folder(browser, tmp_path_factory):
    place = tmp_path_factory.mktemp("run")
    for name, text in browser_files(browser).items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    return place


def test_the_same_browser_gives_the_same_files_and_no_markup_of_others(browser):
    files = browser_files(browser)
    assert files == browser_files(browser)
    assert {"browser/index.html", "browser/a-0.js", "browser/b-1.js"} <= set(files)
    assert "browser/a-2.js" not in files
    for name, text in files.items():
        assert "<img" not in text, name
        assert "http://" not in text.replace("http://www.w3.org", ""), name
    assert not any(word in files["browser/code.js"] for word in ("eval(", "innerHTML", "Function("))


def test_what_has_no_room_is_left_out_and_said(browser):
    whole = browser_files(browser)
    less = browser_files(browser, room=20_000, picture_room=30_000)
    kept = less["browser/a-0.js"].count('"strongest"') + less["browser/a-1.js"].count('"strongest"')
    assert 10 < kept < 100
    assert f"A: {kept} of 300 latents can be opened" in less["browser/index.js"]
    best = int(browser.sides[0].first[0])
    lines = less[f"browser/a-{best // 256}.js"].splitlines()
    assert "strongest" in lines[1 + best % 256]  # the most telling has room
    assert "stimuli have their picture here" in less["browser/index.js"]
    assert "left out" not in whole["browser/index.js"] and "of 300" not in whole["browser/index.js"]
    assert sum(map(len, less.values())) < sum(map(len, whole.values())) / 2


def test_sides_must_fit(browser):
    with pytest.raises(InputError, match="'r' must have one value for each of 2 latents"):
        replace(browser.sides[0], group=np.zeros(2))
    with pytest.raises(InputError, match="one side or two, got 0"):
        replace(browser, sides=[])


@pytest.fixture
def page(chromium, folder):
    """Open the browser from the disk; whatever the console says of errors fails the test."""
    said = []
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((folder / "browser" / "index.html").as_uri())
    page.wait_for_selector("#picked h2")
    yield page
    page.close()
    assert said == []


def picked(page, name):
    title = "document.querySelector('#picked h2').textContent"
    page.wait_for_function(f"name => {title}.includes(name)", arg=name)
    return page.locator("#picked")


def test_it_opens_at_the_best_latent_with_its_match(page, browser):
    best = int(browser.sides[0].first[0])
    shown = picked(page, f"A, latent {best}")
    assert shown.locator(".card").count() == 2
    assert f"B, latent {best}" in shown.locator(".card").nth(1).inner_text()
    words = page.locator("body").inner_text()
    assert not any(odd in words for odd in ("undefined", "null", "NaN", "[object"))
    assert "Both like" in shown.inner_text() and "spread over about 2.0 units" in shown.inner_text()
    page.wait_for_selector(".thumb img")
    assert shown.locator(".cards .both").count() == 4  # both sides have the same two
    assert page.locator("#count").inner_text() == "300 latents"


def test_in_light_and_dark_nothing_is_hard_to_read_or_to_reach(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.wait_for_selector(".thumb img")
    for name in ("Dark", "Light"):
        page.get_by_role("button", name=name, exact=True).click()
        found = axe.Axe().run(page, options={"preload": False}).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_names_are_text(page):
    page.goto(page.url.partition("#")[0] + "#a3")
    shown = picked(page, "A, latent 3")
    assert HOSTILE.strip() in shown.locator(".label").inner_text()
    assert page.locator("img[src=x]").count() == 0
    assert HOSTILE.strip() in page.title()


def test_sorted_filtered_and_searched(page, browser):
    r = browser.sides[0].measures[0].values
    first = page.locator("#rows .row").first
    assert first.locator(".id").inner_text().split()[0] == str(np.nanargmax(r))
    page.click("#direction")
    assert first.locator(".id").inner_text().split()[0] == str(np.nanargmin(r))
    page.select_option("#group", label="unmatched")
    assert page.locator("#count").inner_text() == "10 of 300 latents"
    page.select_option("#group", label="all")
    page.fill("#search", "r>.9")
    assert page.locator("#count").inner_text() == f"{(r > 0.9).sum()} of 300 latents"
    page.fill("#search", "CURVE")
    assert page.locator("#rows .row .id").all_inner_texts() == ["5 a curve"]
    page.fill("#search", "density<0")
    assert page.locator("#rows .row").count() == 0


def test_by_keyboard_alone(page, browser):
    order = browser.sides[0].first
    picked(page, f"A, latent {order[0]}")
    for key, place in (("j", 1), ("ArrowDown", 2), ("k", 1), ("End", 299), ("Home", 0)):
        page.keyboard.press(key)
        if place < 290:
            picked(page, f"A, latent {order[place]}")
    page.keyboard.press("x")
    page.keyboard.press("m")
    picked(page, f"B, latent {order[0]}")
    page.keyboard.press("o")
    picked(page, f"A, latent {order[0]}")
    page.keyboard.press("/")
    page.keyboard.type("curve")
    page.keyboard.press("Enter")
    picked(page, "A, latent 5")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "list"
    page.keyboard.press("?")
    assert "Page Down" in page.locator("#help").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


def test_addresses_and_the_way_back(page):
    page.goto(page.url.partition("#")[0] + "#b12")
    picked(page, "B, latent 12")
    page.locator(".near a").first.click()
    picked(page, "B, latent 13")
    assert page.url.endswith("#b13")
    page.go_back()
    picked(page, "B, latent 12")
    page.goto(page.url.partition("#")[0] + "#c99999")
    picked(page, "A, latent")


def test_what_is_listed_or_marked_is_saved(page, browser, tmp_path):
    def saved():
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(tmp_path / "latents.csv")
        with (tmp_path / "latents.csv").open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))

    rows = saved()
    assert [int(row["latent"]) for row in rows[:290]] == browser.sides[0].first[:290].tolist()
    assert rows[-1]["r"] == "" and rows[-1]["match in B"] == "" and rows[0]["kind"] == "shared"
    named = {row["latent"]: row["name"] for row in rows}
    assert named["7"] == "'=1+1" and named["3"].startswith("<img")  # never a formula
    page.fill("#search", "5")
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    page.keyboard.press("x")
    (row,) = saved()
    assert row["latent"] == "5" and row["name"] == "a curve" and row["system"] == "A"


def test_a_stimulus_is_enlarged(page):
    page.wait_for_selector(".thumb img")
    page.locator(".thumb").first.click()
    assert page.locator("#enlarged img").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#enlarged").is_visible()
    page.goto(page.url.partition("#")[0] + "#a20")
    picked(page, "A, latent 20").locator(".thumb").first.click()
    assert "Among the strongest of A's latents" in page.locator("#enlarged").inner_text()
    page.locator("#enlarged").get_by_role("link", name="19").last.click()  # of B
    picked(page, "B, latent 19")
    assert not page.locator("#enlarged").is_visible()


@pytest.mark.parametrize("width", [380, 800, 1600])
def test_nothing_is_wider_than_the_screen(chromium, folder, width):
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.goto((folder / "browser" / "index.html").as_uri())
    page.wait_for_selector("#picked h2")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
