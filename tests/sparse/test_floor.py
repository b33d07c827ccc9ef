"""Which codes are zero: those that say nothing about units they were not inferred from."""

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.sparse import (
    PCA,
    Dictionary,
    DictionaryTransformer,
    Pursuit,
    RandomDictionary,
    ReluL1,
    SparseCoding,
    SpikeAndSlab,
    TopK,
    Training,
    fit,
)
from unbraid.sparse.inference._floor import above, learned_floor
from unbraid.sparse.inference._prior import Prior


def make_world(seed=0, n_features=24, n_units=14, k=2, n=600, noise=0.1):
    """Features (n, N), atoms (N, p) and responses; k features are on at a time."""
    rng = np.random.default_rng(seed)
    atoms = rng.normal(size=(n_features, n_units))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    on = np.argsort(rng.random((n, n_features)), axis=1).argsort(1) < k
    features = on * rng.uniform(0.5, 1.5, on.shape)
    return features, atoms, features @ atoms + noise * rng.normal(size=(n, n_units))


def support_f1(z, codes):
    """F1 of the codes that are not zero as detectors of the features, matched by correlation."""
    c = codes.toarray()
    r = np.corrcoef(np.abs(z).T, np.abs(c).T + 1e-12 * np.arange(c.shape[0]))
    r = np.nan_to_num(r[: z.shape[1], z.shape[1] :])
    best = r.argmax(1)
    on, found = z != 0, c[:, best] != 0
    return 2 * (on & found).sum() / (on.sum() + (c != 0).sum())


def bare(learned):
    """The dictionary with all codes as they were inferred."""
    return replace(learned, floor=0.0)


def test_codes_above_the_floor_stay_and_all_others_are_zero():
    codes = sp.csr_array(np.array([[3.0, -0.4, 0.1], [0.0, 2.0, 0.5]]))
    atoms = np.array([[0.1, 0.0], [0.6, 0.8], [0.0, 2.0]])  # of length .1, 1, 2
    kept = above(codes, atoms, 0.4)
    np.testing.assert_array_equal(kept.toarray(), [[0, 0, 0], [0, 2, 0.5]])
    assert kept.nnz == 2
    assert above(codes, atoms, 0.0) is codes


def test_a_code_that_is_all_noise_goes_and_one_that_is_signal_stays():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.uniform(1, 2, (200, 1)), 4, axis=1) + 0.1 * rng.normal(size=(200, 4))
    atoms = np.array([[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, -0.5, -0.5]])

    def code(shown):
        part = atoms[:, shown]
        return sp.csr_array(x[:, shown] @ np.linalg.pinv(part))

    floor = learned_floor(x, atoms, code)
    kept = above(code(np.ones(4, bool)), atoms, floor).toarray()
    assert np.all(kept[:, 0] != 0)
    assert np.mean(kept[:, 1] != 0) < 0.15
    guesses = [above(code(np.arange(4) != u), atoms, floor) @ atoms[:, u] for u in range(4)]
    noise = np.sqrt(np.mean([np.square(x[:, u] - guess) for u, guess in enumerate(guesses)]))
    assert noise == pytest.approx(0.1 * np.sqrt(4 / 3), rel=0.1)  # a mean of three others
    assert floor <= 2.5 * noise


def test_one_unit_alone_has_no_floor():
    x = np.arange(20.0)[:, None]
    assert learned_floor(x, np.ones((1, 1)), lambda _: pytest.fail("never called")) == 0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_features_on_eight_percent_of_the_stimuli_come_back_on_eight(seed):
    rng = np.random.default_rng(seed)
    features = rng.uniform(0.5, 1.5, (3000, 24)) * (rng.random((3000, 24)) < 0.08)
    x = features @ rng.normal(size=(24, 18))
    learned = fit(x[:2000], SparseCoding(n_latents=24, offset="zero"), rng=0)
    codes = learned.encode(x[2000:])
    assert codes.l0 / 24 == pytest.approx(0.08, abs=0.02)
    assert learned.evidence.l0 / 24 == pytest.approx(0.08, abs=0.02)
    assert learned.evidence.density == pytest.approx(learned.evidence.l0 / 24)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_is_no_activity_and_correlation_does_not_fall(seed, mcc):
    features, _, x = make_world(seed, n_features=32, n_units=20, n=2000)
    learned = fit(x[:1500], SparseCoding(n_latents=32, offset="zero"), rng=0)
    lasso = replace(learned, by="fista")
    codes, before = lasso.encode(x[1500:]), bare(lasso).encode(x[1500:])
    assert before.l0 > 4 > 2.6 > codes.l0
    assert support_f1(features[1500:], codes) > 0.9 > support_f1(features[1500:], before)
    assert mcc(features[1500:], codes) >= mcc(features[1500:], before) - 0.002


