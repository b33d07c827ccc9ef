"""Two dictionaries of one system: the answer speaks of their latents, not of a gain over units."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.comparison import page
from unbraid.comparison.browser._browser import browser
from unbraid.report import render

FEW = {"metrics": ("semi_matching",), "permutations": 2, "resamples": 20}


def pursued(atoms):
    return ub.Dictionary(
        atoms=atoms, offset=np.zeros(atoms.shape[1]), method=ub.Pursuit(k=5), by="omp", k=5
    )


@pytest.fixture(scope="module")
def made():
    """One system; the latent 2 of x is two of y, and y lacks the last of x."""
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (700, 10)) * (rng.random((700, 10)) < 0.1)
    axes = np.linalg.qr(rng.normal(size=(11, 11)))[0]
    context = np.where(rng.random(700) < 0.5, 0.7, -0.7)
    x = z @ axes[:10] + np.outer(z[:, 2] * context, axes[10])
    other = np.vstack([axes[:9], axes[2] - 0.7 * axes[10]])
    other[2] += 0.7 * axes[10]
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    return x, pursued(axes[:10]), pursued(other)


@pytest.fixture(scope="module")
def result(made):
    x, first, second = made
    return ub.compare(x, x.copy(), dictionaries=([first] * 2, [second] * 2),
                      names=("a", "b"), **FEW)  # fmt: skip


def test_the_verdict_counts_latents(result):
    assert result.verdict.tone == "one system"
    assert "of a 8 of 10 latents shared, 1 split, 1 not found" in result.verdict.sentence
    assert "2 parts of split or absorbed ones" in result.verdict.sentence
    assert any("Beside random directions" in line for line in result.verdict.reasons)
    assert result.verdict.sentence in result.summary().splitlines()
    assert "of units" not in result.summary()  # 1.00, whatever the dictionaries are
    assert len(result.correspondences) == 2


def test_matches_say_what_became_of_both_latents(result):
    rows = result.matched()
    assert (rows[rows.x == 2].kind_x == "split").all() and len(rows[rows.x == 2]) == 2
    assert set(rows[rows.x == 2].kind_y) == {"part"}
    assert (rows[~rows.x.isin([2, 9])].kind_x == "shared").all()


def test_page_and_browser_show_the_kinds(result):
    html = render(page(result))
    assert "What became of the latents" in html and "One system" in html
    assert "Before and after" not in html
    side = browser(result).sides[0]
    names = [group.name for group in side.groups]
    assert names[side.group[2]] == "split" and names[side.group[9]] == "not found"


def test_they_come_back_from_disk(result, tmp_path):
    again = ub.load_run(result.save(tmp_path / "run"))
    for one, other in zip(result.correspondences, again.correspondences, strict=True):
        assert one.first.kind.tolist() == other.first.kind.tolist()
        assert one.second.parts == other.second.parts
        assert one.first.chance == other.first.chance
        np.testing.assert_array_equal(one.first.several, other.first.several)
    assert again.record()["latents"][0]["x"]["split"] == 1


def test_two_systems_have_no_such_kinds(made):
    x, first, second = made
    y = x + 1e-9 * np.random.default_rng(0).normal(size=x.shape)
    result = ub.compare(x, y, dictionaries=(first, second), **FEW)
    assert result.correspondences == () and result.verdict.tone != "one system"
    assert "kind_x" not in result.matched()


def test_too_many_latents_are_said(made, monkeypatch):
    from unbraid.comparison.verdict import _one_system

    monkeypatch.setattr(_one_system, "_MOST", 5)
    x, first, second = made
    result = ub.compare(x, x, dictionaries=(first, second), **FEW)
    assert result.correspondences == ()
    assert any("not looked which are split" in line for line in result.warnings)
