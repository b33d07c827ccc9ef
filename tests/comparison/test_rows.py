"""A result as rows and lines: what matched, in numbers that a program reads."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

import unbraid as ub
from unbraid.comparison import page
from unbraid.comparison.browser._browser import browser
from unbraid.comparison.browser._pair import pair_of
from unbraid.errors import InputError
from unbraid.report import render
from unbraid.sparse import latent_rows

FEW = {"permutations": 2, "resamples": 20, "metrics": ("semi_matching",)}


@pytest.fixture(scope="module")
def planted():
    """Eight latents shared in another order, two of x and two of y alone."""
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (800, 12)) * (rng.random((800, 12)) < 0.1)
    order = rng.permutation(10)
    a, b = np.eye(12)[:10], np.eye(12)[2:][order]
    x, y = z[:, :10], z[:, 2:]
    given = [
        ub.Dictionary(atoms=atoms, offset=np.zeros(10), method=ub.PCA(), by="omp", k=5)
        for atoms in (a[:, :10], b[:, 2:])
    ]
    ids = [f"im{i}" for i in range(800)]
    features = ub.Responses(z, stimuli=ids, units=[f"f{i}" for i in range(12)])
    x, y = ub.Responses(x, stimuli=ids), ub.Responses(y, stimuli=ids)
    result = ub.compare(x, y, dictionaries=([given[0]] * 2, given[1]), features=features, **FEW)
    return result, order, z


def test_every_shared_latent_finds_its_partner(planted):
    result, order, z = planted
    rows = result.matched(top=3)
    found = rows[rows.shared]
    # latent j of y stands for feature order[j] + 2, latent i of x for feature i
    assert sorted(found.y) == sorted(np.flatnonzero(order < 8))
    assert (found.x.to_numpy() == order[found.y] + 2).all()
    assert (found.r > 0.95).all() and (found.q_value <= 0.05).all()
    assert found.label_x.tolist() == [f"f{i} (r 1.00)" for i in found.x]
    row = found.iloc[0]
    best = np.argsort(-z[:, row.x])[:3]
    assert set(row.top_x) == {f"im{i}" for i in best}
    assert row.density_x == pytest.approx((z[:, row.x] > 0).mean(), abs=0.01)


def test_the_browser_shows_the_same_pairs(planted):
    result, order, z = planted
    made = browser(result)
    of_x, of_y = made.sides
    rows = result.matched()
    assert of_y.partner[rows.y].tolist() == rows.x.tolist()
    at = {each.name: each.values for each in of_y.measures}
    assert at["r"][rows.y].tolist() == rows.r.tolist()
    assert at["q"][rows.y].tolist() == rows.q_value.tolist()
    assert (of_y.group[rows.y] == 0).tolist() == rows.shared.tolist()
    best = rows.sort_values("r", ascending=False).drop_duplicates("x")  # of several, the best
    assert of_x.partner[best.x].tolist() == best.y.tolist()
    assert set(np.flatnonzero(of_x.partner < 0)) == set(range(10)) - set(rows.x)
    # what a pair has in common, and what it has not, is what the planted latents say
    (detail,) = of_y.details([int(rows.y[0])])
    a, b = z[:, rows.x[0]], z[:, order[rows.y[0]] + 2]
    assert set(detail.pair.both) == set(np.argsort(-np.minimum(a, b))[:8])
    assert not detail.pair.only_own and not detail.pair.only_other
    assert detail.strongest[0][0] == np.argmax(b)
    assert made.stimuli[3] == "im3"
    assert detail.braids[0].units[0][0] == f"unit {order[rows.y[0]]}"
    assert detail.braids[0].spread == pytest.approx(1)


def test_latents_that_differ_are_shown_to_differ():
    x = sp.csc_array(np.array([[2.0, 0], [1, 0], [0, 1], [-3, 0]]))
    y = sp.csc_array(np.array([[1.0], [0], [5], [2]]))
    pair = pair_of(x, y, 0, 0)
    assert (pair.both, pair.only_other, pair.only_own) == ([0], [1], [2])  # 3: of opposite signs
    assert sorted(pair.points) == [(-3.0, 2.0), (0.0, 5.0), (1.0, 0.0), (2.0, 1.0)]
    assert pair.n_either == 4


def test_stimuli_of_a_pair_do_not_depend_on_the_scale_of_codes(rng):
    """What excites one latent alone is judged against that latent's own largest code."""
    x, y = (rng.exponential(size=(40, 1)) * (rng.random((40, 1)) < 0.6) for _ in "xy")
    x[0], y[0] = 3, 0.05 * y.max()  # hardly excites y, by y's own scale
    found = [
        pair_of(sp.csc_array(a * x), sp.csc_array(b * y), 0, 0)
        for a, b in ((1, 1), (50, 1), (1, 0.02))
    ]
    lists = [(pair.both, pair.only_other, pair.only_own) for pair in found]
    assert lists[0] == lists[1] == lists[2]
    assert 0 in found[0].only_other


