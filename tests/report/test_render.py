"""The page as a file: escaped, complete without script or network, the same bytes every time."""

import re
from html.parser import HTMLParser

import jinja2
import numpy as np
import pytest

from unbraid import report as rp

VOID = {"meta", "link", "img", "input", "br"}


class Reader(HTMLParser):
    """Collect tags and visible text, and check that every tag is closed in order."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.words, self.open = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def html(page):
    return rp.render(page)


def test_every_tag_is_closed_in_order(html):
    assert Reader(html).open == []


def test_the_reader_can_fail():
    with pytest.raises(AssertionError):
        Reader("<p><b>x</p></b>")


def test_the_same_page_gives_the_same_bytes(example):
    pages = [rp.render(example.full_page(np.random.default_rng(3))) for _ in range(2)]
    assert pages[0] == pages[1]


def test_hostile_text_stays_text(html, example):
    assert "<script>alert" not in html
    assert html.count("<script>") == 1
    assert html.count("</style>") == 1
    assert "\x07" not in html
    assert " ".join(example.HOSTILE.replace("\x07", "").split()) in Reader(html).text


def test_nothing_is_loaded_from_anywhere(html):
    assert "http://" not in html
    assert "https://" not in html
    assert not re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", html)
    for tag, attributes in Reader(html).tags:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            address = attributes.get(name, "")
            assert address.startswith(("#", "data:")) or not address, (tag, address)


def test_the_policy_forbids_the_network(html):
    assert "default-src 'none'" in html


def test_links_inside_the_page_arrive(html):
    tags = Reader(html).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = {attributes["href"][1:] for tag, attributes in tags if tag == "a"}
    assert links <= set(ids)
    assert {"every-metric", "every-metric-3", "made"} <= links


def test_all_is_said_without_script(html, page, example):
    text = Reader(re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)).text
    for words in (
        page.verdict.headline,
        "by neurons",
        "[0.79, 0.86]",
        "Network B: 3 of 64 latents are dead.",
        "all latents were dead",
        "a nothing is fitted",
        "b the score has no coverage",
        "digit 5, upper left",
        "sha256 9f2b…",
        '"k": 32',
        "No warnings were raised.",
        "semi-matching 59",
    ):
        assert words in text, words


def test_every_caption_has_its_sample_seed_and_config(html):
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", html, flags=re.DOTALL)
    assert len(captions) == 10
    for caption in captions:
        assert re.search(r"n = [\d,]+ .*· seed.*· <a href=\"#made\">config 3fa9c1d2e0b4", caption)


def test_a_missing_fact_is_an_error_not_a_blank(page):
    object.__delattr__(page.verdict, "lead")
    with pytest.raises(jinja2.UndefinedError, match="lead"):
        rp.render(page)


def test_an_empty_page_is_small_and_the_full_one_modest(example, html):
    empty = rp.Page(title="t", verdict=example.verdict(), provenance=example.provenance())
    assert len(rp.render(empty).encode()) < 40_000
    assert len(html.encode()) < 400_000


def test_every_picture_and_figure_has_words_for_those_who_cannot_see_it(html):
    tags = Reader(html).tags
    assert all(attributes.get("alt") for tag, attributes in tags if tag == "img")
    figures = [a for tag, a in tags if tag == "svg" and "aria-hidden" not in a]
    assert figures
    assert all(a["role"] == "img" and a["aria-label"] for a in figures)


@pytest.mark.parametrize(
    ("tone", "word"),
    [
        ("gain", "Gain"),
        ("no-gain", "No gain"),
        ("explained-by-control", "Explained by a control"),
        ("cannot-help", "Cannot help here"),
    ],
)
def test_the_tone_is_a_word_and_not_only_a_colour(example, tone, word):
    page = rp.Page(title="t", verdict=example.verdict(tone=tone), provenance=example.provenance())
    html = rp.render(page)
    assert f'<p class="tone">{word}</p>' in html
    assert f"t-{tone}" in html


def test_an_arrow_leads_from_before_to_after_only(example):
    page = rp.Page(title="t", verdict=example.verdict(), provenance=example.provenance())
    assert rp.render(page).count("k-before leads") == 1
    backwards = example.verdict(numbers=page.verdict.numbers[::-1])
    page = rp.Page(title="t", verdict=backwards, provenance=example.provenance())
    assert "k-before leads" not in rp.render(page)


def test_light_marks_are_understood_and_escaped(example):
    verdict = example.verdict(lead="**1 < 2** and `a & b`")
    page = rp.Page(title="t", verdict=verdict, provenance=example.provenance())
    assert "<strong>1 &lt; 2</strong> and <code>a &amp; b</code>" in rp.render(page)


def test_sections_without_latin_letters_have_addresses(example):
    sections = [rp.Section(title="表現", blocks=[]), rp.Section(title="made", blocks=[])]
    page = rp.Page(
        title="t", verdict=example.verdict(), provenance=example.provenance(), sections=sections
    )
    html = rp.render(page)
    assert 'id="section-1"' in html
    assert 'id="made-2"' in html


def test_a_table_sorts_by_the_exact_value_and_writes_the_rounded_one(example):
    table = rp.Table(
        title="t",
        columns=[rp.Column(name="v", format="number"), rp.Column(name="p", format="p", digits=3)],
        rows=[(0.123456, 0.0001), (-2.5, 0.001), (None, 1.0)],
    )
    page = rp.Page(
        title="t", verdict=example.verdict(), provenance=example.provenance(), opening=[table]
    )
    html = rp.render(page)
    assert '<td class="num" data-sort="0.123456">0.12</td>' in html
    assert '<td class="num" data-sort="-2.5">−2.50</td>' in html
    assert html.count("&lt; 0.001") == 1
    assert html.count(">0.001</td>") == 1  # of .001 itself it would be wrong
    assert '<td class="none num" data-sort="">—<sup title="not computed">a</sup></td>' in html


def test_nothing_at_all_can_be_shown(example):
    empty = [
        rp.Table(title="t", columns=[rp.Column(name="c")], rows=[]),
        rp.MatchedUnits(title="g", pairs=[], caption=example.caption()),
        rp.Facts(items=[]),
        rp.Details(summary="d"),
    ]
    page = rp.Page(
        title="t", verdict=example.verdict(), provenance=example.provenance(), opening=empty
    )
    text = Reader(rp.render(page)).text
    assert "No rows." in text
    assert "No units were matched." in text


def test_units_without_pictures_or_stimuli_are_listed(example, rng):
    silent = rp.UnitView(name="silent", stimuli=[])
    listed = example.unit(rng, "listed", 0, pictures=False)
    blank = rp.UnitView(name="blank", stimuli=[rp.Stimulus(id="s", activation=float("nan"))])
    pairs = [
        rp.MatchedPair(r=0.4, source=silent, target=listed),
        rp.MatchedPair(r=float("nan"), source=blank, target=silent),
    ]
    gallery = rp.MatchedUnits(title="g", pairs=pairs, caption=example.caption())
    page = rp.Page(
        title="t", verdict=example.verdict(), provenance=example.provenance(), opening=[gallery]
    )
    html = rp.render(page)
    assert "no stimulus excites it" in html
    assert html.count('style="width:100.0%"') == 1
    assert 'style="width:0%"' in html


def test_activations_of_any_scale_keep_their_leading_digits(example):
    stimuli = [rp.Stimulus(id=f"s{a}", activation=a) for a in (90986823.32, 6.73, 0.00012)]
    unit = rp.UnitView(name="unit", stimuli=stimuli)
    gallery = rp.MatchedUnits(
        title="g",
        pairs=[rp.MatchedPair(r=0.5, source=unit, target=unit)],
        caption=example.caption(),
    )
    page = rp.Page(
        title="t", verdict=example.verdict(), provenance=example.provenance(), opening=[gallery]
    )
    html = rp.render(page)
    for text in ("9.1e7", "6.73", "0.00012"):
        assert f'<span class="act">{text}</span>' in html


@pytest.mark.parametrize("media, width", [("print", 720), ("screen", 380), ("screen", 1600)])
def test_no_table_is_cut_on_paper_and_no_word_on_a_screen(chromium, page, tmp_path, media, width):
    (tmp_path / "report.html").write_text(rp.render(page), encoding="utf-8")
    shown = chromium.new_page(viewport={"width": width, "height": 1000})
    shown.emulate_media(media=media)
    shown.goto((tmp_path / "report.html").as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    if media == "print":
        wide = "[...document.querySelectorAll('table')].map(node => node.scrollWidth)"
        assert max(shown.evaluate(wide)) <= width
        assert shown.locator(".filter:visible, .toc:visible, .theme:visible").count() == 0
    shown.close()
