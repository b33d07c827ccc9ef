"""Codes of parts of stimuli: identities of a linear code, rows, and what is refused."""

import numpy as np
import pytest

import unbraid as ub
from unbraid import responses, sparse
from unbraid.errors import InputError

NAMES = [f"p{i}" for i in range(30)]


@pytest.fixture(scope="module")
def maps():
    """Of 30 pictures: 9 places, 6 channels; and principal components of their means."""
    rng = np.random.default_rng(0)
    found = rng.normal(size=(30, 9, 6))
    x = ub.Responses(found.mean(axis=1), stimuli=NAMES)
    learned = ub.fit(x, sparse.PCA(n_latents=4), rng=0)
    return found, learned, learned.encode(x)


def places(found, order=slice(None)):
    ids = np.array([f"{name}@{place}" for name in NAMES for place in range(9)])
    return ub.Responses(found.reshape(-1, 6)[order], stimuli=ids[order])


def test_the_places_of_a_mean_have_its_code_as_their_mean(maps):
    found, learned, codes = maps
    shuffled = np.random.default_rng(1).permutation(270)
    parts = sparse.parts_given(learned, codes, NAMES, places(found, shuffled))
    for view in sparse.latent_views(codes, learned.atoms, parts=parts):
        rows, values = zip(*view.strongest, strict=True)
        np.testing.assert_allclose(view.maps.mean(axis=1), values, atol=1e-6)
        direct = (found[list(rows)] - learned.offset) @ learned.atoms[view.latent]
        np.testing.assert_allclose(view.maps, direct, atol=1e-6)


def test_trials_have_the_code_of_their_mean_and_missing_ones_none(maps):
    found, learned, _ = maps
    trials = found.transpose(1, 0, 2).copy()
    trials[6:, 10] = np.nan
    x = ub.Responses(np.nanmean(trials, axis=0), stimuli=NAMES, repeats=trials)
    codes = learned.encode(x)
    parts = sparse.parts_given(learned, codes, NAMES, x)
    assert parts.kind == "trials"
    for view in sparse.latent_views(codes, learned.atoms, parts=parts):
        rows, values = zip(*view.strongest, strict=True)
        np.testing.assert_allclose(np.nanmean(view.maps, axis=1), values, atol=1e-6)
        missing = np.isnan(view.maps).sum(axis=1)
        assert missing.tolist() == [3 if row == 10 else 0 for row in rows]


def test_what_cannot_be_parts_is_refused(maps):
    found, learned, codes = maps
    whole = ub.Responses(found[:, 0], stimuli=NAMES)
    with pytest.raises(InputError, match="maps must have rows STIMULUS@NUMBER"):
        sparse.parts_given(learned, codes, NAMES, whole, name="maps")
    with pytest.raises(InputError, match="of the dictionary's 6 units, got 5 units"):
        sparse.parts_given(learned, codes, NAMES, ub.Responses(found[:, 0, :5]))
    with pytest.raises(InputError, match="has parts of 'p0', and none of 'q0'"):
        others = [f"q{i}" for i in range(30)]
        sparse.parts_given(learned, codes, others, places(found))
    with pytest.raises(InputError, match="trials of the stimuli, matched by id"):
        one = ub.Responses(found[:2, 0], repeats=np.stack([found[:2, 0]] * 2))
        sparse.parts_given(learned, codes, NAMES, one)


def test_ids_of_parts():
    found = responses.parts_of(["b@1", "a@0", "b@0"])
    assert found.names.tolist() == ["b", "a"]
    assert found.table().tolist() == [[2, 0], [1, -1]]
    for ids in (None, [], ["a", "b"], ["a@1", "b@1"], ["@0", "@1"], ["a@0", "a@x"], ["a@1.5"] * 2):
        assert responses.parts_of(ids) is None
    assert responses.parts_of(["me@home@0", "me@home@1"]).names.tolist() == ["me@home"]


@pytest.mark.parametrize("tokens, says", [
    ([["a"]], "must hold 2 or more of text '0', got 1 of text '0'"),
    ({"1": ["a", "b"]}, "of text '0', got none"),
])  # fmt: skip
def test_tokens_must_be_there(tokens, says, tmp_path):
    with pytest.raises(InputError, match=says):
        responses.tokens_by_id(tokens, ["0@0", "0@1"])
    (tmp_path / "t.json").write_text('[["a", 1]]')
    with pytest.raises(InputError, match="must be JSON: a list of lists of tokens"):
        responses.tokens_by_id(tmp_path / "t.json", ["0@0", "0@1"])
    (tmp_path / "t.json").write_text('{"0": ["x", "y"]}')
    assert responses.tokens_by_id(str(tmp_path / "t.json"), ["0@0", "0@1"])(1) == ["x", "y"]
    with pytest.raises(InputError, match="there are no ids"):
        responses.tokens_by_id(tokens, None)
