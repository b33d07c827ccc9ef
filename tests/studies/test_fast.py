"""The reduced version of every study answers as the papers say, in plain data."""

import json

import pytest

from unbraid import studies

REAL = {k for k, kind in studies.STUDIES.items() if {"data", "networks"} & set(kind.model_fields)}
NAMES = sorted(set(studies.STUDIES) - {"toy"} - REAL)  # those have files of their own


@pytest.mark.parametrize("name", NAMES)
def test_reduced_version(name):
    result = studies.run(studies.STUDIES[name](fast=True))
    assert result.claims
    failed = [f"{claim.text}: {claim.evidence}" for claim in result.claims if not claim.holds]
    assert not failed
    assert result.table
    assert result.figures
    record = json.loads(json.dumps(result.record(), allow_nan=False))
    assert record["name"] == name
    for figure in result.figures:
        assert figure.kind in {"bar", "line", "histogram", "heatmap"}
        for series in figure.series:
            assert len(series.x) == len(series.y)
            assert all(len(side) == len(series.y) for side in (series.low, series.high) if side)
