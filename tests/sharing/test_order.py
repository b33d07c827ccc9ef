"""What is said of the order of the stimuli reaches every learning."""

import pytest

import unbraid as ub

QUICK = {"seeds": 1, "refits": 1, "baselines": True, "permutations": 99}


@pytest.mark.parametrize("order", ["exchangeable", "time", "auto"])
def test_what_is_said_of_the_order_is_said_to_every_learning(order, half_shared, monkeypatch):
    """Validation stimuli of what is learned jointly, alone and of wrong pairs."""
    heard, learn = [], ub.sparse.fit

    def hear(*values, **options):
        heard.append(options["order"])
        return learn(*values, **options)

    monkeypatch.setattr(ub.sparse, "fit", hear)
    few = {name: x[:300] for name, x in half_shared[0].items()}
    ub.joint(few, method=ub.sparse.PCA(n_latents=6), order=order,
             **QUICK)  # fmt: skip
    assert len(heard) == 4 and set(heard) == {order}
