"""Auto against planted truth: width, active latents, offset and signs are found, not given."""

import json

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.sparse import Auto, Dictionary, RandomDictionary, fit
from unbraid.sparse._log import Log
from unbraid.sparse._method import rebuilt
from unbraid.sparse.auto._plan import AutoPlan
from unbraid.sparse.auto.auto import learned as learn


def planted(rng, n, size, *, noise=0.0, signed=False, zipf=0.0, offset=0.0, values="uniform"):
    """Return features and responses of a world with Bernoulli supports, at least one active."""
    n_features, n_units, k = size
    atoms = rng.normal(size=(n_features, n_units))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    share = np.arange(1, n_features + 1.0) ** -zipf
    on = rng.random((n, n_features)) < np.minimum(1, k * share / share.sum())
    z = on * (rng.exponential(size=on.shape) if values == "exponential" else rng.uniform(
        0.3, 1.3, on.shape))  # fmt: skip
    if signed:
        z *= rng.choice([-1, 1], on.shape)
    shift = offset * rng.normal(size=n_units)
    return z, z @ atoms + shift + noise * rng.normal(size=(n, n_units))


WORLDS = {
    "noisy and rare": ({"noise": 0.05, "zipf": 0.7}, 0.95),
    "far from zero, heavy tails": (
        {"noise": 0.03, "offset": 3.0, "values": "exponential"}, 0.96),
}  # fmt: skip


@pytest.mark.parametrize("name", WORLDS)
def test_features_are_recovered_and_counted(name, rng, mcc):
    options, least = WORLDS[name]
    z, x = planted(rng, 2600, (30, 16, 2), **options)
    learned = fit(x[:2000], Auto(), rng=0)
    assert mcc(z[2000:], learned.encode(x[2000:])) > least
    assert learned.n_latents == pytest.approx(30, abs=2)
    assert not learned.signed
    chosen = learned.evidence.chosen
    assert chosen["best"]["n_latents"] == learned.n_latents
    errors = [trial["held_out_units"] for trial in chosen["trials"]]
    assert chosen["best"]["held_out_units"] <= 1.05 * min(errors) + 1e-3


def test_few_noisy_stimuli(make_world):
    world = make_world(n_features=30, n_units=18, k=2, n=600, noise=0.06)
    learned = fit(world.x[:200], Auto(), rng=0)
    test = slice(200, None)
    assert world.mcc(learned.encode(world.x[test]), test) > 0.93


def test_signed_features_are_seen_to_be_signed(rng, mcc):
    z, x = planted(rng, 2000, (20, 14, 1.7), signed=True, noise=0.02)
    learned = fit(x[:1600], Auto(), rng=0)
    assert learned.signed
    assert learned.n_latents == pytest.approx(20, abs=4)
    assert mcc(z[1600:], learned.encode(x[1600:])) > 0.95


def test_signed_features_are_seen_in_few_stimuli(rng, mcc):
    z, x = planted(rng, 750, (24, 40, 2.5), signed=True, noise=0.08)
    learned = fit(x[:150], Auto(), rng=0)  # unsigned atoms are too poor to be opposite
    assert learned.signed
    assert mcc(z[150:], learned.encode(x[150:])) > 0.85


def test_the_unit_of_measurement_does_not_matter(make_world):
    x = make_world(n_features=10, n_units=8, n=200).x
    small, large = (fit(scale * x, Auto(), rng=0) for scale in (2.0**-20, 2.0**20))
    np.testing.assert_array_equal(small.atoms, large.atoms)
    one, other = small.encode(2.0**-20 * x), large.encode(2.0**20 * x)
    np.testing.assert_allclose(2.0**40 * one.toarray(), other.toarray(), rtol=1e-3, atol=1e3)


@pytest.mark.parametrize("step", sorted(AutoPlan().steps))
def test_each_step_can_be_left_out(step, make_world):
    x = make_world(n_features=8, n_units=7, k=2, n=60, noise=0.1).x
    plan = AutoPlan(steps=AutoPlan().steps - {step})
    made = learn(x, plan, np.random.default_rng(0), Log())
    assert made.encode(x).shape == (60, made.n_latents)


def test_an_unknown_step_is_refused():
    with pytest.raises(InputError, match=r"steps must be of .*widen.*, got \['wdien'\]"):
        AutoPlan(steps=frozenset({"wdien"}))


def test_steps_left_out_are_not_run(make_world):
    x = make_world(n_features=8, n_units=7, k=2, n=60, noise=0.1).x
    bare = learn(x, AutoPlan(steps=frozenset()), np.random.default_rng(0), Log())
    tried = bare.evidence.chosen["trials"]
    assert [trial["method"]["name"] for trial in tried] == ["SparseCoding", "Refined"]
    assert tried[0]["n_latents"] == 20 - 4  # three stimuli per latent, and a fifth of them held out


def test_a_choice_saved_with_options_that_are_gone_is_read(tmp_path):
    old = {"name": "Auto", "most_expansion": 64.0, "most_active": 16, "autoencoder": False}
    assert rebuilt(old) == Auto(most_expansion=64.0)
    for name, value in (("most_active", 8), ("autoencoder", True)):
        with pytest.warns(RuntimeWarning, match=f"no option {name} any more: {value} is ignored"):
            assert rebuilt(old | {name: value}) == Auto(most_expansion=64.0)
    with pytest.raises(InputError, match="most_activ"):
        Auto(most_activ=8)


def test_a_dictionary_saved_when_auto_had_more_options_is_loaded(rng, tmp_path):
    made = fit(rng.normal(size=(40, 4)), RandomDictionary(of=Auto(most_expansion=2)), rng=0)
    folder = made.save(tmp_path / "old")
    config = json.loads((folder / "cfg.json").read_text())
    config["metadata"]["unbraid"]["method"]["of"] |= {"most_active": 16, "autoencoder": False}
    (folder / "cfg.json").write_text(json.dumps(config))
    assert Dictionary.load(folder).method == made.method
