"""How interpretable latents are, as a comparison says it: known worlds, other judges, rows."""

import numpy as np
import pytest

import unbraid as ub
from unbraid import interpret
from unbraid.errors import InputError
from unbraid.sparse import Dictionary

FEW = {"metrics": ("semi_matching",), "permutations": 0, "resamples": 20}


@pytest.fixture(scope="module")
def world():
    """Features, two systems, and x's true dictionary beside one of random directions."""
    rng = np.random.default_rng(3)
    z = rng.uniform(0.5, 1.5, (900, 16)) * (rng.random((900, 16)) < 0.1)
    a, b = rng.normal(size=(2, 16, 12))
    ids = [f"im{i}" for i in range(len(z))]
    x, y = (ub.Responses(z @ of, stimuli=ids) for of in (a, b))
    return {"z": z, "x": x, "y": y, "a": a, "b": b, "ids": ids}


def compared(world, **given):
    true = [
        Dictionary(atoms=of / np.linalg.norm(of, axis=1, keepdims=True), offset=np.zeros(12),
                   method=ub.SparseCoding(n_latents=16), k=3, by="omp")
        for of in (world["a"], world["b"])
    ]  # fmt: skip
    return ub.compare(world["x"], given.pop("y", world["y"]), dictionaries=true, **given, **FEW)


def test_features_are_interpretable_to_the_other_system_and_to_a_judge_that_knows_them(world):
    by_systems = compared(world).interpretability
    assert [each.judge for each in by_systems] == ["units of y", "units of x"]
    by_truth = compared(world, judge=interpret.embeddings(world["z"], name="truth"))
    for each in by_truth.interpretability:
        assert each.value > 0.9
        assert each.judge == "truth"
    assert all(0.5 < each.value < 1 for each in by_systems)


@pytest.mark.parametrize("seed", range(3))
def test_a_judge_of_other_stimuli_leaves_chance(world, seed):
    wrong = world["z"][np.random.default_rng(seed).permutation(len(world["z"]))]
    for each in compared(world, judge=interpret.embeddings(wrong)).interpretability:
        assert each.interval.low - 0.03 < 1 / 6 < each.interval.high + 0.03


def test_the_judge_is_matched_by_id(world):
    order = np.random.default_rng(0).permutation(len(world["z"]))
    other = ub.Responses(world["z"][order], stimuli=[world["ids"][i] for i in order])
    one, two = (
        compared(world, judge=judge).interpretability[0]
        for judge in (ub.Responses(world["z"], stimuli=world["ids"]), other)
    )
    np.testing.assert_array_equal(one.values, two.values)
    with pytest.raises(InputError, match="judge must describe each stimulus of x"):
        compared(world, judge=other.take(np.arange(100)))


def test_one_system_is_no_judge_of_itself(world):
    result = compared(world, y=world["x"])
    assert result.interpretability == (None, None)
    result = compared(world, y=world["x"], judge=ub.Responses(world["z"], stimuli=world["ids"]))
    assert result.interpretability[0].value > 0.95


def test_it_is_a_column_of_matches_and_a_measure_of_the_browser(world, tmp_path):
    result = compared(world)
    row = result.matched().iloc[0]
    assert row["interpretability_y"] == result.interpretability[1].values[row["y"]]
    result.save(tmp_path / "run")
    index = (tmp_path / "run" / "browser" / "index.js").read_text()
    assert "by how alike they are to units of y" in index
    again = ub.load_run(tmp_path / "run")
    np.testing.assert_array_equal(
        again.interpretability[0].values, result.interpretability[0].values
    )
    assert result.record()["interpretability"][0]["measure"] == "intrusion_external"
