"""Controls: what they are, in closed form, and which worlds they explain."""

import numpy as np
import pytest

import unbraid as ub
from unbraid import align
from unbraid.comparison.controls import _wide_expansion
from unbraid.comparison.controls._rotation import rotation
from unbraid.comparison.controls._which import CONTROLS, is_matching, is_prediction, rivals
from unbraid.comparison.controls._wide_expansion import WideExpansion
from unbraid.comparison.page._page import page, verdict_block
from unbraid.responses import Responses
from unbraid.sparse import _fit

FEW = {"seeds": 1, "permutations": 0, "resamples": 50}


def features(n, n_features, active, rng):
    """Return features of which exactly `active` are on, with values in [.5, 1.5]."""
    order = rng.random((n, n_features)).argsort(axis=1)
    return (order < active) * rng.uniform(0.5, 1.5, (n, n_features))


def braid(z, n_units, rng):
    directions = rng.normal(size=(z.shape[1], n_units))
    return z @ (directions / np.linalg.norm(directions, axis=1, keepdims=True))


def find(result, metric, name):
    return next(c for c in result.changes if (c.metric, c.name) == (metric, name))


def test_every_metric_has_the_controls_of_its_kind():
    matching = {name for name in align.METRICS if is_matching(name)}
    assert matching == {
        "semi_matching", "one_to_one", "soft_matching", "weighted_rsa", "jaccard", "max_pairwise",
        "mutual_best", "wmppc",
    }  # fmt: skip
    assert {name for name in align.METRICS if is_prediction(name)} == {"ridge", "ridge_r2", "pls"}
    assert ("rotation", "rotation") in rivals("one_to_one", "codes", headline=False)
    assert ("rotation", "base") in rivals("one_to_one", "base", headline=False)
    of_spaces = {name for name, _ in rivals("cka", "codes", headline=True)}
    assert not {"rotation", "wide_expansion"} & of_spaces
    wide = ("wide_expansion", "codes")
    assert [wide in rivals("ridge", "codes", headline=h) for h in (True, False)] == [True, False]
    assert ("wide_expansion", "base") in rivals("ridge", "base", headline=False)


@pytest.mark.parametrize(
    ("m", "n", "p", "found"),
    [
        (10, 500, 5, (10, 40, 1024)),
        (256, 500, 5, (256, 1024, 4096)),
        (512, 4096, 64, (512, 2048, 4096)),  # 16 m would hold more than 2^24 numbers
        (512, 512, 8192, (512, 2048)),  # so would its directions
        (30, 10**6, 5, (30, 120, 1024)),
        (2048, 10**6, 5, (2048,)),
    ],
)
def test_widths(m, n, p, found):
    assert _wide_expansion.widths(m, n, p) == found


def test_a_wide_expansion_has_the_arc_cosine_kernel():
    """E relu(w x) relu(w y) = |x| |y| (sin t + (pi - t) cos t) / (2 pi p), w uniform, |w| = 1."""
    rng = np.random.default_rng(0)
    train, x = rng.normal(size=(200, 4)) + 3, rng.normal(size=(12, 4)) + 3
    wide = WideExpansion(
        train=Responses(train), scored=Responses(x), widths=(100, 200_000), seed=1
    ).expanded()
    found = wide.toarray().astype(float) @ wide.toarray().T / 200_000
    z = x - train.mean(axis=0)
    size = np.linalg.norm(z, axis=1)
    angle = np.arccos(np.clip(z @ z.T / np.outer(size, size), -1, 1))
    kernel = np.outer(size, size) * (np.sin(angle) + (np.pi - angle) * np.cos(angle))
    np.testing.assert_allclose(found, kernel / (8 * np.pi), atol=0.02 * kernel.max() / (8 * np.pi))


@pytest.mark.parametrize("seed", range(5))
def test_a_rotation_finds_features_where_units_are_enough_and_no_noise(seed):
    rng = np.random.default_rng(seed)
    z = features(2000, 12, 2, rng)
    x = braid(z, 20, rng) + 0.02 * rng.normal(size=(2000, 20))
    train, scored = Responses(x[:1000]), Responses(x[1000:])
    turned = rotation(train, scored, np.random.default_rng(seed)).toarray()
    assert 11 <= turned.shape[1] <= 12  # two active of twelve: their sum hardly varies
    assert ((turned**3).mean(axis=0) > 0).all()
    assert align.semi_matching(turned, z[1000:], permutations=0, resamples=0).value > 0.85


