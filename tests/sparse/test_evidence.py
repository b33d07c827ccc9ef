"""What every dictionary says about itself, against values by hand."""

import numpy as np
import pytest

from unbraid.sparse import PCA, Dictionary, Pursuit, SparseCoding, TopK, fit
from unbraid.sparse._evidence import Evidence
from unbraid.sparse.evidence._measure import _amortization_gap, _coherence
from unbraid.sparse.inference._encoder import Encoder


def test_active_latents_and_units_are_reckoned(make_world):
    world = make_world(n_features=24, n_units=20, k=2, n=1500)
    seen = fit(world.x, Pursuit(n_latents=24, k=2, offset="zero"), rng=0).evidence
    z = world.features
    expected = np.mean(z.sum(1) ** 2 / (z**2).sum(1))
    assert seen.n_active == pytest.approx(expected, rel=0.02)
    assert seen.l0 == pytest.approx(2, rel=0.02)
    assert seen.density == pytest.approx(2 / 24, rel=0.02)
    assert seen.units_for_bound == pytest.approx(20 / (2 * np.log(24 / 2)), rel=0.02)
    cosine = np.abs(world.atoms @ world.atoms.T) - np.eye(24)
    assert seen.coherence == pytest.approx(cosine.max(), abs=0.02)
    assert "linear encoder" in seen.recovery


def test_coherence_by_hand():
    atoms = np.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 4.0], [0.0, 0.0]])
    assert _coherence(atoms) == pytest.approx(0.8)
    assert np.isnan(_coherence(atoms[:1]))


@pytest.mark.parametrize(("ratio", "said"), [
    (5.0, "even for the codes"), (3.5, "learn atoms by pursuit"), (2.2, "if few are active"),
    (1.6, "known atoms, and by sparse coding"), (0.9, "too few for recovery by any method"),
    (float("nan"), "not computed"),
])  # fmt: skip
def test_recovery_is_said_plainly(ratio, said):
    assert said in Evidence(units_for_bound=ratio).recovery


@pytest.mark.filterwarnings("ignore:.*stimuli are few:RuntimeWarning")
def test_too_few_stimuli_are_seen_where_units_are_enough():
    rng = np.random.default_rng(2)
    atoms = rng.normal(size=(200, 40))
    z = (rng.random((3200, 200)) < 0.02) * rng.random((3200, 200))
    method = SparseCoding(n_latents=200, iterations=40, offset="zero")
    few, many = (fit((z @ atoms)[:n], method, rng=0).evidence for n in (400, 3200))
    assert few.units_for_bound > 2 and "too few stimuli" in few.recovery
    assert "unexplained" not in many.recovery


def test_dense_codes_are_no_features():
    assert "not sparse" in Evidence(units_for_bound=30.0, density=0.4).recovery
    assert "even for the codes" in Evidence(units_for_bound=30.0, density=0.3).recovery
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 12)) @ rng.normal(size=(12, 30))
    assert "not sparse" in fit(x, PCA(n_latents=12), rng=0).evidence.recovery


def with_encoder(atoms, weights, k):
    kind = np.float32
    encoder = Encoder(weights=weights.T.astype(kind), bias=np.zeros(len(atoms), kind),
                      activation="topk", k=k)  # fmt: skip
    offset = np.zeros(atoms.shape[1], kind)
    return Dictionary(atoms=atoms.astype(kind), offset=offset, encoder=encoder, method=TopK(k=k),
                      k=k)  # fmt: skip


def test_the_amortization_gap_is_what_the_encoder_alone_loses(make_world):
    world = make_world(n_features=24, n_units=20, k=2, n=600)
    tied = with_encoder(world.atoms, world.atoms, 2)
    rows = world.x[:: 600 // 256 + 1]
    by_pursuit = tied.fvu(rows, tied.encode(rows, by="omp", k=2))
    assert by_pursuit < 0.05  # atoms are the truth: what is left is the encoder's fault
    gap = _amortization_gap(tied, rows, None)
    assert gap == pytest.approx(tied.fvu(rows, tied.encode(rows)) - by_pursuit, abs=1e-6)
    assert gap > 0.05
    # one active of orthogonal atoms: the linear encoder is exact, and there is no gap
    alone = np.eye(6)[np.arange(300) % 6] * np.linspace(1, 2, 300)[:, None]
    assert _amortization_gap(with_encoder(np.eye(6), np.eye(6), 1), alone, None) == pytest.approx(
        0, abs=1e-6
    )


def test_the_gap_is_measured_on_what_was_held_out(make_world):
    world = make_world(n=1000)
    tied = with_encoder(world.atoms, world.atoms, 2)
    held = np.arange(100)
    x = np.concatenate([world.x[:100], np.full((900, 14), 7.0) * np.arange(900)[:, None]])
    assert _amortization_gap(tied, x, held) == _amortization_gap(tied, world.x[:100], None)
    learned = fit(world.x, TopK(k=2, n_latents=48, training={"steps": 200}), rng=0)
    assert 0 < learned.evidence.amortization_gap < 0.5
    assert np.isnan(fit(world.x, Pursuit(n_latents=24, k=2), rng=0).evidence.amortization_gap)
    assert np.isnan(fit(world.x, PCA(), rng=0).evidence.amortization_gap)  # dense: no pursuit


@pytest.mark.filterwarnings("ignore:.*stimuli are few:RuntimeWarning")
def test_an_encoder_is_told_that_its_atoms_do_not_predict_units(rng):
    atoms = rng.normal(size=(60, 33))
    z = rng.random((2400, 60)) < 0.1
    method = TopK(n_latents=120, k=6, training={"steps": 300})
    few, many = (fit(z[:n] @ atoms, method, rng=0).evidence for n in (400, 2400))
    assert few.units_for_bound > 1.5  # units would suffice
    assert "do not read the latents as features" in few.recovery
    truth = fit(z @ atoms, SparseCoding(n_latents=60), rng=0).evidence
    assert truth.fvu_held_out_units < many.fvu_held_out_units < few.fvu_held_out_units
    alone = TopK(n_latents=120, k=6, training={"steps": 9, "held_out": 0})
    unjudged = fit(z @ atoms, alone, rng=0)
    assert np.isnan(unjudged.evidence.fvu_held_out_units)


def test_evidence_from_some_of_the_stimuli_is_near_that_from_all(make_world, monkeypatch):
    world = make_world(n=4000, noise=0.05)
    method = SparseCoding(n_latents=30, iterations=10, cycles=0)
    whole = fit(world.x, method, rng=0).evidence
    for name in ("_PURSUED_NUMBERS", "_SEARCHED_NUMBERS"):  # every second
        monkeypatch.setattr(f"unbraid.sparse.evidence._measure.{name}", 60_000)
    some = fit(world.x, method, rng=0).evidence
    assert some.n_stimuli == whole.n_stimuli == 4000
    assert some.l0 != whole.l0
    assert some.l0 == pytest.approx(whole.l0, rel=0.05)
    assert some.fvu == pytest.approx(whole.fvu, rel=0.2)
