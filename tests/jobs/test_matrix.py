"""Every system against every other: dictionaries learned once, one page."""

import re
from pathlib import Path

import numpy as np
import pytest

import unbraid as ub
from unbraid import jobs, responses
from unbraid.errors import InputError
from unbraid.jobs._best import _chosen
from unbraid.jobs._page import _short, false_discovery
from unbraid.jobs.kinds._parts import learning_rows

OPTIONS = {"seeds": 2, "permutations": 2, "metrics": ["semi_matching"]}
METHOD = "SparseCoding(n_latents=6)"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two folders of systems that share six features, and a run over them."""
    place = tmp_path_factory.mktemp("matrix")
    rng = np.random.default_rng(0)
    features = rng.uniform(0.5, 1.5, (160, 6)) * (rng.random((160, 6)) < 0.3)
    for folder, names in (("A", ("conv2", "conv10")), ("B", ("V4",))):
        (place / folder).mkdir()
        for name in names:
            np.save(place / folder / f"{name}.npy", features @ rng.normal(size=(6, 4)))
    return place


@pytest.fixture(scope="module")
def found(place):
    plan = jobs.matrix("A/*.npy", "B", method="PCA", start=place, **OPTIONS)
    with jobs.Local(workers=1) as pool:
        jobs.run(plan, place / "run", pool)
    return jobs.results_of(plan, place / "run")


def test_each_dictionary_is_learned_once_and_each_pair_compared(place):
    plan = jobs.matrix("A/*.npy", "B", method=METHOD, start=place, **OPTIONS)
    kinds = [job.kind for job in plan.jobs]
    assert (kinds.count("fit"), kinds.count("compare")) == (3 * 2, 2)
    pairs = [job for job in plan.jobs if job.kind == "compare"]
    assert [(job.files["x"].name, job.files["y"].name) for job in pairs] == [
        ("A/conv2", "B/V4"),
        ("A/conv10", "B/V4"),
    ]
    first, second = ({k: v for k, v in job.needs.items() if k[0] == "y"} for job in pairs)
    assert first == second
    among = jobs.matrix(["A", "B/V4.npy"], method="PCA", start=place, seeds=1)
    assert sum(job.kind == "compare" for job in among.jobs) == 3


def test_a_cell_is_the_comparison_with_those_dictionaries(place, found):
    row, job = next((r, j) for r, j in zip(found.rows, found.jobs, strict=True) if "y" in r)
    assert {r["state"] for r in found.rows} == {"done"}
    x, y = (responses.load(place / name) for name in ("A/conv2.npy", "B/V4.npy"))
    learn = learning_rows(x, {"share": 0.5, "seed": 0, "order": "exchangeable"})
    assert 60 < learn.sum() < 100
    dictionaries = [
        [ub.fit(side.take(learn), ub.PCA(), rng=seed) for seed in (0, 1)] for side in (x, y)
    ]
    alone = ub.compare(
        x.take(~learn),
        y.take(~learn),
        x_train=x.take(learn),
        y_train=y.take(learn),
        dictionaries=tuple(dictionaries),
        frozen=False,
        learned_from="train",
        permutations=2,
        metrics="semi_matching",
    )
    gain = alone.changes[0]
    assert row["gain"] == pytest.approx(gain.value, abs=1e-6)
    assert row["before"] == gain.before
    assert not any("are not known" in line for line in found.result(job)["warnings"])


def test_all_seeds_have_the_method_that_the_first_one_chose(place):
    plan = jobs.matrix("A", "B", method="auto", start=place, seeds=3)
    fits = [job for job in plan.jobs if job.kind == "fit"]
    firsts = {job.fingerprint for job in fits if not job.needs}
    assert len(firsts) == 3
    assert {job.needs["method"] for job in fits if job.needs} == firsts


def test_stimuli_are_drawn_by_their_ids_alone():
    x = responses.Responses(
        np.zeros((400, 1)) + np.arange(400)[:, None], [f"s{i}" for i in range(400)]
    )
    part = {"share": 0.3, "seed": 1, "order": "exchangeable"}
    learn = learning_rows(x, part)
    assert 85 < learn.sum() < 155  # binomial(400, .3): mean 120, sd 9.2
    rows = np.random.default_rng(0).permutation(400)[:100]
    np.testing.assert_array_equal(learning_rows(x.take(rows), part), learn[rows])
    assert (learning_rows(x, {**part, "seed": 2}) != learn).any()
    in_time = learning_rows(x, {**part, "order": "time"})
    np.testing.assert_array_equal(np.flatnonzero(in_time), np.arange(120))


def test_the_page_shows_every_pair_and_leads_to_it(found):
    path = jobs.write_page(found)
    html = path.read_text()
    links = set(re.findall(r'<a href="(jobs/[^"]+)"', html))
    assert len(links) == 2
    assert all((path.parent / link).is_file() for link in links)
    for words in ("Before: units", "After: codes", "Gain", "Best control", "2 pairs"):
        assert words in html
    assert html.index("conv2") < html.index("conv10")
    assert jobs.write_page(found).read_text() == html


def test_gains_are_counted_over_all_pairs():
    rng = np.random.default_rng(0)
    share = []
    for _ in range(200):  # no pair gains: at most one page in twenty calls one
        p = rng.random(30)
        q = false_discovery([{"job": str(i), "p": value} for i, value in enumerate(p)])
        share.append(any(value <= 0.05 for value in q.values()))
    assert np.mean(share) < 0.09
    assert np.isnan(false_discovery([{"job": "a", "p": None}])["a"])


def test_the_best_row_is_chosen_on_other_stimuli():
    rng = np.random.default_rng(0)
    found = [
        _chosen({str(i): row for i, row in enumerate(rng.normal(size=(20, 5)))}) for _ in range(400)
    ]
    values, hindsight = ([one[name] for one in found] for name in ("value", "hindsight"))
    assert abs(np.mean(values)) < 4 * np.std(values) / 20
    assert np.mean(hindsight) > 0.6  # the largest of twenty means of five
    clear = _chosen({"a": np.array([1.0, 2, 3]), "b": np.array([4.0, 5, 9])})
    assert (clear["chosen"], clear["value"]) == ("b", 6.0)


@pytest.mark.parametrize(
    ("systems", "against", "options", "said"),
    [
        ("A/conv2.npy", None, {}, "needs two systems or more, got 1"),
        ("C/*", None, {}, "no file fits"),
        ("A", "B", {"metrcs": "cka"}, "did you mean 'metrics'"),
        ("A", "B", {"train_share": 1.5}, "train_share must lie between 0 and 1"),
        ("A", "B", {"seeds": 0}, "seeds must be a whole number"),
        ([], None, {}, "systems must name at least one file"),
    ],
)
def test_a_wrong_matrix_is_one_line(place, systems, against, options, said):
    with pytest.raises(InputError, match=said):
        jobs.matrix(systems, against, start=Path(place), **options)


def test_links_of_a_page_lead_nowhere_else():
    from unbraid import report

    caption = report.Caption(finding="f", n=1, seed=0)
    for link in ("javascript:alert(1)", "https://a.b", "/etc", "../up", 'x"onclick="'):
        with pytest.raises(InputError, match="a path below the page"):
            report.Heatmap(
                title="t",
                row_labels=["a"],
                column_labels=["b"],
                values=[[1.0]],
                links=[[link]],
                caption=caption,
            )


def test_recorded_layers_stand_in_the_order_of_depth(tmp_path):
    for layer, deep in (("stem", 0), ("block2", 5), ("block10", 9), ("head", 12)):
        with responses.StoreWriter(tmp_path / "net" / layer, n_units=2, dtype="float32",
                                   made_by={"place": deep}) as writer:  # fmt: skip
            writer.append(np.eye(2))
    np.save(tmp_path / "V4.npy", np.eye(2))
    for systems in (["net", "V4.npy"], ["net/*", "V4.npy"]):
        jobs_of = jobs.matrix(systems, "V4.npy", method="PCA", start=tmp_path, seeds=1).jobs
        rows = [Path(j.files["x"].path).stem for j in jobs_of if j.kind == "compare"]
        assert rows == ["stem", "block2", "block10", "head", "V4"]


def test_labels_of_a_page_differ():
    assert _short(["R/net/a", "R/other/a", "V4"]) == ["net/a", "other/a", "V4"]
    assert _short(["R/net/a", "R/net/b"]) == ["a", "b"]
    assert _short(["R/V4", "V4"]) == ["R/V4", "V4"]


def test_pairs_of_other_stimuli_are_reported(found):
    rows = [{**row, "n": 70 + i} if "y" in row else row for i, row in enumerate(found.rows)]
    told = jobs.page(jobs.Results(folder=found.folder, rows=tuple(rows), jobs=found.jobs))
    warnings = " ".join(told.opening[0].items)
    assert "has no best row" in warnings
    assert "--set order=exchangeable" in warnings
