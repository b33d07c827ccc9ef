"""What several systems share: found where it is, and not where it is not."""

import numpy as np
import pytest
from PIL import Image

import unbraid as ub
from unbraid import sharing
from unbraid._answers import TONES
from unbraid.errors import InputError
from unbraid.interpret import feature_correlations, mcc
from unbraid.sharing.page._browser import joint_browser
from unbraid.sharing.page._page import _BADGES

QUICK = {"seeds": 1, "refits": 0, "baselines": False, "permutations": 999}


def quick(systems, n_latents, **options):
    method = ub.SparseCoding(n_latents=n_latents, cycles=0)
    return ub.joint(systems, method=method, **{**QUICK, **options})


@pytest.fixture(scope="module")
def found(half_shared):
    return quick(half_shared[0], 20)


def test_kinds_are_those_of_the_features(found, half_shared):
    systems, z = half_shared
    truth = np.repeat(["shared", "a only", "b only"], (10, 5, 5))
    r = np.abs(feature_correlations(found.encode(systems), z))
    sure = r.max(axis=1) > 0.9
    assert sure.sum() >= 19
    right = [found.evidence.kind[j] == truth[r[j].argmax()] for j in np.flatnonzero(sure)]
    assert np.mean(right) >= 0.95
    assert found.counts["shared"].value == 10


def test_two_systems_tell_what_each_alone_cannot(world):
    systems, z = world(24, 2, (5, 5), 2500)
    both = quick(systems, 24)
    alone = ub.fit(systems["a"], ub.SparseCoding(n_latents=24, cycles=0), rng=0)
    assert mcc(both.encode(systems), z) > 0.95
    assert mcc(alone.encode(systems["a"]), z) < 0.6
    assert both.contrast.p <= 0.01
    assert both.contrast.low > 0


@pytest.mark.parametrize("seed", range(2))
def test_wrongly_paired_rows_share_nothing(half_shared, seed):
    systems = dict(half_shared[0])
    systems["b"] = systems["b"][np.random.default_rng(seed).permutation(1200)]
    result = quick(systems, 30, rng=seed)
    assert result.counts["shared"].value <= 1
    assert result.verdict.tone == "nothing shared"
    explained = list(result.variance.values())
    assert min(explained) > 0.5  # which is no evidence


def test_noise_has_no_part_in_what_is_shared(half_shared):
    noise = np.random.default_rng(3).normal(size=(1200, 14))
    result = quick({"a": half_shared[0]["a"], "b": noise}, 15)
    assert result.counts["shared"].value == 0
    assert result.counts["a only"].value >= 13
    assert any("counts as noise" in line for line in result.warnings)


def test_a_rotation_shares_everything(half_shared):
    x = half_shared[0]["a"]
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(14, 14)))[0]
    result = quick({"a": x, "b": x @ turn}, 15)
    assert result.counts["shared"].value == 15
    np.testing.assert_allclose(result.atoms("a") @ turn, result.atoms("b"), atol=1e-5)


def test_sizes_and_scales_do_not_matter(world):
    systems, _ = world(16, 2, (5, 200), 1200)
    systems["b"] = 1e4 * systems["b"] + 3
    result = quick(systems, 16)
    assert result.counts["shared"].value >= 15
    np.testing.assert_allclose(result.evidence.share, 0.5, atol=0.15)


def test_three_systems_share_by_pairs():
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (1500, 24)) * (rng.random((1500, 24)) < 0.1)
    holds = np.zeros((3, 24), bool)
    holds[:, :8] = holds[0, 8:16] = holds[1, 8:16] = holds[2, 16:] = True
    systems = {
        name: (z * own) @ rng.normal(size=(24, 16)) for name, own in zip("abc", holds, strict=True)
    }
    result = quick(systems, 24)
    values = {kind: count.value for kind, count in result.counts.items()}
    assert (values["shared"], values["a+b"]) == (8, 8)
    assert values["c only"] >= 7
    assert values["a only"] == values["b only"] == 0


def test_one_unit_has_no_score(world):
    systems, _ = world(8, 1, (1, 12), 800)
    result = quick(systems, 8)
    assert np.isnan(result.contrast.systems[0].r2)
    assert "one unit" in result.contrast.systems[0].reason
    both_single = {"a": systems["a"], "b": systems["b"][:, :1]}
    assert quick(both_single, 4).verdict.tone == "undecided"


def test_slow_systems_that_share_nothing():
    rng = np.random.default_rng(0)

    def slow():
        noise = rng.normal(size=(700, 12))
        for t in range(1, 700):
            noise[t] += 0.9 * noise[t - 1]
        return np.maximum(noise - 2, 0) @ rng.normal(size=(12, 10))

    result = quick({"a": slow(), "b": slow()}, 12)
    assert result.counts["shared"].value == 0
    assert result.verdict.tone in ("nothing shared", "undecided")
    assert any("order in time" in line for line in result.warnings)