def test_small_true_codes_stay_where_there_is_no_noise():
    rng = np.random.default_rng(0)
    features = rng.exponential(size=(2000, 20)) * (rng.random((2000, 20)) < 0.1)
    atoms = rng.normal(size=(20, 16))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    x = features @ atoms
    start = Dictionary(atoms=atoms, offset=np.zeros(16), method=Pursuit(), by="fista")
    floor = fit(x, SparseCoding(n_latents=20, offset="zero"), rng=0).floor
    codes = replace(start, penalty=1e-3, floor=floor).encode(x).toarray()
    small = (features > 0) & (features < 0.1)
    assert floor < 0.03  # of codes that are 1 on average
    assert np.mean(codes[features > 0.1] > 0) > 0.99
    assert np.mean(codes[small] > 0) > 0.7


@pytest.mark.filterwarnings("ignore:Sampled codes predict")  # there is little noise
def test_codes_do_not_depend_on_the_rows_beside_them():
    x = make_world(n=300)[2]
    start = Pursuit(n_latents=24, k=2, offset="zero", restarts=1, cycles=1)
    learned = fit(x, SpikeAndSlab(of=start), rng=0)
    for by in ("fista", "omp", "posterior"):
        together = learned.encode(x[:40], by=by).values
        alone = sp.vstack([learned.encode(x[i : i + 1], by=by).values for i in range(40)])
        np.testing.assert_allclose(together.toarray(), alone.toarray(), rtol=1e-3, atol=1e-5)
        np.testing.assert_array_equal(np.diff(together.indptr), np.diff(alone.indptr))


@pytest.mark.parametrize("method", [
    SparseCoding(n_latents=24, offset="zero", cycles=1),
    Pursuit(n_latents=24, k=3, offset="zero", cycles=2, restarts=1),
], ids=lambda method: type(method).__name__)  # fmt: skip
@pytest.mark.parametrize("scale", [2.0**-60, 2.0**60])
def test_responses_times_c_have_codes_times_c(method, scale):
    x = make_world(n=400)[2].astype(np.float32)
    plain, scaled = fit(x, method, rng=0), fit(x * np.float32(scale), method, rng=0)
    codes, again = plain.encode(x), scaled.encode(x * np.float32(scale))
    assert plain.floor > 0
    np.testing.assert_allclose(again.toarray() / scale, codes.toarray(), rtol=1e-3, atol=1e-4)
    assert again.l0 == pytest.approx(codes.l0, rel=0.01)
    assert scaled.floor / scale == pytest.approx(plain.floor, rel=0.01)


def test_a_relu_encoder_leaves_no_small_codes():
    x = make_world(n=400)[2]
    learned = fit(x, ReluL1(n_latents=24, training=Training(steps=100)), rng=0)
    codes = replace(learned, floor=0.2).encode(x)
    np.testing.assert_array_equal(
        codes.toarray(), above(bare(learned).encode(x).values, learned.atoms, 0.2).toarray()
    )
    assert codes.data.min() > 0.19  # atoms of length 1


def test_the_floor_is_saved(tmp_path):
    x = make_world(n=400)[2]
    learned = fit(x, SparseCoding(n_latents=24, offset="zero", cycles=1), rng=0)
    read = Dictionary.load(learned.save(tmp_path / "d"))
    assert read.floor == learned.floor > 0
    np.testing.assert_array_equal(read.encode(x).toarray(), learned.encode(x).toarray())
    config = json.loads((tmp_path / "d/cfg.json").read_text())
    config["metadata"]["unbraid"]["floor"] = -1
    (tmp_path / "d/cfg.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="floor cannot be -1"):
        Dictionary.load(tmp_path / "d")


def test_encoders_that_pick_keep_their_own_rule():
    x = make_world(n=400)[2]
    learned = fit(x, TopK(n_latents=24, k=3, training=Training(steps=200)), rng=0)
    np.testing.assert_array_equal(learned.encode(x).toarray(), bare(learned).encode(x).toarray())
    lasso = learned.encode(x, by="fista")
    assert lasso.l0 < bare(learned).encode(x, by="fista").l0
    few = learned.encode(x[:5], by="fista")  # the penalty too is the dictionary's own
    np.testing.assert_allclose(few.toarray(), lasso[:5].toarray(), rtol=1e-3, atol=1e-5)
    inside = DictionaryTransformer(learned.method, by="fista", random_state=0).fit(x)
    assert inside.dictionary_.floor > 0


def test_baselines_and_untrained_controls_have_none():
    x = make_world(n=200)[2]
    for method in (PCA(), RandomDictionary(of=Pursuit(n_latents=20, k=2))):
        assert fit(x, method, rng=0).floor == 0


def test_posterior_means_of_a_dictionary_made_by_hand_count_above_the_noise():
    _, atoms, x = make_world(n=300)
    prior = Prior(rate=np.full(24, 2 / 24), mean=np.ones(24), variance=np.full(24, 0.08),
                  noise=0.01)  # fmt: skip
    made = Dictionary(atoms=atoms, offset=np.zeros(14), method=Pursuit(), by="posterior",
                      prior=prior)  # fmt: skip
    codes = made.encode(x)
    assert np.abs(codes.data).min() > 0.1
    assert codes.l0 == pytest.approx(2, abs=0.2)
    assert bare(made).encode(x).l0 > codes.l0