def test_a_rotation_has_as_many_axes_as_units_in_superposition():
    rng = np.random.default_rng(0)
    x = Responses(braid(features(1000, 40, 2, rng), 10, rng))
    assert rotation(x, x, np.random.default_rng(0)).shape == (1000, 10)


@pytest.mark.parametrize("n, p", [(250, 64), (400, 100), (150, 200)])
def test_a_rotation_keeps_more_equal_features_than_units(rng, n, p):
    """Their eigenvalues spread evenly: a rule of description length kept 5 of 128."""
    n_features = 2 * p
    z = (rng.random((n, n_features)) < 4 / n_features) * rng.random((n, n_features))
    x = z @ rng.normal(size=(n_features, p))
    x = Responses(x + 0.05 * x.std() * rng.normal(size=x.shape))
    assert rotation(x, x, np.random.default_rng(0)).shape[1] > 0.9 * min(n - 1, p)


@pytest.mark.parametrize(
    "n, p, count", [(300, 60, 10), (150, 100, 5), (80, 200, 4), (300, 100, 50)]
)
@pytest.mark.parametrize("noise", ["normal", "laplace"])
def test_a_rotation_drops_white_noise_and_nothing_else(rng, n, p, count, noise):
    signal = 3 * rng.laplace(size=(n, count)) @ rng.normal(size=(count, p))
    x = Responses(signal + getattr(rng, noise)(size=(n, p)))
    assert rotation(x, x, np.random.default_rng(0)).shape[1] == count


def test_rotation_alone_is_told_from_superposition_undone():
    """In more units than features a rotation finds them; in fewer it cannot."""
    rng = np.random.default_rng(1)
    options = {"metrics": ("semi_matching",), "rng": 0, **FEW}
    z = features(800, 12, 2, rng)
    many = ub.compare(
        braid(z, 16, rng), braid(z, 16, rng), method=ub.Pursuit(n_latents=12, k=2), **options
    )
    assert many.verdict.tone == "explained by a control"
    assert "explained by rotation alone: a rotation of the units" in many.verdict.sentence
    z = features(1000, 20, 2, rng)
    few = ub.compare(
        braid(z, 16, rng), braid(z, 16, rng), method=ub.SparseCoding(n_latents=20), **options
    )
    assert few.verdict.tone == "gain"
    turned = find(few, "semi_matching", "codes->codes - rotation->rotation")
    base = find(few, "semi_matching", "codes->codes - base->base")
    share = turned.before - base.before
    assert 0.02 < share < 0.8 * base.value
    assert f"of which {share:.2f} is rotation of the units alone" in few.verdict.sentence


@pytest.fixture(scope="module")
def predicted():
    """Units in superposition: a wide expansion predicts what one of equal width cannot."""
    rng = np.random.default_rng(0)
    z = features(1000, 20, 2, rng)
    return ub.compare(
        braid(z, 10, rng), braid(z, 10, rng), method=ub.Pursuit(n_latents=20, k=2),
        metrics=("ridge", "semi_matching"), rng=0, **FEW,
    )  # fmt: skip


def test_a_wide_expansion_overturns_what_one_of_equal_width_cannot(predicted):
    equal = find(predicted, "ridge", "codes->base - random_expansion->base")
    wide = find(predicted, "ridge", "codes->base - wide_expansion->base")
    assert equal.is_gain
    assert wide.before > equal.before + 0.2
    assert wide.width == 1024
    (score,) = predicted.find("ridge", "wide_expansion", "base")
    assert (score.n_source, score.leading) == (1024, 1024)
    assert predicted.record()["changes"][0]["width"] is None


def test_a_headline_of_prediction_is_judged_against_wide_expansions_too(predicted):
    (score,) = predicted.find("ridge", "wide_expansion", "codes")
    assert f"a random expansion of {score.leading:,} units reaches" in predicted.verdict.sentence


def test_the_card_the_figure_and_the_verdict_have_one_best_control(predicted):
    for metric in ("ridge", "semi_matching"):
        controls = [
            score.value
            for score in predicted.scores
            if (score.metric, score.systems) == (metric, "x->y")
            and score.source in CONTROLS
            and score.target != "base"
        ]
        panel = _panel(predicted, metric)
        assert max(row.value for row in panel if row.kind == "control") == max(controls)
    (number,) = [n for n in verdict_block(predicted).numbers if n.label == "best control"]
    (caption,) = {block.caption.finding for block in page(predicted).opening[:1]}
    assert f"reaches {number.value:.2f}" in caption
    assert f"reaches {number.value:.2f}" in predicted.verdict.sentence
    assert number.note in caption


