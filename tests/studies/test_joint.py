"""The study `joint`: its parts find what is planted, and its claims can fail."""

import numpy as np
import pytest

from unbraid import interpret, responses, sparse, studies
from unbraid.errors import InputError
from unbraid.studies._across import across
from unbraid.studies.several import _naming, _random, _real
from unbraid.studies.several._joined import joined_codes, wrongly_paired
from unbraid.studies.several.joint import JointStudy
from unbraid.studies.systems._v4 import Session

SMALL = {
    "n_features": 16, "active": 2, "units": (4,), "systems": (1, 2), "n_stimuli": 2000,
    "seeds": 1, "world": (8, 4, 16),
}  # fmt: skip


def silent(said, share):  # noqa: ARG001
    return


def test_two_random_encodings_tell_what_one_does_not():
    options = JointStudy(**SMALL)
    found = _random.curves(options, silent)
    assert found["learned", 2, 4].mean > found["learned", 1, 4].mean + 0.2
    assert found["known", 2, 4].mean > found["learned", 2, 4].mean - 0.05
    (claim,) = _random.claims(found, options)
    assert claim.holds
    worse = {**found, ("learned", 2, 4): across([found["learned", 1, 4].mean])}
    assert not _random.claims(worse, options)[0].holds
    assert len(_random.figure(found, options).series) == 4
    table, claims = _random.shared_and_private(options, silent)
    assert all(each.holds for each in claims)
    assert [row["pairing"] for row in table] == ["true", "wrong"]


def test_claims_about_networks_can_fail():
    options = JointStudy(naming_units=(8,), networks_together=(1, 2))
    found = {
        ("mcc", 1, 8): across([0.3, 0.32]),
        ("mcc", 2, 8): across([0.6, 0.7]),
        ("agreement", 1, 8): across([0.4]),
        ("permuted", 2, 8): across([0.2]),
    }
    assert all(claim.holds for claim in _naming.claims(found, options))
    found["mcc", 2, 8], found["permuted", 2, 8] = across([0.3]), across([0.6])
    assert not any(claim.holds for claim in _naming.claims(found, options))
    assert [figure.title for figure in _naming.figures(found, options)] == [
        "Trained networks that name handwriting", "Disjoint groups of networks"
    ]  # fmt: skip


def test_the_pairing_makes_joint_codes(rng):
    z = rng.uniform(0.5, 1.5, (1500, 12)) * (rng.random((1500, 12)) < 0.12)
    systems = [z @ rng.normal(size=(12, 5)) for _ in range(2)]
    tested = [x[:300] for x in systems]
    method = sparse.SparseCoding(n_latents=12, cycles=0)
    right = interpret.mcc(joined_codes(systems, tested, method, rng), z[:300])
    wrong = joined_codes(wrongly_paired(systems, rng), tested, method, rng)
    assert right > interpret.mcc(wrong, z[:300]) + 0.3


@pytest.fixture
def recorded(monkeypatch):
    """Put an untrained network in the place of both, and a linear map of it in V4's."""
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (600, 12)) * (rng.random((600, 12)) < 0.12)
    maps = {"a": rng.normal(size=(12, 20)), "b": rng.normal(size=(12, 15))}

    def day(wrong=False):
        v4 = z @ rng.normal(size=(12, 18)) + 0.05 * rng.normal(size=(600, 18))
        v4 = v4[rng.permutation(600)] if wrong else v4
        return Session("day", Names(600), responses.Responses(v4))

    class Names:
        def __init__(self, n):
            self.names = tuple(f"picture {i}" for i in range(n))

        def take(self, rows):
            return Names(len(rows))

    monkeypatch.setattr(_real, "opened", lambda name, folder: name)  # noqa: ARG005
    monkeypatch.setattr(
        _real, "pooled",
        lambda net, pictures, layers, size, tell: {  # noqa: ARG005
            (layer, "units"): z @ maps[net] for layer in layers
        },
    )  # fmt: skip
    monkeypatch.setattr(_real, "data_folder", lambda given: given)

    def joined(wrong=False):
        monkeypatch.setattr(_real, "session", lambda data, name: day(wrong))  # noqa: ARG005
        options = JointStudy(
            layers=("a:top", "b:top"), n_pictures=600, real_seeds=1, refits=1,
            real_method="SparseCoding(n_latents=16, cycles=0)",
        )  # fmt: skip
        return (*_real.joined(options, silent), options)

    return joined


def test_networks_and_brain_share_what_they_share(recorded):
    result, day, systems, options = recorded()
    assert list(systems) == ["a", "b", "V4"]
    assert result.counts["shared"].value >= 9
    assert _real.claims(result)[0].holds
    rows = _real.rows(result, day, systems)
    assert {row["part"] for row in rows} == {
        "V4 and networks", "photographs", "units left out", "beside"
    }  # fmt: skip
    shown = [row for row in rows if row["part"] == "photographs"]
    assert all(len(row["photographs"].split("picture ")) == 6 for row in shown)
    assert _real.figure(result, options).series[0].x[0] == "shared"
    wrong, *_ = recorded(wrong=True)
    assert not _real.claims(wrong)[0].holds
    assert wrong.counts["shared"].value == 0


def test_without_data_there_are_no_real_systems(monkeypatch):
    monkeypatch.delenv("UNBRAID_DATA", raising=False)
    assert "needs real data" in JointStudy()._missing()
    with pytest.raises(InputError, match="needs real data"):
        JointStudy(data="/nowhere")._missing()
    with pytest.raises(InputError, match="systems must hold 1 and a larger number"):
        studies.run(JointStudy(systems=(2, 4)))


def test_an_interval_ends_where_its_number_does():
    """Two values far apart: Student's t reaches beyond what MCC can be."""
    found = across([0.05, 0.4], most=1, least=0)
    assert (found.low, found.high) == (0, 1)
    assert across([0.05, 0.4]).low < 0
