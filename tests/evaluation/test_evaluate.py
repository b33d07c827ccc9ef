"""Evaluation: codes beside units and baselines, in worlds where the answer is known."""

import json

import numpy as np
import pytest

import unbraid as ub
from unbraid import evaluation, interpret
from unbraid.errors import InputError
from unbraid.evaluation._baselines import BASELINES, GivenToBaselines
from unbraid.evaluation._browser import browser
from unbraid.evaluation._page import page
from unbraid.evaluation._side_score import BaselineContrast, SideScore, contrast, title_of
from unbraid.evaluation._verdict import verdict
from unbraid.interpret import UnitScores
from unbraid.responses import Responses

METHOD = ub.SparseCoding(n_latents=24)


def world(seed, n=1600, n_features=24, n_units=14):
    rng = np.random.default_rng(seed)
    z = rng.uniform(0.5, 1.5, (n, n_features)) * (rng.random((n, n_features)) < 0.08)
    x = z @ rng.normal(size=(n_features, n_units))
    e = z @ rng.normal(size=(n_features, 60)) / 8
    return z, x, e + 0.2 * e.std() * rng.normal(size=e.shape)


@pytest.fixture(scope="module")
def result():
    z, x, e = world(0)
    ids = [f"s{i}" for i in range(len(x))]
    return ub.evaluate(
        METHOD, Responses(x, stimuli=ids), embeddings=Responses(e, stimuli=ids), features=z,
        labels=(z > 0).argmax(axis=1), seeds=2, rng=0,
    )  # fmt: skip


def test_everything_stands_beside_the_codes(result):
    assert set(result.sides) == {"base", "codes", *evaluation.EvaluateConfig().baselines}
    expected = {"example_auc", "machine_interpretability", "monosemanticity", "intrusion",
                "label_purity", "best_unit", "sparse_probe_1", "sparse_probe_5"}  # fmt: skip
    assert set(result.measures) == expected
    assert result.headline == "intrusion" and len(result.dictionaries) == 2
    assert len(result.find("codes").seeds) == 2 and result.find("codes").spread >= 0
    assert len(result.rows) == 800 and result.n_train == 800
    table = result.table()
    assert len(table) == len(result.scores) and table["value"].notna().all()
    assert list(result.units().index) == list(range(24))


def test_the_shuffled_latents_are_at_chance_and_codes_are_not(result):
    for measure in result.measures:
        shuffled, codes = result.find("shuffled_latents", measure), result.find("codes", measure)
        wide = shuffled.interval.high - shuffled.interval.low
        assert abs(shuffled.value - shuffled.chance) < wide
        assert codes.interval.low > codes.chance


@pytest.mark.parametrize("measure", ["example_auc", "monosemanticity", "intrusion", "best_unit"])
def test_true_features_are_above_latents_and_these_above_units(result, measure):
    z, x, e = world(0)
    known = (z if measure == "best_unit" else e)[result.rows]
    features = getattr(interpret, measure)(z[result.rows], known, rng=0).value
    codes, base = result.find("codes", measure).value, result.find("base", measure).value
    assert features > codes - 0.01 and codes > base + 0.005


@pytest.mark.parametrize("measure", ["example_auc", "monosemanticity", "intrusion", "best_unit"])
def test_superposed_units_are_random_directions(measure):
    """Units that are random mixtures have the law of random directions: twelve worlds."""
    differ = 0
    for seed in range(12):
        z, x, e = world(seed, n=500)
        directions = np.random.default_rng(100 + seed).normal(size=(24, 14))
        known = z if measure == "best_unit" else e
        sides = [getattr(interpret, measure)(side, known, rng=0) for side in (x, z @ directions)]
        found = interpret.score_difference(*sides)
        differ += not found.low <= 0 <= found.high
    assert differ <= 2