def _panel(result, metric):
    (section,) = [each for each in page(result).sections if each.title == "Every control"]
    (figure,) = [block for block in section.blocks if block.title == "Codes against codes"]
    return next(g.rows for g in figure.groups if g.title == metric.replace("_", " "))


def test_the_published_protocol_takes_the_widest_that_its_ridge_can():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 200, 4))
    result = ub.compare(
        x, y, method=ub.TopK(k=1, n_latents=4), protocol="longon2025", metrics=("ridge",), **FEW
    )
    (score,) = result.find("ridge", "wide_expansion", "base")
    assert score.n_source == 16  # of 4, 16 and 1,024 with 80 training stimuli


def test_codes_that_leave_most_unexplained_are_no_gain_of_the_systems():
    rng = np.random.default_rng(0)
    z = features(1600, 30, 2, rng)
    x, y = (braid(z, 24, rng) + 0.35 * rng.normal(size=(1600, 24)) for _ in range(2))
    result = ub.compare(
        x, y, method=ub.SparseCoding(n_latents=30), metrics=("semi_matching",), rng=0, **FEW
    )
    assert find(result, "semi_matching", "codes->codes - base->base").is_gain
    assert result.lifted[0][0].fvu > 0.5
    assert result.verdict.tone == "no gain"
    assert "% of the variance unexplained" in result.verdict.sentence


def test_a_dictionary_that_loses_what_units_share_is_named_as_the_cause():
    """Non-negative mixtures, 500 training stimuli: units .8, features 1.0, codes far below."""
    rng = np.random.default_rng(0)
    z = (rng.random((1000, 40)) < 0.1) * rng.uniform(0.5, 1.5, (1000, 40))
    x, y = (z @ rng.uniform(size=(40, 24)) for _ in range(2))
    options = {"method": ub.Pursuit(n_latents=40, k=4), "metrics": ("semi_matching",), "rng": 0}
    result = ub.compare(x, y, **options, **{**FEW, "seeds": 2})
    gain = find(result, "semi_matching", "codes->codes - base->base")
    assert gain.before > 0.7
    assert gain.after < 0.6
    assert "The dictionaries are the cause" in result.verdict.sentence
    assert "codes of two seeds of one system agree only to 0." in result.verdict.sentence
    alone = ub.compare(x, y, **options, **FEW).verdict.sentence
    assert "One seed cannot tell whether the dictionaries are the cause" in alone


def test_an_expansion_that_is_cut_is_said(monkeypatch):
    monkeypatch.setattr(_wide_expansion, "_NUMBERS", 2**14)
    monkeypatch.setattr(_wide_expansion, "_ENOUGH", 16)
    x, y = np.random.default_rng(0).normal(size=(2, 240, 4))
    result = ub.compare(x, y, method=ub.TopK(k=1, n_latents=20), metrics=("ridge",), rng=0, **FEW)
    (line,) = [line for line in result.warnings if "widest random expansion" in line]
    assert line.startswith("The widest random expansion has 136 units in place of 320")


METHODS = (
    ub.TopK(n_latents=12, k=2), ub.Pursuit(n_latents=12, k=2), ub.Auto(),
    ub.sparse.SparseCoding(n_latents=12), ub.sparse.KMeans(n_latents=5),
)  # fmt: skip


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
@pytest.mark.parametrize("by", [None, "fista"])
def test_controls_without_evidence_have_the_codes_of_a_whole_fit(method, by, rng):
    x = Responses(braid(features(90, 12, 2, rng), 8, rng) + 3.0)
    control = ub.sparse.RandomDictionary(of=method)
    streams = [np.random.default_rng(1) for _ in range(2)]
    whole = ub.fit(x, control, rng=streams[0]).prepared(x, by)
    bare = _fit.fit_control(x, control, rng=streams[1], by=by).prepared(x, by)
    codes = [each.encode(x, by=by).values for each in (whole, bare)]
    assert codes[0].nnz > 0
    assert (codes[0] != codes[1]).nnz == 0
    assert np.isfinite(bare.evidence.fvu) == (by is not None and whole.by != by)


def test_controls_are_assessed_by_no_lasso(monkeypatch):
    made, real = [], _fit.with_evidence
    monkeypatch.setattr(_fit, "with_evidence", lambda *a: made.append(a[0].method) or real(*a))
    x = braid(features(120, 12, 2, np.random.default_rng(2)), 8, np.random.default_rng(3))
    ub.compare(x, x[:, ::-1], method=ub.TopK(n_latents=12, k=2), metrics=("semi_matching",), **FEW)
    assert [type(method).__name__ for method in made] == ["TopK", "TopK"]