def test_missing_rows_change_no_class(world):
    systems, _ = world(10, 2, (14, 14), 2400, private=5)
    ids = np.arange(2400).astype(str)
    shown = {
        "a": ub.Responses(systems["a"][:1800], stimuli=ids[:1800]),
        "b": ub.Responses(systems["b"][600:], stimuli=ids[600:]),
    }
    result = quick(shown, 20)
    assert result.joint_rows == 1200
    values = [result.counts[kind].value for kind in ("shared", "a only", "b only")]
    np.testing.assert_allclose(values, [10, 5, 5], atol=1)
    codes = result.encode(shown)
    assert codes.shape == (2400, 20)
    alone = result.encode({"a": shown["a"]})
    assert abs(codes[:600] - alone[:600]).max() == 0  # b did not answer these
    with pytest.raises(ub.InputError, match="No stimulus was answered by all"):
        quick({"a": shown["a"], "b": ub.Responses(systems["b"], stimuli=ids + "x")}, 20)
    few = {"a": shown["a"], "b": ub.Responses(systems["b"][1750:], stimuli=ids[1750:])}
    with pytest.raises(ub.InputError, match="At least 60 stimuli"):
        quick(few, 20)


def test_rows_are_matched_by_id(found, half_shared):
    systems, _ = half_shared
    ids, order = np.arange(1200).astype(str), np.random.default_rng(1).permutation(1200)
    moved = {
        "a": ub.Responses(systems["a"], stimuli=ids),
        "b": ub.Responses(systems["b"][order], stimuli=ids[order]),
    }
    again = quick(moved, 20)
    np.testing.assert_array_equal(again.evidence.gain, found.evidence.gain)
    np.testing.assert_array_equal(again.evidence.p, found.evidence.p)  # same seed, same bits
    assert set(again.held_stimuli) < set(ids)


def test_a_result_is_saved_whole_and_read_again(half_shared, tmp_path):
    method = ub.SparseCoding(n_latents=20, cycles=0)
    systems = {name: x[:600] for name, x in half_shared[0].items()}
    result = ub.joint(systems, method=method, seeds=2, refits=1, permutations=99, rng=3,
                      values="per system")  # fmt: skip
    assert result.expected_shared <= 2
    again = ub.load_run(result.save(tmp_path / "run"))
    assert again.record() == result.record()
    assert again.latents().equals(result.latents())
    assert (again.encode(systems) != result.encode(systems)).nnz == 0
    assert again.config == result.config
    for name, array in result.arrays().items():
        assert np.array_equal(again.arrays()[name], array, equal_nan=True), name
    assert np.array_equal(again.held_stimuli, result.held_stimuli)
    with pytest.raises(ub.InputError, match="exists"):
        result.save(tmp_path / "run")
    measures = {each.measure for each in result.beside}
    assert {"ridge from units", "units left out, alone", "joint latents found alone"} <= measures
    shared = result.latents().query("kind == 'shared'")
    assert shared.values_r.min() > 0.9
    html = (tmp_path / "run" / "report.html").read_text()
    assert "leave-units-out contrast" in html
    assert "The claims hold" not in html  # of a study, which this is none
    assert set(_BADGES) <= set(TONES)


def test_codes_describe_the_responses(found, half_shared):
    systems, _ = half_shared
    made = found.decode(found.encode(systems), "a")
    with pytest.raises(InputError, match=r"codes must have shape \(n, \d+\), got \(3, 5\)"):
        found.decode(np.ones((3, 5)), "a")
    left = np.square(systems["a"] - made).sum() / np.square(systems["a"]).sum()
    assert left < 0.02


@pytest.mark.parametrize(
    ("systems", "said"),
    [
        ({"a": np.eye(80)}, "at least two"),
        ([np.eye(80)], "must be a mapping"),
        ({"a": np.eye(80), "b": np.eye(70)}, "must answer the same stimuli"),
        ({"a": np.eye(80), "b": np.ones((80, 3))}, "'b' must vary"),
        ({"a": np.eye(20), "b": np.eye(20)}, "At least 60 stimuli"),
        ({"a": np.eye(80), " ": np.eye(80)}, "got an empty one"),
        ({"shared": np.eye(80), "b": np.eye(80)}, "no kinds of latents.*'shared'"),
        ({"a": np.eye(80), "b": np.eye(80), "a+b": np.eye(80)}, r"no kinds.*'a\+b'"),
        ({"a": np.eye(80), "a only": np.eye(80)}, "no kinds.*'a only'"),
    ],
)
def test_what_cannot_be_joined_is_refused(systems, said):
    with pytest.raises(ub.InputError, match=said):
        quick(systems, 4)


def test_a_dictionary_agrees_with_itself(found, half_shared):
    systems, _ = half_shared
    score = found.agreement(found, systems, systems)
    assert score.value > 0.999
    assert score.null < 0.2


