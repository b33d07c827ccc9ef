"""Dictionaries: codes carry ids, files keep every bit, input mistakes cost one line."""

import json
import warnings

import numpy as np
import pytest
import torch

from unbraid.errors import InputError
from unbraid.responses import Responses
from unbraid.sparse import (
    METHODS,
    Auto,
    Dictionary,
    Longon2025Dnn,
    Longon2025Toy,
    Pursuit,
    RandomDictionary,
    RandomExpansion,
    ShuffledLatents,
    TopK,
    fit,
    parse_method,
    shuffle_latents,
)

QUICK = [
    TopK(k=2, training={"steps": 30}),
    Longon2025Toy(n_latents=24, batch_size=64),
    Longon2025Dnn(epochs=1, k=3),
    Pursuit(n_latents=20, k=2, iterations=4, restarts=1),
    RandomDictionary(of=TopK(k=2)),
    RandomExpansion(k=3),
    ShuffledLatents(of=Pursuit(n_latents=20, k=2, iterations=4, restarts=1)),
]


@pytest.mark.parametrize("method", QUICK, ids=lambda method: type(method).__name__)
def test_fit_is_a_function_of_its_seed(make_world, method):
    x = make_world(n=400).x
    before, state = x.copy(), torch.random.get_rng_state()
    first, again, other = (fit(x, method, rng=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.atoms, again.atoms)
    assert not np.array_equal(first.atoms, other.atoms)
    np.testing.assert_array_equal(x, before)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("method", QUICK, ids=lambda method: type(method).__name__)
def test_saved_and_loaded_is_the_same(make_world, tmp_path, method):
    x = make_world(n=400).x
    learned = fit(x, method, rng=0)
    learned.save(tmp_path / "d")
    again = Dictionary.load(tmp_path / "d")
    assert again.method == learned.method
    np.testing.assert_array_equal(again.encode(x).toarray(), learned.encode(x).toarray())
    np.testing.assert_equal(again.evidence.to_dict(), learned.evidence.to_dict())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d"]
    learned.save(tmp_path / "d")  # replaces
    assert Dictionary.load(tmp_path / "d").method == learned.method


@pytest.mark.parametrize("method", QUICK, ids=lambda method: type(method).__name__)
def test_codes_carry_stimulus_ids_and_decode(make_world, method):
    world = make_world(n=300)
    ids = [f"s{i}" for i in range(300)]
    learned = fit(Responses(world.x, stimuli=ids), method, rng=0)
    codes = learned.encode(Responses(world.x, stimuli=ids))
    assert list(codes.stimuli) == ids
    decoded = learned.decode(codes)
    expected = codes.toarray() @ learned.atoms + learned.offset
    if learned.transform == "layer_norm":  # decoded in the units of the responses
        size = world.x.std(axis=1, ddof=1, keepdims=True)
        expected = expected * size + world.x.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(decoded, expected, rtol=1e-4, atol=1e-4)
    if not isinstance(method, ShuffledLatents):
        assert learned.fvu(world.x, codes) == pytest.approx(learned.evidence.fvu, rel=1e-4)
        assert learned.evidence.l0 == pytest.approx(codes.l0)


def test_rows_of_codes_do_not_depend_on_the_other_rows(make_world):
    world = make_world(n=300)
    learned = fit(world.x, Pursuit(n_latents=20, k=2, iterations=4, restarts=1, by="fista"), rng=0)
    whole = learned.encode(world.x).toarray()
    np.testing.assert_allclose(learned.encode(world.x[:7]).toarray(), whole[:7], atol=1e-9)


def test_random_dictionary_is_where_training_starts(make_world):
    x = make_world(n=300).x
    method = TopK(k=2, training={"steps": 1, "learning_rate": 1e-12})
    start, trained = fit(x, RandomDictionary(of=method), rng=3), fit(x, method, rng=3)
    np.testing.assert_allclose(start.atoms, trained.atoms, atol=1e-6)


def test_shuffled_latents_keep_values_and_lose_their_rows(make_world, rng):
    codes = fit(make_world(n=500).x, Pursuit(n_latents=20, k=2, iterations=4, restarts=1), rng=0)
    codes = codes.encode(make_world(n=500).x)
    shuffled = shuffle_latents(codes, rng=rng)
    np.testing.assert_array_equal(np.sort(codes.toarray(), 0), np.sort(shuffled.toarray(), 0))
    together = (codes.T @ codes).toarray()[np.triu_indices(20, 1)].sum()
    assert not np.array_equal(codes.toarray(), shuffled.toarray())
    assert (shuffled.T @ shuffled).toarray()[np.triu_indices(20, 1)].sum() != together
    again = shuffle_latents(codes, rng=5)
    np.testing.assert_array_equal(again.toarray(), shuffle_latents(codes, rng=5).toarray())


def test_random_expansion_has_the_density_asked_for(rng):
    x = rng.normal(size=(500, 12))
    codes = fit(x, RandomExpansion(n_latents=50, k=5), rng=0).encode(x)
    assert codes.shape == (500, 50)
    assert codes.l0 == 5


@pytest.mark.parametrize("k", [2, 30])  # sparse products, dense blocks
def test_random_expansion_decodes_by_least_squares(rng, monkeypatch, k):
    monkeypatch.setattr("unbraid.sparse.baselines.controls._DENSE_ROWS", 64)
    x = rng.normal(size=(300, 12))
    learned = fit(x, RandomExpansion(n_latents=30, k=k), rng=0)
    codes = learned.encode(x).toarray()
    expected = np.linalg.lstsq(codes, x - learned.offset, rcond=None)[0]
    np.testing.assert_allclose(learned.atoms, expected, rtol=0.01, atol=1e-3)


def test_auto_says_how_it_chose_and_resolves_to_a_method(make_world):
    world = make_world(n=800)
    learned = fit(world.x, Auto(), rng=0)
    assert not isinstance(learned.method, Auto)
    assert learned.evidence.chosen["trials"]
    control = fit(world.x, RandomDictionary(of=learned.method), rng=0)
    assert control.atoms.shape == learned.atoms.shape


def test_progress_is_told(make_world):
    caught = []
    fit(make_world(n=300).x, TopK(k=2, training={"steps": 40}), rng=0,
        progress=lambda message, share: caught.append((message, share)))  # fmt: skip
    assert caught[-1][1] == 1
    assert "fvu" in caught[-1][0]
    assert "dead" in caught[-1][0]


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_read_from_text(name):
    assert parse_method(name.lower()) == METHODS[name]()


def test_methods_with_options_are_read_from_text():
    assert parse_method("TopK(k=8, expansion=2.5)") == TopK(k=8, expansion=2.5)
    with pytest.raises(InputError, match="Unknown choice 'topkk'.*did you mean 'TopK'"):
        parse_method("topkk")
    with pytest.raises(InputError, match="written Name"):
        parse_method("topk(k=3")
    with pytest.raises(InputError, match="no option 'kk'; did you mean 'k'"):
        parse_method("topk(kk=3)")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((10, 3)), "x must vary over stimuli"),
        (np.ones((1, 3)), "at least 2 stimuli"),
        (np.ones(5), "x must have shape"),
        (np.array([[1.0, np.nan], [0, 1]]), "x must be finite"),
        ([["a", "b"]], "x must hold real numbers"),
    ],
)
def test_bad_responses_cost_one_line(x, message):
    with pytest.raises(InputError, match=message) as caught:
        fit(x, TopK(), rng=0)
    assert "\n" not in str(caught.value)


