"""The main job on planted systems: it finds what is shared, and says so only when it is true."""

import json
from dataclasses import replace

import numpy as np
import pytest

import unbraid as ub
from unbraid.comparison import CompareConfig
from unbraid.comparison.scores._changes import changes
from unbraid.comparison.scores._seed_means import mean_over_seeds
from unbraid.errors import InputError

FEW = {"seeds": 1, "permutations": 3, "resamples": 100}


def sparse_features(n, n_features, active, rng):
    """Return features of which exactly `active` are on, with values in [.5, 1.5]."""
    features = np.zeros((n, n_features))
    for row in features:
        row[rng.permutation(n_features)[:active]] = rng.uniform(0.5, 1.5, active)
    return features


def braid(features, n_units, rng):
    directions = rng.normal(size=(features.shape[1], n_units))
    return features @ (directions / np.linalg.norm(directions, axis=1, keepdims=True))


@pytest.fixture(scope="module")
def shared():
    rng = np.random.default_rng(7)
    features = sparse_features(2000, 30, 2, rng)
    x, y = braid(features, 20, rng), braid(features, 20, rng)
    method = ub.Pursuit(n_latents=30, k=2)
    return ub.compare(
        x,
        y,
        method=method,
        features=features,
        rng=1,
        metrics=("semi_matching", "ridge", "rsa"),
        **{**FEW, "seeds": 2},
    ), features


def test_the_same_features_in_two_mixtures_are_found(shared):
    result, _ = shared
    change = next(c for c in result.changes if c.name == "codes->codes - base->base")
    assert change.metric == "semi_matching"
    assert change.before < 0.55
    assert change.after > 0.9
    assert result.verdict.tone == "gain"
    assert f"{change.before:.2f} to {change.after:.2f}" in result.verdict.sentence


def test_codes_find_the_true_features(shared):
    result, _ = shared
    (base,) = result.find("semi_matching", "base", "features", "x->truth")
    codes = result.find("semi_matching", "codes", "features", "x->truth")
    assert base.value < 0.6
    assert min(score.value for score in codes) > 0.9


def test_two_dictionaries_of_one_system_agree(shared):
    result, _ = shared
    (score,) = result.find("semi_matching", "codes", "codes", "x->x")
    assert score.value > 0.9


def test_records_are_complete_flat_and_json(shared):
    result, _ = shared
    record = json.loads(json.dumps(result.record(), allow_nan=False))
    wanted = {"metric", "protocol", "source", "target", "value", "in_sample", "null", "low", "high",
              "coverage", "ceiling", "seed", "n"}  # fmt: skip
    assert all(wanted <= set(score) for score in record["scores"])
    sides = {(score["source"], score["target"]) for score in record["scores"]}
    for target in ("base", "codes"):
        for source in ("codes", "random_dictionary", "random_expansion", "shuffled_latents"):
            assert (source, target) in sides
    assert ("base", "base") in sides
    assert len(result.table()) == len(record["scores"])
    assert {str(result.table(full=True)[name].dtype) for name in ("value", "ceiling", "seed")} == {
        "float64"
    }
    assert record["provenance"]["seed"] == 1
    assert record["provenance"]["x"]["sha256"] != record["provenance"]["y"]["sha256"]


def test_two_runs_with_one_seed_are_equal(rng):
    features = sparse_features(300, 12, 2, rng)
    x, y = braid(features, 8, rng), braid(features, 8, rng)
    options = {"method": ub.Pursuit(n_latents=12, k=2), "metrics": ("semi_matching",), **FEW}
    first, second = (ub.compare(x, y, rng=3, **options).record() for _ in range(2))
    first["provenance"].pop("seconds")
    second["provenance"].pop("seconds")
    assert first == second


def test_systems_that_share_nothing_gain_nothing(rng):
    x = braid(sparse_features(1500, 24, 2, rng), 16, rng)
    y = braid(sparse_features(1500, 24, 2, rng), 16, rng)
    result = ub.compare(x, y, method=ub.Pursuit(n_latents=24, k=2), rng=2, metrics="semi_matching",
                        **FEW)  # fmt: skip
    assert result.verdict.tone != "gain"
    (score,) = result.find("semi_matching", "codes", "codes")
    assert abs(score.value) < 0.08


