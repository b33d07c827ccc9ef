"""A page with everything on it that can go wrong; its numbers are synthetic and say so."""

import shutil
import sys

import numpy as np
import pytest

from unbraid import report as rp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NAN = float("nan")
HOSTILE = "<script>alert('x')</script> & \"quoted\" \x07 ]]> </style>"
LONG = "codes of a dictionary that was never trained, of equal width, density and sparsity"


def caption(finding="Synthetic numbers, made to test the page.", n=1200, seed=(0, 1, 2)):
    return rp.Caption(finding=finding, n=n, seed=seed)


def score_rows(before=0.39, after=0.83, control=0.41):
    def around(value):
        return {"value": value, "low": value - 0.04, "high": value + 0.03}

    return [
        rp.ScoreRow(label="neurons", kind="before", null=0.02, in_sample=0.47, **around(before)),
        rp.ScoreRow(label="codes", kind="after", null=0.01, in_sample=0.88, **around(after)),
        rp.ScoreRow(label="untrained codes", kind="control", null=0.03, **around(control)),
        rp.ScoreRow(label="random expansion", kind="control", null=0.02, **around(control - 0.1)),
        rp.ScoreRow(label="shuffled latents", kind="control", value=0.01, low=-0.02, high=0.04),
    ]


def hard_rows():
    return [
        rp.ScoreRow(label="neurons", kind="before", value=-0.31, low=-0.42, high=-0.2),
        rp.ScoreRow(label=LONG, kind="control", value=0.44, low=0.4, high=0.49, null=0.01),
        rp.ScoreRow(label="codes", kind="after", value=NAN, missing="all latents were dead"),
        rp.ScoreRow(label="no interval: 表現の類似度 αβγ é", kind="after", value=0.6, low=NAN),
        rp.ScoreRow(label=HOSTILE, kind="null", value=0.02, low=-0.01, high=0.05),
        rp.ScoreRow(label="theory", kind="prediction", value=0.52),
        rp.ScoreRow(label="noise ceiling", kind="ceiling", value=0.91, low=0.88, high=0.93),
    ]


def picture(rng, bright):
    canvas = np.zeros((16, 16))
    top, left = (8 * int(part) for part in divmod(bright, 2))
    canvas[top : top + 8, left : left + 8] = 255 * rng.random((8, 8)) ** 0.5
    return canvas.astype(np.uint8)


def unit(rng, name, bright, *, pictures=True, n=8, first=0):
    activations = np.sort(rng.gamma(2.0, size=n))[::-1]
    stimuli = [
        rp.Stimulus(
            id=f"canvas {first + 3 * i}",
            activation=float(activation),
            image=picture(rng, bright) if pictures else None,
        )
        for i, activation in enumerate(activations)
    ]
    return rp.UnitView(name=name, stimuli=stimuli, note="active on 4.1 %")


def gallery(rng, *, pictures=True, pairs=6, shown=4):
    return rp.MatchedUnits(
        title="The canvases that excite both codes of a pair" if pictures else "Top stimuli",
        caption=caption("Matched codes answer to **the same** canvases (synthetic pictures)."),
        shown=shown,
        pairs=[
            rp.MatchedPair(
                r=0.97 - 0.07 * i,
                label=f"digit {i}, upper left" if i % 3 else "",
                source=unit(rng, f"network A · code {7 * i}", i % 4, pictures=pictures),
                target=unit(rng, f"network B · code {5 * i}", i % 4, pictures=pictures, first=6),
            )
            for i in range(pairs)
        ],
    )


def table(n_rows):
    columns = [
        rp.Column(name="score", help="What is compared with what."),
        rp.Column(name="role", format="kind"),
        rp.Column(name="value", format="estimate", help="Held-out score and its interval."),
        rp.Column(name="in-sample", format="number", missing="nothing is fitted"),
        rp.Column(name="coverage", format="percent"),
        rp.Column(name="n", format="integer"),
        rp.Column(name="p", format="p", digits=3),
    ]
    kinds = ("before", "after", "control")
    rows = [
        (
            f"semi-matching {i}" if i % 7 else HOSTILE,
            kinds[i % 3],
            rp.Estimate(value=np.cos(i), low=np.cos(i) - 0.1, high=np.cos(i) + 0.1),
            NAN if i % 4 == 0 else 0.5 + i / 200,
            rp.Missing("the score has no coverage") if i % 5 == 0 else 0.9,
            1200 + i,
            0.0004 if i == 1 else 0.048,
        )
        for i in range(n_rows)
    ]
    return rp.Table(title=f"All {n_rows} scores", columns=columns, rows=rows, note="Synthetic.")


def curve():
    steps = np.arange(1, 200, 4)
    loss = 0.9 * steps**-0.4
    return rp.CurveFigure(
        title="Training",
        series=[
            rp.Curve(name="network A", x=steps, y=loss, low=0.9 * loss, high=1.15 * loss),
            rp.Curve(name="network B", x=steps, y=1.06 * loss),
            rp.Curve(name="held out", x=steps, y=[NAN, *1.4 * loss[1:]], dashed=True),
        ],
        x_label="epoch",
        y_label="variance unexplained",
        references=[rp.Reference(label="random dictionary", value=0.62)],
        caption=caption("Both dictionaries converge."),
        y_domain=(0.0, 1.0),
    )


def scatter(rng):
    x = rng.random(90)
    return rp.CurveFigure(
        title="Score of each unit, before and after",
        series=[
            rp.Curve(name="unit", x=x, y=np.sqrt(x) + 0.05 * rng.normal(size=90), mark="points")
        ],
        x_label="before",
        y_label="after",
        diagonal=True,
        caption=caption("Nearly every unit gains.", n=90),
    )


