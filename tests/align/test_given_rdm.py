"""Dissimilarities given in place of responses: the score is that of the responses behind them."""

import numpy as np
import pytest
import scipy.io
from scipy.spatial.distance import pdist, squareform
from scipy.stats import pearsonr

import unbraid as ub
from unbraid.align import rsa
from unbraid.errors import InputError

QUICK = {"permutations": 5, "resamples": 20}


@pytest.fixture
def sides(rng):
    z = rng.normal(size=(30, 6))
    return z @ rng.normal(size=(6, 8)), z @ rng.normal(size=(6, 5)) + rng.normal(size=(30, 5))


def rdm_of(x):
    return squareform(pdist(x, "sqeuclidean"))


def test_square_and_condensed_score_as_the_responses_do(sides):
    x, y = sides
    expected = rsa(x, y, order="exchangeable", **QUICK)
    square = rsa(rdm_of(x), rdm_of(y), rdm="given", order="exchangeable", **QUICK)
    flat = rsa(pdist(x, "sqeuclidean"), pdist(y, "sqeuclidean"), rdm="given",
               order="exchangeable", **QUICK)  # fmt: skip
    mixed = rsa(rdm_of(x), y, rdm=("given", "euclidean"), order="exchangeable", **QUICK)
    by_scipy = pearsonr(pdist(x, "sqeuclidean"), pdist(y, "sqeuclidean")).statistic
    assert expected.value == pytest.approx(by_scipy)
    for found in (square, flat, mixed):
        assert found.value == pytest.approx(expected.value)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
        assert not any("no responses" in line for line in found.warnings)


def test_ids_name_rows_and_columns(sides, rng):
    x, y = sides
    order, ids = rng.permutation(30), [f"im{i}" for i in range(30)]
    first = ub.Responses(rdm_of(x), stimuli=ids)
    turned = ub.Responses(rdm_of(y)[order][:, order], stimuli=[ids[i] for i in order])
    expected = rsa(x, y, order="exchangeable", **QUICK).value
    assert rsa(first, turned, rdm="given", **QUICK).value == pytest.approx(expected)
    responses = ub.Responses(y, stimuli=ids)
    mixed = rsa(responses, turned, rdm=("euclidean", "given"), **QUICK)
    assert mixed.value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((3, 4)), r"got shape \(3, 4\)"),
        (np.arange(9.0).reshape(3, 3), "not symmetric"),
        (np.ones((4, 4)), "diagonal that is not 0"),
        (np.ones(4), "got 4 values"),
    ],
)
def test_what_is_no_rdm_is_refused(x, message):
    with pytest.raises(InputError, match=message):
        rsa(x, x, rdm="given")


def test_an_unknown_kind_is_refused(sides):
    for wrong in ("gven", ("given",), 3):
        with pytest.raises(InputError, match="rdm must be one of euclidean"):
            rsa(*sides, rdm=wrong)


def test_where_responses_are_needed_an_rdm_is_refused(sides):
    x, y = sides
    with pytest.raises(InputError, match=r"y holds a square .*rsa\(x, y, rdm='given'\)"):
        ub.compare(x, rdm_of(y))


@pytest.mark.parametrize("shape", [(1, 3), (2, 2)])
def test_matlab_struct_arrays_by_place(sides, tmp_path, shape):
    made = np.empty(shape, dtype=[("RDM", object), ("name", object)])
    several = [rdm_of(side) * scale for side in sides for scale in (1, 2)]
    for at, place in enumerate(np.ndindex(shape)):
        made[place] = (several[at], f"area {at}")
    scipy.io.savemat(tmp_path / "r.mat", {"RDMs": made})
    theirs = scipy.io.loadmat(tmp_path / "r.mat")["RDMs"]
    name, at = ("RDMs(2).RDM", (0, 1)) if shape == (1, 3) else ("RDMs(2,1).RDM", (1, 0))
    with pytest.warns(RuntimeWarning, match=r"rdm='given'"):
        found = ub.responses.load_plainly(f"{tmp_path}/r.mat::{name}")
    np.testing.assert_array_equal(found.values, theirs[at]["RDM"])
    with pytest.raises(InputError, match=r"RDMs\(1"):
        ub.load(tmp_path / "r.mat", values="RDMs(9).RDM")
    with pytest.raises(InputError, match="::NAME"):
        ub.responses.load_plainly(tmp_path / "r.mat")


def test_a_sweep_scores_rdms(sides, tmp_path):
    for name, side in zip("xy", sides, strict=True):
        np.save(tmp_path / f"{name}.npy", rdm_of(side))
    spec = {
        "job": "score",
        "base": {"x": f"{tmp_path}/x.npy", "y": f"{tmp_path}/y.npy", "metric": "rsa",
                 "rdm": "given", "order": "exchangeable"},
    }  # fmt: skip
    found = ub.jobs.sweep(spec, tmp_path / "run", progress=False)
    expected = rsa(*sides, order="exchangeable").value
    assert found.rows[0]["value"] == pytest.approx(expected)