@pytest.mark.parametrize("measure", ["monosemanticity", "intrusion", "best_unit"])
def test_units_exceed_random_directions_where_a_world_has_axes(measure):
    """Each unit has a feature of its own and a little of the others; directions rotate them."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        z, _, e = world(seed, n=500)
        units = z[:, :14] + 0.1 * z @ rng.normal(size=(24, 14))
        turned = units @ np.linalg.qr(rng.normal(size=(14, 14)))[0]
        known = z[:, :14] if measure == "best_unit" else e
        sides = [getattr(interpret, measure)(side, known, rng=0) for side in (units, turned)]
        assert interpret.score_difference(*sides).low > 0


def test_the_headline_of_a_page_is_words(result):
    made = page(result)
    assert "(" not in made.verdict.headline and "0." not in made.verdict.headline
    assert made.verdict.lead.startswith(result.verdict.sentence)


def test_a_run_is_whole(result, tmp_path):
    pictures = np.zeros((1600, 8, 8), np.uint8)
    folder = result.save(tmp_path / "run", pictures=pictures)
    record = json.loads((folder / "result.json").read_text())
    assert record["verdict"]["sentence"] == result.verdict.sentence
    assert {row["side"] for row in record["scores"]} == set(result.sides)
    assert json.loads((folder / "config.json").read_text())["seed"] == 0
    page = (folder / "report.html").read_text()
    assert "correlation trial by trial is .096" in page and "latent" in page
    assert len((folder / "units.csv").read_text().splitlines()) == 25
    with pytest.raises(InputError, match="exists"):
        result.save(folder)
    with pytest.raises(InputError, match="pictures must be uint8"):
        result.save(tmp_path / "other", pictures=pictures[:5])


def test_dictionaries_given_are_judged_as_they_are():
    _, x, e = world(2, n=400)
    learned = ub.fit(x, ub.PCA(), rng=0)
    found = evaluation.evaluate(
        [learned, learned], x, embeddings=e, measures="example_auc", baselines=("pca",), rng=0
    )
    assert found.dictionaries == (learned, learned)
    assert found.find("codes").spread == 0
    again = evaluation.evaluate(
        learned, x, embeddings=e, measures="example_auc", baselines=(), seeds=2, rng=0
    )
    assert len(again.dictionaries) == 2


def test_an_untrained_copy_is_a_baseline_that_can_explain_the_codes():
    z, x, e = world(8, n=800)
    options = {"embeddings": e, "measures": "intrusion", "baselines": ("pca",), "seeds": 1}
    rng, elsewhere = np.random.default_rng(80), world(81, n=800)[1]  # of other features
    poor = evaluation.evaluate(METHOD, x, x_untrained=elsewhere, **options)
    assert {"untrained_units", "untrained_copy"} <= set(poor.sides)
    copy = poor.find("untrained_copy")
    assert copy.interval.low < copy.chance + 0.02 and poor.verdict.tone == "gain"
    other = z @ rng.normal(size=(24, 16))  # as good as the trained system
    rival = evaluation.evaluate(METHOD, x, x_untrained=other, **options)
    assert rival.verdict.tone == "explained by a control"
    assert "codes of an untrained copy" in rival.verdict.sentence
    assert rival.find("untrained_units").seeds[0].values.shape == (16,)
    options["embeddings"] = e[:300]
    apart = evaluation.evaluate(
        METHOD, x[:300], x_train=x[300:], x_untrained=other[:300], **options
    )
    assert len(apart.rows) == 300 and apart.find("untrained_copy").value > 0.5


def test_absorption_by_a_probe_is_asked_of_dictionaries_alone():
    z, x, _ = world(10, n=1200)
    found = evaluation.evaluate(
        METHOD, x, features=z, measures=("probe_absorption", "best_unit"), seeds=1,
        baselines=("random_dictionary", "random_directions", "shuffled_latents"),
    )  # fmt: skip
    assert found.headline == "best_unit"  # the first that more is better of
    sides = [score.side for score in found.scores if score.measure == "probe_absorption"]
    assert sides == ["codes", "random_dictionary"]
    by_hand = interpret.probe_absorption(
        x[found.rows], found.codes, found.dictionaries[0].atoms, z[found.rows],
        offset=found.dictionaries[0].offset,
    )  # fmt: skip
    score = found.find("codes", "probe_absorption")
    assert score.coverage > 0.9 and abs(score.value - by_hand.value) < 0.05
    with pytest.raises(InputError, match="splitting say what codes lose.*add a measure such as"):
        evaluation.evaluate(METHOD, x, features=z, measures="splitting", seeds=1, baselines=())


def test_an_untrained_copy_follows_the_ids_of_its_system():
    z, x, e = world(9, n=400)
    ids = np.array([f"s{i}" for i in range(400)])
    order = np.random.default_rng(0).permutation(400)
    copy = Responses(x[order], stimuli=ids[order])
    found = evaluation.evaluate(
        ub.PCA(), Responses(x, stimuli=ids), embeddings=e, x_untrained=copy,
        measures="example_auc", baselines=(), seeds=1,
    )  # fmt: skip
    assert found.find("untrained_units").value == found.find("base").value
    with pytest.raises(InputError, match="untrained_copy needs what an untrained copy"):
        evaluation.evaluate(ub.PCA(), x, embeddings=e, baselines=("untrained_copy",))


def test_wide_dictionaries_are_scored_in_part_and_say_which():
    _, x, e = world(3, n=300)
    found = evaluation.evaluate(
        ub.RandomExpansion(n_latents=200, k=5), x, embeddings=e, measures="example_auc",
        baselines=(), seeds=1, most_units=30, rng=0,
    )  # fmt: skip
    assert len(found.latents) == 30 and len(found.find("codes").seeds[0]) == 30
    assert list(found.units().index) == list(found.latents)


def test_a_baseline_that_cannot_be_made_is_said():
    rng = np.random.default_rng(4)
    x, e = np.repeat(rng.normal(size=(60, 1)), 3, axis=1), rng.normal(size=(60, 4))
    found = evaluation.evaluate(
        ub.RandomExpansion(n_latents=6, k=1), x, embeddings=e, measures="example_auc",
        baselines=("soft_frozen_decoder", "shuffled_latents"), seeds=1, x_train=x[:1].repeat(50, 0)
        + np.linspace(0, 1, 50)[:, None], rng=0,
    )  # fmt: skip
    assert set(found.sides) | {"soft_frozen_decoder"} >= {"base", "codes", "shuffled_latents"}


def test_stimuli_in_time_are_said():
    rng = np.random.default_rng(5)
    slow = rng.normal(size=(2, 300, 6)).cumsum(axis=1)
    found = evaluation.evaluate(
        ub.PCA(), slow[0], embeddings=slow[1], measures="example_auc", baselines=(), seeds=1
    )
    assert any("depend on their order in time" in line for line in found.warnings)


def side(name, value, se=0.005, m=20, chance=0.5, scored=20):
    rng = np.random.default_rng(len(name))
    influence = rng.normal(size=(20, m))
    influence -= influence.mean(axis=0)
    influence *= se / np.sqrt(20 / 19 * np.square(influence).sum(axis=0))
    values = np.full(m, value)
    values[scored:] = np.nan
    reasons = ("",) * scored + ("constant",) * (m - scored)
    scores = UnitScores(
        measure="example_auc", values=values, se=np.full(m, se), chance=np.full(m, chance),
        reasons=reasons, n=100, influence=influence,
    )  # fmt: skip
    return SideScore(side=name, measure="example_auc", seeds=(scores,))


def said(**values):
    sides = {name: side(name, value) for name, value in values.items()}
    over = [contrast(sides["codes"], sides[name]) for name in sides if name != "codes"]
    assert all(isinstance(c, BaselineContrast) for c in over)
    return verdict(sides, over)


def test_a_verdict_can_be_overturned_by_a_baseline():
    assert said(base=0.6, codes=0.8, k_means=0.65).tone == "gain"
    overturned = said(base=0.6, codes=0.8, k_means=0.65, ica=0.79)
    assert overturned.tone == "explained by a control"
    assert "20 independent components" in overturned.sentence
    assert said(base=0.8, codes=0.7).tone == "no gain"
    assert "less interpretable" in said(base=0.8, codes=0.7).sentence
    assert "not shown" in said(base=0.7, codes=0.7).sentence
    assert "mean nothing" in said(base=0.6, codes=0.5).sentence
    assert said(base=0.6, codes=0.8, shuffled_latents=0.9).tone == "gain"  # chance, no rival
    assert said(base=0.6, codes=float("nan")).tone == "cannot help"


def test_few_latents_that_can_be_scored_are_said():
    sides = {"codes": side("codes", 0.8, scored=5), "base": side("base", 0.6)}
    over = [contrast(sides["codes"], sides["base"])]
    assert "Only 5 of 20 latents could be scored" in verdict(sides, over).reasons[0]


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "Something must say which stimuli are alike"),
        ({"embeddings": 1, "judge": 2}, "embeddings or a judge, not both"),
        ({"measures": "example_acu"}, "did you mean 'example_auc'"),
        ({"baselines": "kmeans"}, "did you mean 'k_means'"),
        ({"labels": ["a"] * 99 + ["b"]}, "labels must describe the 200 stimuli"),
        ({"labels": ["a", "b"] * 100, "measures": "best_unit"}, "None of the measures"),
        ({"labels": ["a", "b"] * 100, "parents": [0]}, "parents are parents of features"),
        ({"labels": ["a", "b"] * 100, "train_share": 0.9}, "At least 40 stimuli must be left"),
        ({"labels": ["a", "b"] * 100, "x_train": np.ones((9, 3))}, "must have the 14 units of x"),
    ],
)
def test_bad_input_is_one_clear_line(options, message):
    _, x, _ = world(6, n=200)
    with pytest.raises(InputError, match=message):
        evaluation.evaluate(ub.PCA(), x, **options)


def test_what_is_no_dictionary_is_refused():
    _, x, e = world(7, n=100)
    for learned in ("TopK", [], [3]):
        with pytest.raises(InputError, match="learned must be a Dictionary"):
            evaluation.evaluate(learned, x, embeddings=e)


def test_the_browser_shows_each_latent_with_its_scores(result):
    made = browser(result)
    (side,) = made.sides
    at = {each.name: each.values for each in side.measures}
    units = result.units()
    title = title_of(result.headline)
    assert np.array_equal(at[title][units.index], units[result.headline], equal_nan=True)
    best = side.first[0]
    assert at[title][best] == np.nanmax(at[title])
    codes = result.codes.toarray()[:, best]
    (detail,) = side.details([best])
    row, value = detail.strongest[0]
    assert abs(value) == np.abs(codes).max() and abs(codes[row]) == abs(value)
    assert made.stimuli[row] == f"s{result.rows[row]}"
    assert at["density"][best] == (codes != 0).mean()
    atom = result.dictionaries[0].atoms[best]
    assert detail.braids[0].units[0][0] == f"unit {np.abs(atom).argmax()}"


@pytest.mark.parametrize("layout", ["sparsify", "saelens"])
def test_an_imported_autoencoder_has_an_untrained_baseline_of_its_own_rule(tmp_path, layout):
    """Its encoder with random atoms: as many latents, at most k of them, and worse codes."""
    z, x, _ = world(0, n=600)
    steps = ub.Training(steps=60)
    learned = ub.fit(x, ub.TopK(n_latents=30, k=3, training=steps), rng=0)
    ub.export(learned, tmp_path / "sae", layout)
    imported = ub.sparse.load_foreign(tmp_path / "sae")
    rng, train, scored = np.random.default_rng(0), Responses(x[:300]), Responses(x[300:])
    codes = imported.encode(scored)
    given = GivenToBaselines(
        train=train, scored=scored, dictionary=imported, codes=codes, by=None, untrained=()
    )
    made = BASELINES["random_dictionary"].make(given, rng)
    assert made.values.shape == codes.shape
    active = (made.values.toarray() != 0).sum(axis=1)
    assert active.max() <= 3 and active.mean() > 2
    assert not np.allclose(made.dictionary.atoms, imported.atoms)
    result = ub.evaluate(imported, x, features=z, measures=["best_unit"], seeds=1, rng=0)
    untrained = result.find("random_dictionary", "best_unit")
    assert untrained.value < result.find("codes", "best_unit").value
