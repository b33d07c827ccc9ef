"""Codes of a stimulus depend on the dictionary and on that stimulus, never on those beside it."""

import warnings
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.sparse import (
    METHODS,
    PCA,
    Dictionary,
    Pursuit,
    ReluL1,
    ShuffledLatents,
    TopK,
    Training,
    consensus,
    fit,
    fit_seeds,
    random_like,
)
from unbraid.sparse.evidence import _measure
from unbraid.sparse.inference._asked import By

SHORT = Training(steps=60)
START = Pursuit(n_latents=16, k=2, iterations=2, restarts=1, cycles=1)
OWN = {
    "Auto": {"most_expansion": 1.5, "most_active": 2}, "ICA": {}, "PCA": {},
    "KMeans": {"n_latents": 10}, "NMF": {"n_latents": 6},
    "Pursuit": {"n_latents": 16, "k": 2, "iterations": 2, "restarts": 1, "cycles": 1},
    "SparseCoding": {"n_latents": 16, "cycles": 1},
    "SpikeAndSlab": {"of": START}, "Refined": {"of": START}, "Untangled": {"of": START},
    "Consensus": {"of": START, "n_seeds": 2, "alike": 0.5}, "RandomDictionary": {"of": START},
    "Longon2025Dnn": {"n_latents": 16, "k": 3, "epochs": 20, "learning_rate": 0.01},
}  # fmt: skip
N_TRAIN = 200


def made(name):
    kind = METHODS[name]
    fields = kind.model_fields
    options = OWN.get(name, {"n_latents": 16, **({"k": 3} if "k" in fields else {})})
    return kind(**options, **({"training": SHORT} if "training" in fields else {}))


@pytest.fixture(scope="module")
def x():
    """Mixtures of 16 features; of the last rows one is empty and some are far larger."""
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (N_TRAIN + 24, 16)) * (rng.random((N_TRAIN + 24, 16)) < 0.15)
    x = z @ rng.exponential(size=(16, 12)) + 0.05 * rng.random((len(z), 12))  # NMF wants no sign
    x[-1], x[-6:-1] = 0, 300 * x[-6:-1]
    return x


@pytest.fixture(scope="module", params=sorted(set(METHODS) - {"ShuffledLatents"}))
def learned(request, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # few stimuli, few steps
        return fit(x[:N_TRAIN], made(request.param), rng=0)


def saved(dictionary, folder):
    return Dictionary.load(dictionary.save(folder / "d"))


def check_rows(dictionary, x, by):
    """Codes of all rows, of each alone, of halves and in reverse are the same."""
    whole = dictionary.encode(x, by=by)
    alone = [dictionary.encode(x[i : i + 1], by=by).values for i in range(len(x))]
    halves = [dictionary.encode(part, by=by).values for part in (x[:7], x[7:])]
    back = dictionary.encode(x[::-1], by=by).values[::-1]
    assert whole.nnz > 0
    for other in (sp.vstack(alone), sp.vstack(halves), back):
        np.testing.assert_array_equal(other.toarray(), whole.toarray())


@pytest.mark.parametrize("by", get_args(By))
def test_a_row_is_encoded_alike_alone_and_beside_others(learned, x, tmp_path, by):
    if by == "encoder" and learned.encoder is None:
        with pytest.raises(InputError, match="has no encoder; use by='omp'"):
            learned.encode(x, by=by)
        return
    if by == "posterior" and learned.prior is None:
        with pytest.raises(InputError, match=r"no prior for by='posterior'.*prepared\(x_train"):
            learned.encode(x, by=by)
    if by == "l0" and not learned.floor:
        with pytest.raises(InputError, match=r"no floor for by='l0'.*prepared\(x_train"):
            learned.encode(x, by=by)
    ready = learned.prepared(x[:N_TRAIN], by)
    assert ready is learned or by in ("posterior", "l0")  # fit has learned the rest
    check_rows(saved(ready, tmp_path), x[N_TRAIN:], by)


@pytest.mark.parametrize("by", ["fista", "l0", "posterior"])
def test_what_is_not_known_is_refused_or_learned_once(x, tmp_path, by):
    train = x[:N_TRAIN]
    bare = replace(fit(train, PCA(), rng=0), penalty=None)
    what = {"fista": "penalty", "l0": "floor", "posterior": "prior"}[by]
    with pytest.raises(InputError, match=f"has no {what} for by={by!r}"):
        bare.encode(x, by=by)
    ready = bare.prepared(train, by)
    assert getattr(ready, what) is not None
    check_rows(saved(ready, tmp_path), x[N_TRAIN:], by)
    given = bare.encode(x, by="fista", penalty=0.1)
    np.testing.assert_array_equal(
        given.toarray(), replace(bare, penalty=0.1).encode(x, by="fista").toarray()
    )


def test_prepared_learns_from_training_responses_what_a_fit_learns(x):
    learned = fit(x[:N_TRAIN], START, rng=0)
    again = replace(learned, penalty=None).prepared(x[:N_TRAIN], "fista")
    assert again.penalty == pytest.approx(learned.penalty, rel=0.01)
    scaled = replace(learned, penalty=None, offset=8 * learned.offset)
    assert scaled.prepared(8 * x[:N_TRAIN], "fista").penalty == pytest.approx(8 * again.penalty)


def test_a_consensus_and_a_random_copy_take_over_the_constants(x):
    several = fit_seeds(x[:N_TRAIN], START, [0, 1])
    agreed = consensus(several, alike=0.5)
    assert agreed.penalty == np.median([each.penalty for each in several])
    assert agreed.floor == np.median([each.floor for each in several])
    check_rows(agreed, x[N_TRAIN:], "fista")
    check_rows(random_like(several[0], x[:N_TRAIN], rng=0), x[N_TRAIN:], "fista")


@pytest.mark.parametrize("kind", [TopK, ReluL1])
def test_wide_autoencoders_have_the_constants_too(monkeypatch, kind):
    responses = np.random.default_rng(0).exponential(size=(80, 1800)).astype(np.float32)
    wide = kind(n_latents=600, training=Training(steps=4))  # 600 x 1800 numbers: over 2**20
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # few stimuli for so many latents
        learned = fit(responses, wide, rng=0)
        monkeypatch.setattr(_measure, "_UNITS_ATOMS", 599)
        wider = fit(responses, wide, rng=0)
    assert learned.penalty > 0
    assert learned.floor is not None
    assert wider.penalty is None
    with pytest.raises(InputError, match="no penalty for by='fista'"):
        wider.encode(responses, by="fista")


def test_shuffled_latents_need_two_rows(x):
    shuffled = fit(x[:N_TRAIN], ShuffledLatents(of=START), rng=0)
    assert shuffled.encode(x[:2]).shape[0] == 2
    with pytest.raises(InputError, match="at least 2 stimuli for a dictionary of ShuffledLatents"):
        shuffled.encode(x[:1])