def test_a_gain_that_expansion_alone_gives_is_called_so(rng):
    """y is a nonlinear, dense function of x: any expansion of x predicts it better than x."""
    x = rng.normal(size=(1200, 6))
    y = np.abs(x @ rng.normal(size=(6, 12)))
    result = ub.compare(
        x, y, method=ub.TopK(k=8, n_latents=48), metrics=("semi_matching", "ridge"), rng=3, **FEW
    )
    regression = next(
        c for c in result.changes if (c.metric, c.name) == ("ridge", "codes->base - base->base")
    )
    assert regression.is_gain
    assert "explained by expansion alone" in result.verdict.reasons[0]


def test_too_few_units_are_warned_of(rng):
    features = sparse_features(1200, 60, 6, rng)
    x, y = braid(features, 7, rng), braid(features, 7, rng)
    result = ub.compare(
        x,
        y,
        method=ub.TopK(n_latents=60, k=6),
        features=features,
        metrics=("semi_matching",),
        names=("left", "right"),
        **FEW,
    )
    assert any("left: 7 units are fewer than K ln(N/K) = 13.8" in w for w in result.warnings)
    assert result.verdict.tone != "gain" or "fewer units" in result.verdict.sentence


def test_rows_are_matched_by_id_not_by_luck(rng):
    features = sparse_features(400, 12, 2, rng)
    ids = [f"s{i}" for i in range(400)]
    x, y = braid(features, 10, rng), braid(features, 10, rng)
    shuffle = rng.permutation(400)
    shuffled = ub.Responses(y[shuffle], stimuli=[ids[i] for i in shuffle])
    options = {"method": ub.Pursuit(n_latents=12, k=2), "metrics": ("semi_matching",), **FEW}
    matched = ub.compare(ub.Responses(x, stimuli=ids), shuffled, rng=5, **options)
    plain = ub.compare(x, y, rng=5, **options)
    assert matched.scores[0].value == pytest.approx(plain.scores[0].value, abs=1e-12)


def test_saved_run_and_its_report(shared, tmp_path):
    result, _ = shared
    folder = result.save(tmp_path / "run", pictures=np.zeros((2000, 4, 4), dtype=np.uint8))
    record = json.loads((folder / "result.json").read_text())
    html = (folder / "report.html").read_text()
    assert record["verdict"]["sentence"] in html
    assert "<script src" not in html
    assert json.loads((folder / "config.json").read_text())["method"]["name"] == "Pursuit"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 3}, "compare has no option 'seed'; did you mean 'seeds'"),
        ({"method": "topkk"}, "did you mean 'TopK'"),
        ({"method": "TopK(k=0)"}, "k"),
        ({"metrics": ("semi",)}, "metrics must be among semi_matching"),
        ({"train_share": 1.5}, "train_share"),
        ({"features": np.zeros((7, 2))}, "features must describe the 60 stimuli of x, got 7"),
        ({"config": {"seeds": 2}}, "config must be a CompareConfig, got dict"),
        ({"names": "ab"}, "names must be two, one for each system, got 'ab'"),
        ({"names": ("a", "b", "c")}, "names must be two"),
        ({"names": ("a", "a")}, "names must differ, got 'a' twice"),
    ],
)
def test_each_mistake_is_one_line(rng, options, message):
    x = rng.normal(size=(60, 4))
    with pytest.raises(InputError, match=message) as caught:
        ub.compare(x, x, **options)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_scored_is_refused_before_anything_is_learned(rng, monkeypatch):
    def learn(*_args, **_options):
        pytest.fail("a dictionary was learned")

    monkeypatch.setattr("unbraid.sparse.fit", learn)
    x = rng.normal(size=(60, 4))
    with pytest.raises(InputError, match="ridge needs at least 3 folds"):
        ub.compare(x, x, folds=2, **FEW)


