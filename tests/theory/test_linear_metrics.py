"""CKA, R2 and RSA of encodings against samples and against the expectations for random ones."""

import numpy as np
import pytest

from unbraid import theory
from unbraid.errors import InputError
from unbraid.theory._encodings import root_of


def sparse_features(rng, n, n_features, probability=0.1):
    return rng.random((n, n_features)) * (rng.random((n, n_features)) < probability)


def sample_cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    cross = np.linalg.norm(x.T @ y) ** 2
    return cross / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)


def correlated(rng, n_features):
    root = rng.normal(size=(n_features, n_features)) / np.sqrt(n_features)
    return root @ root.T


def test_cka_equals_the_sample_of_correlated_features(rng):
    sigma = correlated(rng, 30)
    a, b = rng.normal(size=(30, 9)), rng.normal(size=(30, 14))
    z = rng.multivariate_normal(np.zeros(30), sigma, size=60_000)
    # 60,000 stimuli: sampling error of a CKA is below .01
    assert theory.linear_cka(a, b, covariance=sigma) == pytest.approx(
        sample_cka(z @ a, z @ b), abs=0.01
    )


def test_cka_is_blind_to_rotation_and_scale_but_not_to_stretch(rng):
    a = rng.normal(size=(20, 6))
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    assert theory.linear_cka(a, 3 * a @ rotation) == pytest.approx(1, abs=1e-12)
    assert theory.linear_cka(a, a * np.arange(1, 7)) < 0.99
    assert np.isnan(theory.linear_cka(a, np.zeros((20, 2))))


@pytest.mark.parametrize("m", [8, 16, 32])
def test_expected_cka_of_random_encodings(rng, m):
    draws = [
        theory.linear_cka(rng.normal(size=(64, m)), rng.normal(size=(64, m))) for _ in range(40)
    ]
    assert theory.expected_cka(m, m, 64) == pytest.approx(m / (m + 65), rel=0.01)
    assert np.mean(draws) == pytest.approx(theory.expected_cka(m, m, 64), abs=0.01)


@pytest.mark.parametrize("sizes", [(1, 1, 7), (3, 3, 7), (2, 5, 3), (10, 10, 2), (4, 8, 16)])
def test_expected_cka_of_few_features(sizes):
    m_a, m_b, d = sizes
    rng = np.random.default_rng(0)
    draws = [
        theory.linear_cka(rng.normal(size=(d, m_a)), rng.normal(size=(d, m_b))) for _ in range(4000)
    ]
    error = np.std(draws) / np.sqrt(len(draws))
    assert abs(np.mean(draws) - theory.expected_cka(m_a, m_b, d)) < 4 * error + 0.003


@pytest.mark.parametrize("m", [1, 2, 9])
def test_encodings_of_one_feature_are_alike(m):
    assert theory.expected_cka(m, m + 1, 1) == pytest.approx(1)


def test_expected_cka_of_unequal_features_uses_the_participation_ratio(rng):
    variances = (1 + np.arange(64) * 2 / 64) ** -4.0
    pr = theory.participation_ratio(variances)
    assert pr == pytest.approx(theory.participation_ratio(np.diag(variances)))
    draws = [
        theory.linear_cka(
            rng.normal(size=(64, 20)), rng.normal(size=(64, 20)), covariance=variances
        )
        for _ in range(60)
    ]
    assert np.mean(draws) == pytest.approx(theory.expected_cka(20, 20, pr), abs=0.02)


def test_expected_cka_of_orthonormal_units(rng):
    def units():
        return np.linalg.qr(rng.normal(size=(64, 16)))[0]

    draws = [theory.linear_cka(units(), units()) for _ in range(20)]
    assert np.mean(draws) == pytest.approx(theory.expected_cka_orthonormal(16, 16, 64), abs=0.01)


def test_r2_equals_least_squares(rng):
    sigma = correlated(rng, 25)
    a, b = rng.normal(size=(25, 8)), rng.normal(size=(25, 5))
    z = rng.multivariate_normal(np.zeros(25), sigma, size=60_000)
    x, y = z @ a, z @ b
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    each = 1 - left.var(axis=0) / y.var(axis=0)
    np.testing.assert_allclose(theory.r2_per_unit(a, b, covariance=sigma), each, atol=0.01)
    pooled = 1 - left.var(axis=0).sum() / y.var(axis=0).sum()
    assert theory.r2(a, b, covariance=sigma) == pytest.approx(pooled, abs=0.01)
    assert theory.ridge(a, b, covariance=sigma) == pytest.approx(np.sqrt(each).mean(), abs=0.01)


def test_r2_sees_only_the_span(rng):
    a, b = rng.normal(size=(12, 5)), rng.normal(size=(12, 4))
    mixed = a @ rng.normal(size=(5, 5))
    assert theory.r2(a, b) == pytest.approx(theory.r2(mixed, b))
    assert theory.r2(a, a @ rng.normal(size=(5, 3))) == pytest.approx(1)
    dead = np.column_stack([b, np.zeros(12)])
    assert np.isnan(theory.r2_per_unit(a, dead)[-1])
    assert theory.ridge(a, dead) == pytest.approx(theory.ridge(a, b))


def test_expected_r2_is_compression(rng):
    draws = [theory.r2(rng.normal(size=(64, 16)), rng.normal(size=(64, 20))) for _ in range(30)]
    assert np.mean(draws) == pytest.approx(theory.expected_r2(16, 64), abs=0.01)
    assert theory.expected_r2(100, 64) == 1


