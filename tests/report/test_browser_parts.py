"""What a latent answers to parts of a stimulus, as a person sees it in a real browser."""

import json

import numpy as np
import pytest

from unbraid import report, sparse
from unbraid.report import browser_files
from unbraid.responses import Codes

HOSTILE = "<img src=x onerror=alert(1)>"
GRID = 3  # places on a side
N = 12  # wholes, of GRID * GRID parts each


def codes():
    """Latent 0 answers to place 4 of every whole, most to that of whole 7; 1 to token 2, down."""
    values = np.zeros((N * GRID**2, 2))
    values[4 :: GRID**2, 0] = np.linspace(0.5, 1.0, N)
    values[7 * GRID**2 + 4, 0] = 2.0
    values[7 * GRID**2 + 5, 0] = 1.0
    values[2 :: GRID**2, 1] = -1.0
    return Codes(values)


def browser(parts, held=None, **given):
    held = codes() if held is None else held

    def details(latents):
        for view in sparse.latent_views(held, np.eye(2), latents, parts=parts):
            yield report.LatentDetail.of(view, ())

    side = report.BrowserSide(
        name="A",
        measures=[report.LatentMeasure(name="density", values=[0.1, 0.1], help="share")],
        groups=[report.LatentGroup(name="all", mark="full", help="every latent")],
        group=np.zeros(2, int),
        details=details,
        first=[0, 1],
        parts=parts.kind,
    )
    stimuli = given.pop("stimuli", [f"{i}@{j}" for i in range(N) for j in range(GRID**2)])
    return report.LatentBrowser(title="Parts", sides=[side], stimuli=stimuli, **given)


def of_wholes(**given):
    """Return the browser of rows that are parts, with the whole of each."""
    rows = np.arange(N * GRID**2)
    return browser(within(), whole=rows // GRID**2, at=rows % GRID**2, **given)


def within():
    ids = [f"{i}@{j}" for i in range(N) for j in range(GRID**2)]
    return sparse.parts_within(codes(), ids)


def records(files, name):
    text = "".join(text for file, text in files.items() if file.startswith(f"browser/{name}-"))
    return json.loads(text[text.index("[") : text.rindex("]") + 1].replace("\n", ""))


def test_each_picture_is_there_once_and_named_by_its_parts():
    image = np.zeros((40, 40, 3), np.uint8)
    files = browser_files(of_wholes(picture=lambda row: image))
    stimuli = records(files, "stimuli")
    wholes = {each["id"].split("@")[0] for each in stimuli}
    assert sum("picture" in each for each in stimuli) == len(wholes)
    for each in stimuli:
        if "of" in each:
            assert stimuli[each["of"]]["id"].split("@")[0] == each["id"].split("@")[0]
    (first, _) = records(files, "a")
    largest, *maps = first["maps"]
    assert largest == 2
    assert maps[0] == [0, 0, 0, 0, 100, 50, 0, 0, 0]  # of whole 7, in percents of the largest
    assert len({stimuli[number]["id"].split("@")[0] for number in first["strongest"][::2]}) == 8


@pytest.fixture
def opened(chromium, tmp_path):
    """Return what opens a browser's page; console errors fail the test."""
    said, pages = [], []

    def open_(made):
        for name, text in browser_files(made).items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((tmp_path / "browser" / "index.html").as_uri())
        page.wait_for_selector("#picked h2")
        pages.append(page)
        return page

    yield open_
    for page in pages:
        page.close()
    assert said == []


# How much of each cell of a heat map is covered, row by row.
COVERED = """canvas => {
  const side = Math.sqrt(canvas.width * canvas.height) / 8, copy = canvas.cloneNode();
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  return Array.from({ length: side * side }, (_, i) =>
    pen.getImageData((i % side) * 8 + 4, Math.floor(i / side) * 8 + 4, 1, 1).data[3]);
}"""


def test_the_place_that_drives_a_latent_is_coloured_over_the_picture(opened):
    page = opened(of_wholes(picture=lambda row: np.full((40, 40, 3), 200, np.uint8)))
    page.wait_for_selector(".frame img")
    heat = page.locator(".card .frame canvas.heat")
    assert heat.count() == 8
    page.wait_for_function(f"({COVERED})(document.querySelector('canvas.heat'))[4] > 150")
    cells = heat.first.evaluate(COVERED)
    assert cells[4] > cells[5] > 80 and sum(cells) == cells[4] + cells[5]
    box, image = heat.first.bounding_box(), page.locator(".card .frame img").first.bounding_box()
    assert box == pytest.approx(image, abs=1)
    page.keyboard.press("h")
    assert not heat.first.is_visible()
    page.get_by_role("button", name="Show").click()
    assert heat.first.is_visible()
    page.locator(".card .thumb").first.click()
    assert page.locator("#enlarged canvas.heat").bounding_box()["width"] > 200
    assert "7@4" in page.locator("#enlarged").inner_text()


def test_tokens_are_coloured_and_are_text(opened):
    words = [["Ġone", "two", HOSTILE, "Ġthree", "Ġfour", "##teen", "a", "b", "c"]] * N
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(of_wholes(tokens=lambda row: words[row // GRID**2]))
    first = page.locator(".card .text").first
    first.wait_for()
    assert first.inner_text() == f"onetwo{HOSTILE} three fourteenabc"
    assert page.locator("img[src=x]").count() == 0
    shown = first.locator(".token")
    assert shown.nth(4).get_attribute("title") == "100% of its largest answer"
    assert shown.nth(5).get_attribute("title") == "50% of its largest answer"
    assert [i for i in range(9) if "at" in shown.nth(i).get_attribute("class").split()] == [4]
    strong, weak, none = (
        shown.nth(i).evaluate("node => getComputedStyle(node).backgroundColor") for i in (4, 5, 0)
    )
    assert len({strong, weak, none}) == 3
    page.goto(page.url.partition("#")[0] + "#a1")
    page.wait_for_selector(".token.negative")
    assert page.locator(".card .token.negative").first.inner_text() == HOSTILE
    for name in ("Dark", "Light"):
        page.get_by_role("button", name=name, exact=True).click()
        found = axe.Axe().run(page, options={"preload": False}).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_moments_around_the_strongest_are_a_raster(opened):
    """A latent that fades after each event: the mean falls from the middle, none before it."""
    kernel = np.exp(-np.arange(6) / 2.0)
    values = np.zeros((400, 2))
    for event, size in zip(range(30, 390, 30), np.linspace(1, 2, 12), strict=True):
        values[event : event + 6, 0] = size * kernel
    held = Codes(values)
    parts = sparse.parts_around(held, np.arange(400), reach=8)
    views = next(iter(sparse.latent_views(held, np.eye(2), [0], parts=parts)))
    assert [row for row, _ in views.strongest] == list(range(360, 120, -30))  # one of each event
    mean = views.maps.mean(axis=0)
    np.testing.assert_allclose(mean[:8], 0)
    np.testing.assert_allclose(mean[8:14] / mean[8], kernel)
    page = opened(browser(parts, held, stimuli=[str(i) for i in range(400)]))
    raster = page.locator(".raster")
    raster.wait_for()
    assert "Around its strongest moments" in raster.inner_text()
    bars = raster.locator("svg > rect.f:not([fill-opacity])")
    tall = [float(bar.get_attribute("height")) for bar in bars.all()]
    assert len(tall) == 6 and tall == sorted(tall, reverse=True)
    assert raster.locator("svg text").all_text_contents() == ["−8", "0", "+8"]
