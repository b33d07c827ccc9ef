"""The transformer obeys scikit-learn's own checks, and gives what fit and encode give."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from unbraid import sparse
from unbraid.errors import InputError
from unbraid.sparse import DictionaryTransformer, Pursuit, RandomExpansion

TINY = Pursuit(n_latents=3, k=1)


@pytest.mark.filterwarnings("ignore")  # few stimuli for so many latents
@parametrize_with_checks([
    DictionaryTransformer(RandomExpansion(n_latents=3, k=1), random_state=0),
    DictionaryTransformer(TINY, random_state=0),
    DictionaryTransformer(TINY, by="fista", random_state=0),
])  # fmt: skip
def test_scikit_learn(estimator, check):
    check(estimator)


def test_it_is_fit_and_encode(make_world):
    world = make_world()
    learned = DictionaryTransformer(Pursuit(n_latents=24, k=2), random_state=0).fit(world.x)
    codes = learned.transform(world.x)
    np.testing.assert_array_equal(codes, learned.dictionary_.encode(world.x).toarray())
    np.testing.assert_array_equal(
        learned.inverse_transform(codes), learned.dictionary_.decode(codes)
    )
    assert world.mcc(learned.dictionary_.encode(world.x)) > 0.9
    assert learned.components_.shape == (24, 14)
    assert learned.get_feature_names_out()[0] == "dictionarytransformer0"
    again = pickle.loads(pickle.dumps(learned))
    np.testing.assert_array_equal(again.transform(world.x), codes)


def test_rows_do_not_depend_on_each_other(make_world):
    x = make_world(n=400).x
    learned = DictionaryTransformer(TINY, by="fista", random_state=0).fit(x)
    np.testing.assert_allclose(learned.transform(x[:5]), learned.transform(x)[:5], atol=1e-6)


def test_in_a_pipeline_and_a_search(make_world):
    world = make_world(n=300)
    pipe = make_pipeline(DictionaryTransformer(TINY, random_state=0), Ridge())
    methods = [TINY, Pursuit(n_latents=24, k=2)]
    search = GridSearchCV(pipe, {"dictionarytransformer__method": methods}, cv=2)
    search.fit(world.x, world.features[:, 0])
    assert search.best_params_["dictionarytransformer__method"] == methods[1]
    assert clone(pipe[0]).method is not None


def test_what_it_refuses(make_world):
    x = make_world(n=50).x
    with pytest.raises(InputError, match="method must be a method such as"):
        DictionaryTransformer("topk").fit(x)
    with pytest.raises(
        InputError, match="by must be 'encoder', 'omp', 'fista', 'l0' or 'posterior'"
    ):
        DictionaryTransformer(TINY, by="lars").fit(x)
    with pytest.raises(InputError, match="Pursuit.* has no encoder; use by='omp'"):
        DictionaryTransformer(TINY, by="encoder").fit(x)
    with pytest.raises(AttributeError, match="has no attribute 'Transformer'"):
        sparse.Transformer  # noqa: B018