def test_a_summary_has_at_most_ten_lines_and_the_verdict(planted):
    result = planted[0]
    lines = result.summary().splitlines()
    assert len(lines) <= 10
    assert result.verdict.sentence in lines
    assert any("best control" in line for line in lines)
    assert len(result.table().columns) < len(result.table(full=True).columns)


def test_units_only_have_no_matched_latents(planted):
    x = np.random.default_rng(0).normal(size=(60, 10))
    one = planted[0].of_side(0)[0].dictionary
    result = ub.compare(x, x[:, ::-1], dictionaries=(one, None), **FEW)
    with pytest.raises(InputError, match="needs dictionaries of both"):
        result.matched()
    (alone,) = browser(result).sides
    assert alone.partner is None
    assert [each.name for each in alone.measures] == ["interpretability", "density"]


def test_a_score_is_a_number_and_shows_itself(planted):
    result = planted[0]
    score = result.scores[0]
    assert f"{score:.2f}" == f"{score.value:.2f}" == format(float(score), ".2f")
    assert f"{score}" == repr(score)
    hostile = ub.Responses(np.eye(3), stimuli=["<script>", "b", "c"])
    for shown in (result, score, result.of_side(0)[0].dictionary, hostile):
        html = shown._repr_html_()
        assert html.startswith("<table>") and "<script>" not in html


def test_a_row_of_a_latent_that_never_fires(planted):
    codes = ub.Codes(np.array([[0.0, -2.0], [0.0, 1.0]]), stimuli=["a", "b"])
    silent, active = latent_rows(codes)
    assert (silent.density, silent.largest, silent.top) == (0.0, 0.0, ())
    assert (active.density, active.largest, active.top) == (1.0, -2.0, ("a", "b"))
    assert active.codes == (-2.0, 1.0)


def test_the_page_says_what_was_compared_and_found_before_any_number(planted):
    result = planted[0]
    made = page(result, browser=True)
    verdict = made.verdict
    assert not any(letter.isdigit() for letter in verdict.headline)
    assert all(name in verdict.headline for name in result.names)
    assert "**x** (10 units) with **y** (10 units), on 800 stimuli" in verdict.about
    assert verdict.lead.startswith(result.verdict.sentence)
    overview = made.sections[0].blocks[0]
    figure = made.opening[0]
    (best,) = [number for number in verdict.numbers if number.kind == "control"]
    controls = [row for row in figure.groups[0].rows if row.kind == "control"]
    assert best.value == max(row.value for row in controls)  # the card's is the figure's
    assert [row.value for row in overview.groups[0].rows] == [n.value for n in verdict.numbers]
    (scores,) = [
        block for section in made.sections for block in section.blocks
        if getattr(block, "title", "") == "Every score"
    ]  # fmt: skip
    names = [column.name for column in scores.columns]
    assert names.index("value") == 1
    assert {row[names.index("systems")] for row in scores.rows} >= {"x → y", "x → features"}
    html = render(made)
    assert html.index("Compared:") < html.index(verdict.numbers[0].label) < html.index("In short")


def test_a_run_of_one_seed_says_so(planted):
    one = replace(planted[0], lifted=planted[0].lifted[:1])
    assert "one seed, so that intervals do not cover other dictionaries" in page(one).verdict.about


@pytest.mark.parametrize("seed", range(3))
def test_matches_are_tested_among_groups(seed):
    """What answers to 40 groups of stimuli, each of two systems by its own lot, matches nothing."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(40), 20))
    sides = [
        ((rng.random((40, 10)) < 0.2)[group] * rng.uniform(0.5, 1.5, (800, 10))) for _ in range(2)
    ]
    same = ub.Dictionary(
        atoms=np.eye(10), offset=np.zeros(10), method=ub.PCA(), by="omp", k=5
    )  # fmt: skip
    few = {**FEW, "order": "exchangeable"}
    apart = ub.compare(*sides, dictionaries=(same, same), **few)
    assert apart.groups is None
    assert apart.matched().shared.sum() > 3  # neighbours of one group pass for evidence
    result = ub.compare(*sides, dictionaries=(same, same), groups=group, **few)
    assert result.matched().shared.sum() <= 1
    np.testing.assert_array_equal(result.groups, group.astype(str)[result.rows])
