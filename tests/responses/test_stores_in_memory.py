"""A store in the place of an array: read where it fits, else refused with what to do."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.errors import InputError
from unbraid.responses.labelled import _responses


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 60, 4)).astype(np.float32)
    order = rng.permutation(60)
    folder, found = tmp_path_factory.mktemp("stores"), []
    for name, rows in (("x", np.arange(60)), ("y", order)):
        with ub.responses.StoreWriter(
            folder / name, n_units=4, dtype="float32", rows_per_shard=25
        ) as writer:
            writer.append(values["xy".index(name)][rows], stimuli=[f"s{i}" for i in rows])
        found.append(ub.open_store(folder / name))
    return found, values


def test_metrics_and_comparisons_take_stores_and_match_rows_by_id(stores):
    (x, y), values = stores
    bare = {"permutations": 0, "resamples": 0}
    assert ub.align.cka(x, y, **bare).value == ub.align.cka(*values, **bare).value
    options = {"method": "PCA", "metrics": "cka", "seeds": 1, "permutations": 0, "resamples": 20}
    found, wanted = (ub.compare(*pair, **options) for pair in ((x, y), (x.read(), y.read())))
    assert [s.value for s in found.scores] == [s.value for s in wanted.scores]


def test_some_rows_are_read_with_their_ids(stores):
    (x, y), values = stores
    some = x.read([59, 3])
    np.testing.assert_array_equal(some.values, values[0][[59, 3]])
    assert list(some.stimuli) == ["s59", "s3"]
    with pytest.raises(InputError, match=r"rows must lie in 0\.\.59"):
        x.read([60])


def test_a_store_that_memory_cannot_hold_is_refused_with_what_to_do(stores, monkeypatch):
    (x, y), _ = stores
    monkeypatch.setattr(_responses, "free_memory", lambda: 2000.0)
    told = r"x is a store of 60 stimuli x 4 units.* store.read\(rows\), or .*fold_moments"
    with pytest.raises(InputError, match=told) as found:
        ub.align.cka(x, y)
    assert "\n" not in str(found.value)
