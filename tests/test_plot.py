"""Figures on matplotlib's Axes hold the numbers of the results that they show."""

import sys

import matplotlib as mpl
import numpy as np
import pytest

import unbraid as ub
from unbraid.report._palette import LIGHT

mpl.use("Agg")
from matplotlib import pyplot  # noqa: E402


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (160, 10)) * (rng.random((160, 10)) < 0.15)
    x, y = z @ rng.normal(size=(10, 8)), z @ rng.normal(size=(10, 7))
    return ub.compare(
        x, y, method=ub.SparseCoding(n_latents=10, cycles=0), seeds=2, permutations=2,
        resamples=20, metrics=("semi_matching", "ridge"), rng=0,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def mean(result, metric, source, target):
    return np.mean([score.value for score in result.find(metric, source, target)])


def points(axes, label):
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return line


@pytest.mark.parametrize("metric", ["semi_matching", "ridge"])
def test_before_and_after_are_the_scores(result, metric):
    axes = ub.plot.before_after(result, metric)
    names = {"base": "units → units", "codes": "codes → codes"}
    for kind, (source, label) in zip(("before", "after"), names.items(), strict=True):
        line = points(axes, label)
        assert line.get_xdata() == pytest.approx([mean(result, metric, source, source)])
        assert line.get_color() == LIGHT[kind]
    controls = [line for line in axes.lines if line.get_color() == LIGHT["control"]]
    shown = sorted(float(line.get_xdata()[0]) for line in controls)
    of = {
        (s.source, s.target)
        for s in result.scores
        if s.metric == metric and s.systems == "x->y" and s.source not in ("base", "codes")
    }
    known = [mean(result, metric, *pair) for pair in of if pair[1] in ("codes", pair[0], "base")]
    assert len(shown) >= 3 and all(np.isclose(known, value).any() for value in shown)
    assert axes.get_xlabel() == metric.replace("_", " ")
    axes.figure.canvas.draw()


def test_a_given_axes_is_drawn_on(result):
    _, (left, right) = pyplot.subplots(1, 2)
    assert result.plot("ridge", target="base", axes=right) is right
    assert not left.lines and right.lines
    assert points(right, "codes → units").get_xdata() == pytest.approx(
        [mean(result, "ridge", "codes", "base")]
    )


def test_layers_stand_in_their_order(result):
    axes = ub.plot.by_layer({"conv1": result, "conv2": result}, "ridge")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["conv1", "conv2"]
    for name, source in (("units", "base"), ("codes", "codes")):
        assert points(axes, name).get_ydata() == pytest.approx(
            [mean(result, "ridge", source, source)] * 2
        )
    assert len(axes.collections) == 3  # a band each


def test_each_target_unit_is_a_point(result):
    axes = ub.plot.per_unit(result, "ridge")
    (line,) = [line for line in axes.lines if len(line.get_xdata()) == 7]
    for data, source in ((line.get_xdata(), "base"), (line.get_ydata(), "codes")):
        scores = result.find("ridge", source, "base")
        np.testing.assert_allclose(data, np.mean([s.per_target for s in scores], axis=0))


def test_growth_is_sorted_and_has_both_ends(rng):
    x = rng.normal(size=(90, 4))
    y = x + rng.normal(size=(90, 4))
    scores = {n: ub.align.ridge(x[:n], y[:n], permutations=2, resamples=20) for n in (90, 30, 60)}
    axes = ub.plot.growth(scores)
    assert axes.get_xscale() == "log"
    for name, field in (("held out", "value"), ("in sample", "in_sample"), ("permuted", "null")):
        line = points(axes, name)
        assert list(line.get_xdata()) == [30, 60, 90]
        np.testing.assert_allclose(
            line.get_ydata(), [getattr(scores[n], field) for n in (30, 60, 90)]
        )


def test_wrong_uses_are_one_line(result, rng):
    x = rng.normal(size=(30, 3))
    ridge, cka = ub.align.ridge(x, x, permutations=0), ub.align.cka(x, x, permutations=0)
    for call, message in (
        (lambda: result.plot("cka"), "cka was not scored; there are semi_matching, ridge"),
        (lambda: result.plot(target="features"), "target must be codes or base"),
        (lambda: result.plot(axes="here"), "axes must be matplotlib Axes, got str"),
        (lambda: ub.plot.by_layer({}), "results must be a mapping"),
        (lambda: ub.plot.by_layer({"a": result}, "rsa"), "rsa was not scored in a"),
        (lambda: ub.plot.growth({}), "scores must be a mapping"),
        (lambda: ub.plot.growth({0: ridge}), "finite and above 0"),
        (lambda: ub.plot.growth({1: ridge, 2: cka}), "of one metric, got cka and ridge"),
    ):
        with pytest.raises(ub.InputError, match=message):
            call()


def test_without_matplotlib_it_says_what_to_install(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ub.InputError, match=r"pip install 'unbraid\[plot\]'"):
        result.plot()


def test_an_evaluation_draws_what_it_found():
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (120, 6)) * (rng.random((120, 6)) < 0.2)
    x = z @ rng.normal(size=(6, 5))
    learned = ub.fit(x, ub.PCA(n_latents=4))
    result = ub.evaluate(
        learned, x, features=z, measures=("best_unit",), baselines=("shuffled_latents",)
    )
    axes = result.plot()
    values = {score.value for score in result.scores if score.measure == result.headline}
    assert values <= {v for line in axes.lines for v in line.get_xdata()}
    with pytest.raises(ub.InputError, match="nope was not measured; there are best_unit"):
        result.plot("nope")


def test_systems_joined_draw_one_of_them():
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (200, 6)) * (rng.random((200, 6)) < 0.2)
    systems = {name: z @ rng.normal(size=(6, 6)) for name in "ab"}
    result = ub.joint(systems, method=ub.SparseCoding(n_latents=6, cycles=0), seeds=1, rng=0)
    axes = result.plot("b")
    of_b = {each.value for each in result.beside if each.target == "b" and each.kind == "R2"}
    assert of_b and of_b <= {v for line in axes.lines for v in line.get_xdata()}
    with pytest.raises(ub.InputError, match="Nothing was predicted of 'c'; there are a, b"):
        result.plot("c")
