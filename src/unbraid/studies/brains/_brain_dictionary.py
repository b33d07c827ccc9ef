"""The other direction: a dictionary learned from the brain's own responses to few stimuli."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from unbraid import interpret, sparse, stats
from unbraid.studies.known_truth._known import value

_FOLDS = 4  # of a regression: three quarters of the stimuli are learned from


def of_the_brain(
    brain: np.ndarray, units: np.ndarray, session: str, seed: int
) -> list[dict[str, Any]]:
    """Say whether a dictionary of the brain finds features, and whether the network predicts them.

    Two dictionaries are learned, each from one half of the stimuli. How well codes inferred from
    three quarters of the units predict the rest of the units on the other half shows if there are
    features to be found (an error of 1: none). The agreement of the atoms shows if they are the
    same ones. Ridge from the network to codes and to units of the other half shows what they
    predict. ``units`` are the network's, standardised.
    """
    rng = np.random.default_rng(seed)
    labels = np.asarray(stats.shuffled_folds(len(brain), 2, rng.spawn(1)[0]))
    spread = brain.std(axis=0)
    scaled = (brain - brain.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    method = sparse.Auto()
    learned = []
    for half in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # few stimuli: the finding itself
            learned.append(sparse.fit(scaled[labels == half], method, rng=rng.spawn(1)[0]))
    agreement = interpret.dictionary_mcc(learned[0].atoms, learned[1].atoms)
    chance = rng.normal(size=learned[1].atoms.shape)
    by_chance = interpret.dictionary_mcc(learned[0].atoms, chance)
    rows = []
    for half, dictionary in enumerate(learned):
        others = labels != half
        n_learned = int((~others).sum())
        codes = dictionary.encode(scaled[others]).toarray()
        alive = codes.std(axis=0) > 0
        source = units[others]
        to_units = value("ridge", source, scaled[others], folds=_FOLDS, rng=seed)
        to_codes = float("nan")
        if alive.any():
            to_codes = value("ridge", source, codes[:, alive], folds=_FOLDS, rng=seed)
        rows.append(
            {
                "session": session,
                "layer": f"dictionary of the brain, half {half + 1}",
                "source": f"{dictionary.n_latents} atoms from {n_learned} stimuli",
                "held-out-units error": held_out_units_error(dictionary, scaled[others]),
                "agreement of halves": agreement,
                "agreement by chance": by_chance,
                "network to units": to_units,
                "network to codes": to_codes,
            }
        )
    return rows


def held_out_units_error(dictionary: sparse.Dictionary, x: np.ndarray) -> float:
    """Return the unexplained share of each quarter of the units, codes inferred from the rest.

    ``x`` (n, p) are stimuli that the dictionary was not learned from; 1 is no better than the
    units' means.
    """
    wrong = total = 0.0
    for quarter in range(4):
        hidden = np.arange(x.shape[1]) % 4 == quarter
        shown = replace(
            dictionary,
            atoms=dictionary.atoms[:, ~hidden],
            offset=dictionary.offset[~hidden],
            encoder=None,
            by="fista",
        )
        codes = shown.encode(x[:, ~hidden])
        guess = codes @ dictionary.atoms[:, hidden] + dictionary.offset[hidden]
        wrong += float(np.square(x[:, hidden] - guess).sum())
        total += float(np.square(x[:, hidden] - x[:, hidden].mean(axis=0)).sum())
    return wrong / total if total > 0 else float("nan")
