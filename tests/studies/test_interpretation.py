"""The study `interpret` on small made-up recordings: what it judges, and what it says of it."""

import json

import numpy as np
import pytest

from unbraid.responses import Responses
from unbraid.studies import Interpretation, run
from unbraid.studies.networks import interpretation
from unbraid.studies.systems._v4 import Session

LAYER, JUDGE = "squeezenet1_1:fire9", "efficientnet_lite0:_blocks.15"


class Named:
    """Pictures of which only the names are asked for."""

    names = tuple(f"{i:03}.png" for i in range(200))

    def take(self, rows):
        assert len(rows) == 200
        return self


@pytest.fixture
def recorded(monkeypatch):
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (200, 12)) * (rng.random((200, 12)) < 0.12)
    ids = [f"201025/{name}" for name in Named.names]
    found = {
        LAYER: Responses(z @ rng.normal(size=(12, 8)), stimuli=ids),
        JUDGE: Responses(z @ rng.normal(size=(12, 30)), stimuli=ids),
    }
    noise = Responses(rng.normal(size=(200, 6)), stimuli=ids)
    order = rng.permutation(200)
    v4 = Responses(z[order][:, :5], stimuli=[ids[i] for i in order])
    monkeypatch.setattr(interpretation, "data_folder", lambda given: given)
    monkeypatch.setattr(interpretation, "v4_session", lambda data, name: Session(name, Named(), v4))
    monkeypatch.setattr(
        Interpretation,
        "_recorded",
        lambda self, names, shown, progress, rng=None: {
            name: found[name] if rng is None else noise for name in names
        },
    )


def test_each_system_is_judged_by_another(recorded):
    study = Interpretation(
        layers=(LAYER,), sessions=("201025",), n_latents=12, k=2, seeds=1,
        measures=("intrusion", "example_auc"), n_pictures=200,
    )  # fmt: skip
    result = run(study)
    json.dumps(result.record(), allow_nan=False)
    assert {row["layer"] for row in result.table} == {LAYER, "V4 201025"}
    assert {row["measure"] for row in result.table} == {"intrusion", "example_auc"}
    of_v4 = {row["side"]: row for row in result.table
             if row["layer"] == "V4 201025" and row["measure"] == "example_auc"}  # fmt: skip
    assert of_v4["base"]["score"] > 0.95  # true features: rows were matched by id
    assert abs(of_v4["shuffled_latents"]["score"] - 0.5) < 0.15
    assert len(result.claims) == 3 and len(result.figures) == 2
    assert "of 2 systems codes are more interpretable than units" in result.verdict
    of_noise = {row["side"]: row for row in result.table
                if row["layer"] == LAYER and row["measure"] == "example_auc"}  # fmt: skip
    assert abs(of_noise["untrained_copy"]["score"] - 0.5) < 0.15 < of_noise["codes"]["score"] - 0.5
    shown = [sum(len(series.x) for series in figure.series) for figure in result.figures]
    assert shown == [14, 12]  # V4 has no untrained copy


def test_a_network_is_never_its_own_judge():
    for layer in Interpretation().layers:
        assert interpretation._judge_of(layer).split(":")[0] != layer.split(":")[0]