def test_stimuli_shown_again_are_warned_of_unless_they_are_grouped(rng):
    x, y = rng.normal(size=(2, 60, 4))
    again = np.tile(np.arange(60), 2)
    options = {"method": ub.TopK(k=1, n_latents=4), "metrics": ("cka",), **FEW}
    said = [
        ub.compare(x[rows], y[rows], groups=groups, rng=0, **options).warnings
        for rows, groups in ((again, None), (again, again), (np.arange(60), None))
    ]
    assert ["exactly the responses of another" in "".join(lines) for lines in said] == [
        True, False, False,
    ]  # fmt: skip


def test_silence_that_recurs_is_no_stimulus_shown_again(rng):
    x, y = rng.normal(size=(2, 120, 4))
    x[rng.random(120) < 0.4] = 0
    y[rng.random(120) < 0.4] = 0
    result = ub.compare(x, y, method=ub.TopK(k=1, n_latents=4), metrics=("cka",), **FEW)
    assert "exactly the responses of another" not in "".join(result.warnings)


def test_without_resamples_there_is_no_interval_and_no_gain(rng):
    x = rng.normal(size=(60, 4))
    options = {"method": ub.TopK(k=1, n_latents=4), "metrics": ("cka",), **FEW, "resamples": 0}
    result = ub.compare(x, x + rng.normal(size=x.shape), **options)
    assert ", no interval)" in result.verdict.sentence
    assert result.verdict.tone == "no gain"


def test_config_or_options_not_both(rng):
    x = rng.normal(size=(60, 4))
    with pytest.raises(InputError, match="not both"):
        ub.compare(x, x, CompareConfig(), seeds=2)


def test_the_published_protocol_scores_what_it_defines(rng):
    x = rng.normal(size=(200, 6))
    options = {"method": ub.TopK(k=1, n_latents=6), "protocol": "longon2025", **FEW}
    result = ub.compare(x, x @ rng.normal(size=(6, 5)), rng=1, **options)
    assert {score.protocol for score in result.scores} == {"longon2025"}
    assert {s.metric for s in result.scores} == {"semi_matching", "soft_matching", "ridge", "rsa"}
    with pytest.raises(InputError, match="longon2025 does not define procrustes"):
        ub.compare(x, x, metrics=("procrustes",), **options)


def test_what_the_rooms_warn_of_stands_in_the_comparison(rng):
    x = rng.normal(size=(60, 5))
    x[:, 2] = 0
    result = ub.compare(x, x, method=ub.TopK(k=2, n_latents=20), metrics=("cka_debiased",), **FEW)
    assert any("30 stimuli are few for 20 latents" in line for line in result.warnings)


def test_p_values_belong_to_base_units_and_the_first_seeds_codes(shared):
    result, _ = shared
    (base,) = result.find("ridge", "base", "base", "y->x")
    first, second = result.find("ridge", "codes", "codes")
    (control, _) = result.find("ridge", "random_expansion", "codes")
    assert max(base.p_value, first.p_value) <= 0.25  # 3 permutations, none as high
    assert np.isnan([second.p_value, control.p_value]).all()
    assert np.isfinite([second.null, control.null]).all()


def test_the_interval_of_two_seeds_stays_within_the_metrics_range(shared):
    result, _ = shared
    first, second = result.find("semi_matching", "codes", "codes")
    apart = [replace(first, value=0.95), replace(second, value=0.2)]
    mean, draws = mean_over_seeds(apart)
    assert mean == pytest.approx(0.575)
    low, high = np.quantile(draws, [0.025, 0.975])
    assert -1 <= low < 0.2 and 0.95 < high <= 1  # one degree of freedom: the steps reach further
    assert draws.max() == 1


def test_dictionaries_that_disagree_widen_the_interval(shared):
    result, _ = shared

    def width(moved):
        def find(metric, source, target):
            found = result.find(metric, source, target)
            if (source, target) != ("codes", "codes"):
                return found
            return (found[0], replace(found[1], value=found[0].value - moved))

        first, *_ = changes(("semi_matching",), find, 0.95)
        return first.high - first.low

    assert width(0.0) < 0.05
    # Student's t with one degree of freedom: 2 * 12.7 * 0.1, and what the stimuli add
    assert 2.3 < width(0.2) < 2.9
