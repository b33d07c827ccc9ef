"""Composites of pictures: where pixels add up by construction, the studies must say so."""

import json

import numpy as np
import pytest
from PIL import Image as PIL
from scipy import io as scipy_io

from unbraid import studies
from unbraid.responses import network
from unbraid.responses._formats.arrays.safetensors import write_tensors
from unbraid.studies.networks._composites import (
    ARRANGEMENTS,
    EMPTY,
    SIDE,
    CanvasSystem,
    Things,
    canvases,
    things,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """92 coloured discs on grey, in the layout of the real file, and a network's weights."""
    rng = np.random.default_rng(5)
    where = tmp_path_factory.mktemp("data")
    (where / "images92_rsatoolbox").mkdir()
    ys, xs = np.mgrid[:175, :175]
    entries = np.empty((1, 92), dtype=[("image", object)])
    for i in range(92):
        coarse = PIL.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8)).resize((175, 175))
        disc = (ys - 87) ** 2 + (xs - 87) ** 2 < rng.integers(40, 80) ** 2
        entries[0, i]["image"] = np.where(disc[..., None], np.asarray(coarse), np.uint8(128))
    names = np.empty((1, 2), dtype=[("name", object), ("RDM", object)])
    for i, name in enumerate(("mIT_674neurons", "hIT_316vx")):
        names[0, i] = (name, rng.random((1, 4186)))
    human = np.empty((1, 4, 2), dtype=[("RDM", object)])
    for place in np.ndindex(human.shape):
        human[place]["RDM"] = rng.random((92, 92))
    main = {"stimuli_92objs": entries, "RDMs_mIT_hIT_fig1": names}
    root = where / "images92_rsatoolbox"
    scipy_io.savemat(root / "Kriegeskorte_Neuron2008_supplementalData.mat", main)
    scipy_io.savemat(root / "92_brainRDMs.mat", {"RDMs": human})
    state = {
        k: v.numpy()
        for k, v in network("squeezenet1_1", untrained=True, rng=1).model.state_dict().items()
    }
    write_tensors(where / "squeezenet1_1.safetensors", state, {})
    return where


def test_things_stand_where_they_are_put_and_the_second_in_front(rng):
    shown = Things(
        np.stack([np.full((SIDE, SIDE, 3), v, np.uint8) for v in (10, 200)]),
        np.stack([np.ones((SIDE, SIDE), bool), np.eye(SIDE, dtype=bool)]),
    )
    first, second = np.array([0]), np.array([1])
    alone = canvases(shown, [first], ["left"])
    assert (alone[0, 56:168, :112] == 10).all()
    assert (alone[0, :, 112:] == 128).all()
    both = canvases(shown, [first, second], ["back", "front"])[0]
    assert (both[28:84, 28:140] == 10).all()
    assert (both[100, 100] == 200).all()  # on the second's diagonal, over the first
    assert (both[100, 101] == 10).all()  # the second's mask lets the first through
    assert (both[200, 190] == 128).all()
    assert (EMPTY == 128).all()


def test_side_by_side_the_pair_is_the_sum_of_its_parts(folder, rng):
    shown = things("objects", folder)
    assert shown.masks[:, 0].sum() == 0
    assert shown.masks.any(axis=(1, 2)).all()
    first, second = np.arange(4), np.arange(4, 8)
    left, right = (canvases(shown, [r], [p]) for r, p in ((first, "left"), (second, "right")))
    both = canvases(shown, [first, second], ARRANGEMENTS["in place"].together)
    np.testing.assert_array_equal(left.astype(int) + right - EMPTY, both)


def test_a_sources_answers_come_back_to_their_names(folder):
    net = network("squeezenet1_1", folder)
    shown = things("objects", folder)
    pictures = {n: canvases(shown, [np.arange(n)], ["centre"]) for n in (2, 3)}
    found = CanvasSystem("net", net, ("relu1", "fire9")).answers(pictures)
    assert set(found) == {"net relu1", "net fire9"}
    for layer in found.values():
        np.testing.assert_allclose(layer[2], layer[3][:2], rtol=1e-4, atol=1e-5)
    assert CanvasSystem("pixels").answers({"e": EMPTY})["pixels"]["e"].shape == (1, 112 * 112 * 3)


def test_additivity_knows_what_is_additive_by_construction(folder):
    study = studies.Additivity(
        data=folder, networks=folder, kinds=("objects",), networks_used=("squeezenet1_1",),
        pairs=4, seeds=1,
    )  # fmt: skip
    result = studies.run(study)
    cells = {
        (row["arrangement"], row["source"], row["zero"], row["baseline"]): row
        for row in result.table
    }
    exact = cells["in place", "pixels", "empty canvas", "parts"]
    assert exact["cosine"] == pytest.approx(1)
    assert exact["explained"] == pytest.approx(1)
    assert cells["in place", "pixels", "mean", "parts"]["cosine"] < 0.99
    # local features averaged over positions add up wherever the things stand
    moved = cells["moved", "squeezenet1_1 relu1", "empty canvas", "parts"]
    assert moved["explained"] > 0.98
    assert cells["moved", "pixels", "empty canvas", "parts"]["explained"] < 0.5
    assert len(result.claims) == 5
    json.dumps(result.record(), allow_nan=False)


def test_analogy_is_solved_by_pixels_in_place(folder):
    study = studies.Analogy(
        data=folder, networks=folder, kinds=("objects",), networks_used=("squeezenet1_1",),
        triples=4, seeds=1,
    )  # fmt: skip
    result = studies.run(study)
    rows = {(row["arrangement"], row["source"]): row for row in result.table}
    exact = rows["in place", "pixels"]
    assert exact["first"] == 1
    assert exact["cosine"] == pytest.approx(1)
    assert exact["candidates"] == 15
    assert rows["moved", "pixels"]["cosine"] < 0.9
    assert rows["moved", "squeezenet1_1 relu1"]["first"] == 1
    assert len(result.claims) == 5
