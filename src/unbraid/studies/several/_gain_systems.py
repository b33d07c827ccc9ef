"""Networks in superposition, and networks of ten classes that need none."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import worlds
from unbraid._progress import silent
from unbraid.studies.several._gain_sources import Recorded
from unbraid.studies.systems._convnet import trained
from unbraid.studies.systems._pooled import pooled
from unbraid.studies.systems._small_pictures import digits, fashion, fashion_folder

_CLASSES = 10  # digits


def naming(options: Any, units: int) -> list[Recorded]:
    """Train networks that name 40 features of canvases through so many units."""
    world = worlds.NamingNetworks(
        n_units=units,
        n_networks=options.networks,
        epochs=options.epochs,
        canvases=worlds.HandwrittenCanvases(
            n_train=options.n_canvases, n_evaluation=options.n_tested
        ),
    ).build(rng=np.random.default_rng((options.seed, units)))
    return [
        Recorded(
            training=net.training.toarray()[: options.n_stimuli],
            tested=net.evaluation.toarray(),
            labels=world.training.features[: options.n_stimuli],
            truth=world.evaluation.features,
        )
        for net in world.networks
    ]


def ten_classes(options: Any, units: int) -> list[Recorded]:
    """Train convolutional networks on ten classes; units are channels of their last layer."""
    rng = np.random.default_rng((options.seed, units, 10))
    if fashion_folder(options.data) is not None:
        pictures = fashion(options.data, options.n_stimuli, options.n_tested)
    else:
        pictures = digits(options.n_stimuli, rng)
    found = []
    for own in rng.spawn(options.networks):
        net, _ = trained(pictures, channels=units, depth=3, epochs=options.class_epochs,
                         seed=own, tell=silent)  # fmt: skip
        layer = net.layers[-1]
        values = pooled(net, pictures.images, {layer: {"units": None}}, 1, silent)
        x = values[layer, "units"]
        labels = np.eye(_CLASSES)[pictures.labels]
        cut = pictures.n_training
        found.append(Recorded(training=x[:cut], tested=x[cut:], labels=labels[:cut],
                              truth=labels[cut:]))  # fmt: skip
    return found
