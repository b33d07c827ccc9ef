"""What all main jobs' answers share, where one job's own tests do not reach."""

from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest

from unbraid._answers import Verdict, made_with, plain, warned
from unbraid._answers import _provenance as provenance
from unbraid._config import configured
from unbraid.comparison import CompareConfig
from unbraid.errors import InputError
from unbraid.evaluation import EvaluateConfig
from unbraid.sharing import JointConfig


def test_packages_that_are_not_installed_have_no_version(monkeypatch):
    known = provenance.version

    def version(name):
        if name in ("torch", "POT"):
            raise PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(provenance, "version", version)
    found = made_with(CompareConfig())["versions"]
    assert list(found) == ["unbraid", "numpy", "scipy", "scikit-learn"]


@pytest.mark.parametrize("kind", [CompareConfig, JointConfig, EvaluateConfig])
def test_options_are_one_object_or_keywords(kind):
    assert configured(kind, None, {"seeds": 2}) == configured(kind, kind(seeds=2), {})
    with pytest.raises(InputError, match="either config or single options, not both"):
        configured(kind, kind(), {"seeds": 2})
    with pytest.raises(InputError, match=f"config must be an? {kind.__name__}, got dict"):
        configured(kind, {"seeds": 2}, {})


def test_a_verdict_begins_once_with_what_would_void_it():
    found = Verdict(tone="gain", sentence="It rises.")
    void = "the score is not held out."
    once, said = warned(found, ("a small thing.",), [void])
    assert said == (void, "a small thing.")
    assert once.sentence == f"{void} It rises."
    assert warned(once, said, ["another."])[0].sentence == once.sentence
    assert warned(found, (), ["a small thing."])[0] == found
    assert found.record() == {"tone": "gain", "sentence": "It rises.", "reasons": []}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(np.float32(0.5), 0.5), (np.nan, None), (np.inf, None), (np.int64(3), 3), ("text", "text")],
)
def test_numbers_are_plain(value, wanted):
    assert plain(value) == wanted
    assert type(plain(value)) in (float, int, str, type(None))