def test_bad_requests_cost_one_line(make_world, tmp_path):
    x = make_world(n=200).x
    with pytest.raises(InputError, match="method must be a method such as"):
        fit(x, "topk")
    learned = fit(x, Pursuit(n_latents=20, k=2, iterations=2, restarts=1), rng=0)
    with pytest.raises(InputError, match="has no encoder; use by='omp'"):
        learned.encode(x, by="encoder")
    with pytest.raises(
        InputError, match="by must be 'encoder', 'omp', 'fista', 'l0' or 'posterior'"
    ):
        learned.encode(x, by="lars")
    with pytest.raises(InputError, match="x must have the 14 units"):
        learned.encode(x[:, :5])
    with pytest.raises(InputError, match="k must be a whole number in 1..20"):
        learned.encode(x, by="omp", k=21)
    with pytest.raises(InputError, match="penalty must be a number"):
        learned.encode(x, by="fista", penalty=-1)
    with pytest.raises(InputError, match=r"codes must have shape \(n, 20\)"):
        learned.decode(x)
    with pytest.raises(InputError, match="is not a file"):
        Dictionary.load(tmp_path)
    (tmp_path / "keep.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        learned.save(tmp_path)


def test_damaged_files_cost_one_line(make_world, tmp_path):
    learned = fit(make_world(n=300).x, TopK(k=2, training={"steps": 5}), rng=0)
    folder = learned.save(tmp_path / "d")
    config, weights = folder / "cfg.json", folder / "sae_weights.safetensors"
    text, data = config.read_text(), weights.read_bytes()
    weights.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="damaged or not safetensors"):
        Dictionary.load(folder)
    weights.write_bytes(data)
    config.write_text(json.dumps(json.loads(text) | {"d_sae": 5}))
    with pytest.raises(InputError, match="must have shape"):
        Dictionary.load(folder)
    config.write_text(text[:50])
    with pytest.raises(InputError, match="is not valid JSON"):
        Dictionary.load(folder)
    config.write_text(text.replace('"format_version": 1', '"format_version": 9'))
    with pytest.raises(InputError, match="format version 9"):
        Dictionary.load(folder)


def test_few_stimuli_are_warned_of(rng):
    with pytest.warns(RuntimeWarning, match="few for 40 latents"):
        fit(rng.normal(size=(50, 10)), TopK(training={"steps": 5}), rng=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(rng.normal(size=(50, 10)), RandomDictionary(), rng=0)
