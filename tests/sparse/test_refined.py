"""Choosing by held-out units: the true number of features is where the error is least."""

import numpy as np
import pytest

from unbraid.interpret import mcc
from unbraid.sparse import (
    Auto,
    Dictionary,
    Pursuit,
    RandomDictionary,
    Refined,
    SparseCoding,
    SpikeAndSlab,
    TopK,
    fit,
)
from unbraid.sparse.inference._infer import Problem, held_out_units
from unbraid.sparse.learning._candidate import candidate, is_exact
from unbraid.sparse.learning._importance import unexplained_by_two
from unbraid.sparse.learning._refine import complete


def test_held_out_units_choose_the_number_of_active_latents(make_world):
    world = make_world(n_features=40, n_units=30, k=3, n=400, noise=0.1)
    errors = [held_out_units(world.x, world.atoms, Problem(by="omp", k=k)) for k in range(1, 9)]
    assert np.argmin(errors) in (2, 3)
    assert errors[-1] > 1.1 * min(errors)


def test_held_out_units_reject_atoms_that_are_no_features(make_world, rng):
    world = make_world(n_features=40, n_units=24, k=3, n=400, noise=0.1)
    junk = rng.normal(size=(40, 24))
    junk /= np.linalg.norm(junk, axis=1, keepdims=True)
    problem = Problem(by="fista", penalty=0.1)
    truth = held_out_units(world.x, world.atoms, problem)
    assert held_out_units(world.x, np.concatenate([world.atoms, junk]), problem) > 1.1 * truth
    assert held_out_units(world.x, world.atoms[:-4], problem) > 1.1 * truth


def test_a_composition_is_explained_by_two(rng):
    atoms = np.linalg.qr(rng.normal(size=(12, 12)))[0][:9]
    pair = (atoms[0] + 2 * atoms[1]) / np.sqrt(5)
    left = unexplained_by_two(np.concatenate([atoms, pair[None]]))
    assert left[-1] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(left[2:-1], 1, atol=1e-9)


@pytest.mark.seed(1)
def test_an_atom_that_judges_let_go_comes_back_and_no_other(make_world, rng):
    world = make_world(n_units=18, n=400, noise=0.05)
    x, atoms = world.x.astype(np.float32), world.atoms.astype(np.float32)
    lacking = candidate(x[:40], atoms[1:], np.zeros(18, np.float32))
    found = complete(x, lacking, rng)
    assert len(found.atoms) == len(atoms)
    assert (atoms @ found.atoms.T).max(1).min() > 0.95


def test_what_judges_could_not_show_comes_back_to_atoms_that_explain_them_exactly(make_world, rng):
    world = make_world(n_units=18, n=400)
    x, atoms = world.x.astype(np.float32), world.atoms.astype(np.float32)
    shown = np.flatnonzero(world.features[:, 0] == 0)[:60]
    lacking = candidate(x[shown], atoms[1:], np.zeros(18, np.float32))
    assert is_exact(lacking)
    found = complete(x, lacking, rng)
    assert len(found.atoms) == len(atoms)
    assert (atoms @ found.atoms.T).max(1).min() > 0.99


@pytest.mark.parametrize("wide", [
    TopK(k=2, n_latents=48, training={"steps": 600, "learning_rate": 1e-2}),
    Pursuit(k=4, n_latents=48),
], ids=["autoencoder", "pursuit"])  # fmt: skip
def test_a_wide_dictionary_is_reduced_to_the_true_features(make_world, tmp_path, wide):
    world = make_world(n_units=16, n=2500, noise=0.02)
    learned = fit(world.x, Refined(of=wide), rng=0)
    assert learned.n_latents == pytest.approx(24, abs=2)
    assert learned.method.n_latents == learned.n_latents
    assert world.mcc(learned.encode(world.x)) > 0.96
    control = fit(world.x, RandomDictionary(of=learned.method), rng=0)
    assert control.n_latents == learned.n_latents
    assert world.mcc(control.encode(world.x)) < 0.75
    again = fit(world.x, learned.method, rng=1)  # what was chosen serves another seed
    assert again.n_latents == learned.n_latents
    assert Dictionary.load(learned.save(tmp_path / "d")).method == learned.method


def test_auto_is_a_function_of_its_seed_and_takes_small_systems(rng):
    for shape in ((30, 1), (12, 3), (200, 6)):
        x = rng.normal(size=shape)
        first, again = (fit(x, Auto(), rng=4) for _ in range(2))
        np.testing.assert_array_equal(first.atoms, again.atoms)
        assert first.encode(x).shape == (shape[0], first.n_latents)


@pytest.mark.parametrize("n_latents", [30, None])
def test_few_units_are_refined_by_the_fewest_latents(n_latents, rng):
    """30 features in nine units: as `Auto` does it, and so another seed of what `Auto` chose."""
    z = np.zeros((1500, 30))
    at = np.argsort(rng.random(z.shape), 1)[:, :2]
    np.put_along_axis(z, at, rng.uniform(0.5, 1.5, at.shape), 1)
    x = z @ rng.normal(size=(30, 9))
    method = Refined(of=SparseCoding(n_latents=45, cycles=0), n_latents=n_latents)
    learned = fit(x, method, rng=0)
    assert learned.by == "l0"
    assert learned.n_latents == pytest.approx(30, abs=1)
    assert mcc(learned.encode(x), z) > 0.9  # .93 to 1 by processor: where two atoms end
    assert learned.evidence.fvu_held_out_units < 0.2


def test_atoms_are_added_where_fewer_were_learned_than_are_asked_for(rng):
    atoms = rng.normal(size=(24, 16))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    z = (rng.random((1500, 24)) < 2 / 24) * rng.uniform(0.5, 1.5, (1500, 24))
    x = z @ atoms + 0.02 * rng.normal(size=(1500, 16))
    few = SparseCoding(n_latents=18, cycles=0)
    learned = fit(x, Refined(of=few, n_latents=24), rng=0)
    assert 22 <= learned.n_latents <= 24
    assert np.count_nonzero(np.abs(atoms @ learned.atoms.T).max(1) > 0.95) >= 21
    control = fit(x, RandomDictionary(of=learned.method), rng=0)
    assert control.n_latents == learned.n_latents


@pytest.mark.seed(3)
def test_a_choice_for_few_stimuli_learns_as_well_from_another_seed(rng):
    on = rng.random((700, 96)) < 4 / 96
    z = on * rng.uniform(0.5, 1.5, on.shape)
    x = z @ rng.normal(size=(96, 64))
    x += 0.05 * x.std() * rng.normal(size=x.shape)
    first = SparseCoding(n_latents=66, cycles=0)  # of few stimuli Auto begins with few latents
    method = SpikeAndSlab(of=Refined(of=first, n_latents=100))
    learned = fit(x[:250], method, rng=0)
    assert learned.n_latents > 90
    assert mcc(learned.encode(x[250:]), z[250:]) > 0.9