def test_a_crosscoder_is_a_method_like_others(half_shared, tmp_path):
    systems, z = half_shared
    method = ub.BatchTopKCrosscoder(n_latents=20, k=4, training={"steps": 400})
    result = ub.joint(systems, method=method, **{**QUICK, "baselines": True})
    assert result.provenance["method"]["sizes"] == [14, 14]
    assert result.counts["shared"].value >= 7
    assert mcc(result.encode(systems), z) > 0.8
    assert mcc(result.encode(systems, by="encoder"), z) > 0.8
    assert result.encode({"b": systems["b"]}).nnz > 0
    with pytest.raises(ub.InputError, match="needs the responses of all systems"):
        result.encode({"b": systems["b"]}, by="encoder")
    again = ub.load_run(result.save(tmp_path / "run"))
    codes = [each.encode(systems, by="encoder") for each in (result, again)]
    assert (codes[0] != codes[1]).nnz == 0


def test_an_encoder_of_each_system_tells_the_code_alone(world):
    systems, z = world(16, 2, (14, 14), 1200)
    method = ub.Usae(n_latents=24, k=2, training={"steps": 500})
    result = ub.joint(systems, method=method, **QUICK)
    alone = {name: result.encode({name: systems[name]}, by="encoder") for name in systems}
    assert min(mcc(codes, z) for codes in alone.values()) > 0.7
    mean = (alone["a"].toarray() > 0) & (alone["b"].toarray() > 0)
    assert mean.sum() > 0.6 * alone["a"].nnz  # both tell the same latents


def test_encode_refuses_what_it_does_not_know(found):
    with pytest.raises(ub.InputError, match="no system 'c'"):
        found.encode({"c": np.ones((3, 14))})
    with pytest.raises(ub.InputError, match="must have the 14 units"):
        found.encode({"a": np.ones((3, 4))})
    with pytest.raises(ub.InputError, match="needs a mapping"):
        found.encode(np.ones((3, 14)))
    with pytest.raises(ub.InputError, match="needs a method with an encoder"):
        found.encode({"a": np.ones((3, 14))}, by="encoder")
    with pytest.raises(ub.InputError, match="by must be 'inference' or 'encoder'"):
        found.encode({"a": np.ones((3, 14))}, by="omp")


def test_load_refuses_what_is_no_joint_dictionary(tmp_path):
    with pytest.raises(ub.InputError, match="has no result.json"):
        sharing.load_joint(tmp_path)
    (tmp_path / "result.json").write_text('{"kind": "comparison"}')
    with pytest.raises(ub.InputError, match="another kind of result"):
        sharing.load_joint(tmp_path)


def test_the_browser_shows_each_latent_in_every_system(found, half_shared, tmp_path):
    made = joint_browser(found)
    (side,) = made.sides
    best = side.first[0]
    assert found.evidence.kind[best] == "shared"
    (detail,) = side.details([best])
    assert [braid.system for braid in detail.braids] == list(found.names)
    for braid, name in zip(detail.braids, found.names, strict=True):
        atom = found.atoms(name)[best]
        assert braid.units[0][0] == f"unit {np.abs(atom).argmax()}"
        assert abs(braid.units[0][1]) == pytest.approx(np.abs(atom).max() / np.linalg.norm(atom))
    row, value = detail.strongest[0]
    codes = found.codes.toarray()[:, best]
    assert abs(value) == np.abs(codes).max() == abs(codes[row])
    assert made.stimuli[row] == str(found.held_stimuli[row])
    kinds = [side.groups[at].name for at in side.group]
    assert all(
        kind in (own, "silent") for kind, own in zip(kinds, found.evidence.kind, strict=True)
    )
    folder = found.save(tmp_path / "run")
    assert (folder / "browser" / "index.html").is_file()
    assert 'href="browser/index.html"' in (folder / "report.html").read_text()
    bare = found.save(tmp_path / "bare", browser=False)
    assert not (bare / "browser").exists() and "browser/" not in (bare / "report.html").read_text()


def test_the_browser_has_the_pictures_of_the_stimuli(found, tmp_path):
    (tmp_path / "p").mkdir()
    for at, id in enumerate(found.held_stimuli):
        Image.new("RGB", (4, 4), (at % 256, 0, 255)).save(tmp_path / "p" / f"{id}.png")
    made = joint_browser(found, tmp_path / "p")
    assert made.picture(3)[0, 0].tolist() == [3, 0, 255]
    arrays = {str(id): np.full((5, 6), 7, np.uint8) for id in found.held_stimuli}
    assert joint_browser(found, arrays).picture(3).shape == (5, 6)
    arrays[str(found.held_stimuli[3])] = np.ones((5, 6))
    with pytest.raises(InputError, match="pictures must be uint8 arrays"):
        joint_browser(found, arrays)
    (tmp_path / "p" / f"{found.held_stimuli[0]}.png").unlink()
    with pytest.raises(InputError, match="pictures must hold one for each stimulus"):
        joint_browser(found, tmp_path / "p")


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_sizes_whose_squares_are_no_numbers_are_refused(half_shared, size):
    x, y = half_shared[0].values()
    with pytest.raises(InputError, match="a must have a largest value"):
        ub.joint({"a": size * x, "b": y})