def bound():
    features = np.geomspace(40, 1e6, 40)
    return rp.CurveFigure(
        title="Units needed",
        series=[
            rp.Curve(name=f"{k} active", x=features, y=k * np.log(features / k)) for k in (2, 8, 32)
        ],
        x_label="features",
        y_label="units",
        x_log=True,
        y_log=True,
        caption=caption("More features cost only logarithmically.", n=0, seed=()),
    )


def histogram(rng):
    edges = np.linspace(-0.4, 1.0, 29)
    return rp.Histogram(
        title="Correlation of each unit with its match",
        edges=edges,
        series=[
            rp.Counts(name=name, kind=name, counts=np.histogram(rng.normal(m, 0.16, 400), edges)[0])
            for name, m in (("before", 0.3), ("after", 0.65))
        ],
        x_label="held-out r",
        y_label="units",
        references=[rp.Reference(label="chance", value=0.02)],
        caption=caption("The whole distribution moves.", n=800),
    )


def heatmap(rng, n=6):
    values = np.outer(np.linspace(-0.4, 1, n), np.linspace(1, 0.5, n))
    values[0, 1] = NAN
    layers = [f"layer{i}.residual" for i in range(n)]
    return rp.Heatmap(
        title="Layer against layer",
        row_labels=layers,
        column_labels=layers,
        values=values,
        rows_are="network A",
        columns_are="network B (source → target)",
        caption=caption("Late layers agree."),
    )


def bars():
    def series(shift):
        values = [0.32, 0.79, 0.86, -0.1, NAN]
        return [
            rp.Estimate(value=v + shift, low=v + shift - 0.05, high=v + shift + 0.05)
            for v in values
        ]

    return rp.BarFigure(
        title="Best correlation with the known features",
        categories=["neurons", "TopK codes", "pursuit codes", "negative " + LONG, "missing"],
        series=[
            rp.Bars(name="network A", values=series(0.0)),
            rp.Bars(name="network B", values=series(0.03)),
        ],
        x_label="mean best |r| over 40 features",
        caption=caption("Codes find the features that neurons hide."),
    )


def verdict(**changes):
    facts = {
        "tone": "gain",
        "headline": "Two networks look 0.39 alike by their neurons; unbraided, they share 0.83.",
        "lead": (
            "The gain is **0.44** [0.40, 0.49] on stimuli that no dictionary has seen, and no "
            "control reaches it. All numbers on this page are synthetic."
        ),
        "numbers": [
            rp.KeyNumber(label="by neurons", value=0.39, low=0.35, high=0.42, kind="before"),
            rp.KeyNumber(label="once unbraided", value=0.83, low=0.79, high=0.86, kind="after"),
            rp.KeyNumber(label="best control", value=0.41, low=0.37, high=0.44, kind="control"),
        ],
    }
    return rp.VerdictBlock(**{**facts, **changes})


def provenance():
    return rp.Provenance(
        fingerprint="3fa9c1d2e0b4",
        config={"name": "Compare", "method": {"k": 32, "note": HOSTILE}, "seeds": [0, 1, 2]},
        facts=[
            rp.Fact(name="Unbraid", value="0.1.0"),
            rp.Fact(
                name="Weights of network A", value="sha256 9f2b…", help="Hash of the file read."
            ),
            rp.Fact(name="Ceiling", value=rp.Missing("no repeats were given")),
        ],
    )


def full_page(rng):
    hero = rp.BeforeAfterFigure(
        title="Semi-matching, network A → network B",
        groups=[rp.MetricGroup(title="held-out score", rows=score_rows(), domain=(0.0, 1.0))],
        caption=caption("Unbraiding doubles the score; **no control** comes near it."),
    )
    others = rp.BeforeAfterFigure(
        title="The other metrics",
        groups=[
            rp.MetricGroup(
                title="ridge", note="each target unit", rows=score_rows(0.7, 0.86, 0.72)
            ),
            rp.MetricGroup(title="soft matching", rows=score_rows(0.3, 0.66, 0.33)),
            rp.MetricGroup(title="hard cases", rows=hard_rows()),
        ],
        caption=caption("The order is the same by every metric."),
    )
    return rp.Page(
        title="Network A ↔ network B",
        verdict=verdict(),
        provenance=provenance(),
        opening=[hero, gallery(rng)],
        sections=[
            rp.Section(
                title="Every metric",
                lead="What is **higher** after unbraiding, and what is not.",
                blocks=[
                    others,
                    rp.Warnings(items=["Network B: 3 of 64 latents are dead.", HOSTILE]),
                    table(60),
                    table(1),
                ],
            ),
            rp.Section(
                title="Dictionaries",
                blocks=[
                    rp.Facts(
                        title="Quality",
                        items=[
                            rp.Fact(name="variance unexplained", value=0.071),
                            rp.Fact(name="active latents", value=3.97, help="Mean over stimuli."),
                            rp.Fact(name="dead latents", value=NAN),
                        ],
                    ),
                    curve(),
                    histogram(rng),
                    scatter(rng),
                ],
            ),
            rp.Section(
                title="Every metric",
                blocks=[
                    bars(),
                    heatmap(rng),
                    bound(),
                    gallery(rng, pictures=False, pairs=2),
                    rp.Prose(paragraphs=["One `paragraph`.", f"Another {HOSTILE}."]),
                    rp.Details(summary="Raw", data={"a": [1, 2.5, None], "b": NAN}),
                    rp.Warnings(items=[]),
                ],
            ),
        ],
    )


@pytest.fixture
def page(rng):
    return full_page(rng)


@pytest.fixture
def example():
    """This module: the parts of the page, to be put together in other ways."""
    return sys.modules[__name__]


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()