def sample_rsa(x, y, rng):
    order = rng.permutation(len(x))
    one, other = order[: len(x) // 2], order[len(x) // 2 :]
    d_x = np.square(x[one] - x[other]).sum(axis=1)
    d_y = np.square(y[one] - y[other]).sum(axis=1)
    return np.corrcoef(d_x, d_y)[0, 1]


def test_rsa_needs_the_kurtosis_of_sparse_features(rng):
    variance, fourth = theory.bernoulli_cumulants(0.1, (1 / 2, 1 / 3, 1 / 4, 1 / 5))
    assert fourth / variance**2 == pytest.approx(13.28, abs=0.01)
    a, b = rng.normal(size=(40, 10)), rng.normal(size=(40, 15))
    z = sparse_features(rng, 200_000, 40)
    predicted = theory.rsa(a, b, variances=variance, fourth_cumulants=fourth)
    assert predicted == pytest.approx(sample_rsa(z @ a, z @ b, rng), abs=0.02)
    assert predicted > theory.rsa(a, b) + 0.1


def test_rsa_of_gaussian_features_is_cka(rng):
    a, b = rng.normal(size=(40, 10)), rng.normal(size=(40, 15))
    variances = rng.uniform(0.1, 2, size=40)
    assert theory.rsa(a, b, variances=variances) == pytest.approx(
        theory.linear_cka(a, b, covariance=variances), rel=1e-12
    )


@pytest.mark.parametrize(("m", "expected"), [(8, 0.354), (16, 0.523), (32, 0.687)])
def test_expected_rsa_of_unit_columns(rng, m, expected):
    variance, fourth = theory.bernoulli_cumulants(0.1, (1 / 2, 1 / 3, 1 / 4, 1 / 5))
    formula = theory.expected_rsa(m, m, 64, kurtosis=fourth / variance**2)
    assert formula == pytest.approx(expected, abs=0.001)

    def unit_rows():
        a = rng.normal(size=(64, m))
        return a / np.linalg.norm(a, axis=1, keepdims=True)

    draws = [
        theory.rsa(unit_rows(), unit_rows(), variances=variance, fourth_cumulants=fourth)
        for _ in range(20)
    ]
    assert np.mean(draws) == pytest.approx(formula, abs=0.015)


def test_mistakes_are_named():
    with pytest.raises(InputError, match="same features, one per row, got 3 and 4"):
        theory.linear_cka(np.ones((3, 2)), np.ones((4, 2)))
    with pytest.raises(InputError, match=r"covariance must have shape \(3, 3\)"):
        theory.r2(np.ones((3, 2)), np.ones((3, 2)), covariance=np.ones((2, 2)))
    with pytest.raises(InputError, match="no negative variance"):
        theory.linear_cka(np.eye(2), np.eye(2), covariance=[1, -1])
    with pytest.raises(InputError, match="one number or 3"):
        theory.rsa(np.ones((3, 2)), np.ones((3, 2)), variances=[1, 2])
    with pytest.raises(InputError, match="probability must lie"):
        theory.bernoulli_cumulants(0, (1, 1, 1, 1))


@pytest.mark.parametrize(
    ("said", "ask"),
    [
        ("at most n_features=12", lambda: theory.expected_cka_orthonormal(20, 3, 12)),
        (r"shape \(n, n\) or \(n,\)", lambda: theory.participation_ratio([[1, 2, 3]])),
        (r"shape \(n, n\) or \(n,\)", lambda: theory.participation_ratio(1.0)),
        ("variances of at least 0", lambda: theory.participation_ratio([-1, 2])),
        ("variances must be", lambda: theory.rsa(np.eye(2), np.eye(2), variances=[-1, 1])),
        ("variances must be", lambda: theory.rsa(np.eye(2), np.eye(2), variances=[np.nan, 1])),
        ("at least -2 var", lambda: theory.rsa(np.eye(2), np.eye(2), fourth_cumulants=-2.1)),
        ("kurtosis must be", lambda: theory.expected_rsa(3, 3, 3, kurtosis=-2.1)),
        ("kurtosis must be", lambda: theory.expected_rsa(3, 3, 3, kurtosis=np.nan)),
        ("moments must be", lambda: theory.bernoulli_cumulants(0.5, (1, 1))),
        ("moments must be", lambda: theory.bernoulli_cumulants(0.5, (0.5, 0.1, 0.1, 0.1))),
        ("shared must lie", lambda: theory.expected_overlap_cka(5, 5, 5, 5, np.nan)),
        ("shared must lie", lambda: theory.mixture_correlation(np.nan, 2)),
        (r"lie in \[-1, 1\]", lambda: theory.soft_matching(np.full((2, 2), 2.0))),
    ],
)
def test_what_no_feature_has_is_refused_in_one_line(said, ask):
    with pytest.raises(InputError, match=said):
        ask()


def test_features_of_two_values_have_the_least_fourth_cumulant(rng):
    a, b = rng.normal(size=(2, 3, 4))
    z = rng.choice([-1.0, 1.0], size=(40_000, 3))
    d = z[:20_000] - z[20_000:]
    measured = np.corrcoef(np.square(d @ a).sum(axis=1), np.square(d @ b).sum(axis=1))[0, 1]
    assert theory.rsa(a, b, fourth_cumulants=-2) == pytest.approx(measured, abs=0.03)


def test_the_root_of_a_covariance_is_its_root():
    rng = np.random.default_rng(0)
    turned, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    sigma = (turned * [0.0, 0.1, 0.7, 3.0]) @ turned.T  # below and above 1, and none
    root = root_of(sigma, 4)
    np.testing.assert_allclose(root @ root, sigma, atol=1e-12)
    np.testing.assert_allclose(root, root.T, atol=1e-12)
