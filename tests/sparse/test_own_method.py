"""A method of one's own: one class, after which everything that takes a method takes it."""

import gc

import numpy as np
import pytest

import unbraid as ub
from unbraid.comparison import CompareConfig
from unbraid.errors import InputError
from unbraid.sharing import JointConfig
from unbraid.sparse import METHODS, Dictionary, Method, parse_method


def define(name="OwnAxes", module=__name__):
    """Return a new class of methods whose atoms are axes of the units, scaled."""

    class OwnAxes(Method):
        """Axes of the units."""

        size: float = 1.0
        """Length of each atom."""

        def learn(self, x, rng, log):
            return self.untrained(x, rng)

        def untrained(self, x, rng):
            p = x.shape[1]
            return Dictionary(
                atoms=self.size * np.eye(p, dtype=x.dtype),
                offset=np.zeros(p, x.dtype),
                method=self,
                by="omp",
                floor=0.0,
                k=p,
                signed=True,
            )

    OwnAxes.__name__ = name
    OwnAxes.__qualname__ = f"define.<locals>.{name}"
    OwnAxes.__module__ = module
    return OwnAxes


@pytest.fixture
def own():
    yield define()
    gc.collect()  # a class is a circle of references


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(30, 4))


def test_a_saved_dictionary_of_ones_own_method_is_loaded(own, x, tmp_path):
    learned = ub.fit(x, own(size=2.0), rng=0)
    opened = Dictionary.load(learned.save(tmp_path / "own"))
    assert opened.method == own(size=2.0)
    np.testing.assert_array_equal(opened.atoms, learned.atoms)
    np.testing.assert_allclose(opened.encode(x).toarray(), x / 2, atol=1e-6)  # by hand: x = 2 z
    assert ub.load_foreign(tmp_path / "own").method == own(size=2.0)


@pytest.mark.parametrize("kind", [CompareConfig, JointConfig])
def test_it_is_an_option_of_other_methods_and_read_from_text(own, kind, x, tmp_path):
    shuffled = ub.ShuffledLatents(of=own(size=3.0))
    assert ub.ShuffledLatents(of=shuffled.describe()["of"]) == shuffled
    opened = Dictionary.load(ub.fit(x, shuffled, rng=0).save(tmp_path / "shuffled"))
    assert opened.method == shuffled
    assert parse_method("shuffledlatents(of=ownaxes(size=3.0))") == shuffled
    config = kind(method=own(size=3.0))
    assert kind(**config.model_dump()).method == own(size=3.0)


def test_a_method_that_is_not_defined_is_asked_for(x, tmp_path):
    folder = ub.fit(x, define("GoneAxes")(), rng=0).save(tmp_path / "gone")
    gc.collect()
    with pytest.raises(InputError, match="No method called 'GoneAxes' is defined.*import its"):
        Dictionary.load(folder)


def test_the_class_defined_last_in_one_place_counts(own):
    again = define()
    assert type(parse_method("OwnAxes")) is again is not own


def test_two_methods_of_one_name_are_refused():
    theirs = define("TopK", "their_module")
    with pytest.raises(InputError, match="Two methods are called TopK.*their_module; rename one"):
        parse_method("PCA")
    del theirs
    gc.collect()
    assert parse_method("TopK") == ub.TopK()


def test_a_method_that_names_a_past_training_is_not_offered():
    assert "Imported" not in METHODS
    with pytest.raises(InputError, match="Unknown choice 'Imported'"):
        parse_method("Imported(library='a', architecture='b')")
