"""The example's folder: two networks are trained, and what they answered is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unbraid import _folders, sparse
from unbraid._kernels.threads import one_thread
from unbraid._progress import Progress, silent
from unbraid.example._files import write_lines, write_pictures, write_recording, write_table
from unbraid.example._networks import N_UNITS, Weights, answers, trained, untrained
from unbraid.responses import Responses, save
from unbraid.worlds import Canvases, HandwrittenCanvases

KIND = "example"
# Stimuli, repeats and noise of a small recording, whose ceiling repeats tell
_N_RECORDED, _N_REPEATS, _NOISE = 600, 4, 0.2
# As many latents as features; a training of seconds
_LATENTS, _K, _STEPS, _SAE_BATCH = 40, 4, 1000, 256
_SAES = {"sae_a": "sparsify", "sae_b": "saelens"}

ABOUT = """\
Two small networks, a and b, alike but for their seed, learned to name handwritten digits through a
layer of 16 units: which digit stands at which of four places of a picture, 40 features. Everything
here is what they answered to 1,000 new pictures, in forms in which people hold responses.

network_a.npy        the narrow layer of a, 1,000 pictures x 16 units; ids in network_a.stimuli.txt
network_b.csv        the narrow layer of b: a column of ids, a column per unit; rows in another
order layers.npz           several arrays in one file: hidden_a, narrow_a, hidden_b, narrow_b,
stimuli untrained_a.npy      the narrow layer of a before it learned recording_a.mat      a's
answers laid out as a lab's recording: responses (units x stimuli x recording_b.mat      repeats) of
600 pictures, stimuli, and positions; each repeat shows the picture
                     with other noise on its pixels
features.csv         the truth: 1 where that digit stands at that place
labels.txt           the digit at the top left, one per line, in the order of network_a
sweep.yaml           two jobs: network_b against network_a, learned and untrained
pictures.zip         the pictures, called as the ids
sae_a/ sae_b/        a TopK autoencoder of each narrow layer, learned from 6,000 other pictures, in
                     the layouts of sparsify and of SAELens
"""

_SWEEP = """\
job: score
base: {metric: semi_matching}
grid: {x: [network_a.npy, untrained_a.npy], y: [network_b.csv]}
"""

NAMES = ("README.txt", "network_a.npy", "network_a.stimuli.txt", "network_b.csv", "layers.npz",
         "untrained_a.npy", "untrained_a.stimuli.txt", "recording_a.mat", "recording_b.mat",
         "features.csv", "labels.txt", "pictures.zip",
         "sweep.yaml")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class _Example:
    """All that is written, in memory."""

    canvases: Canvases
    ids: list[str]
    order: np.ndarray
    """Rows as network b has them."""
    networks: tuple[Weights, Weights]
    before: Weights
    """Network a before it learned."""
    trials: tuple[np.ndarray, np.ndarray]
    """(repeats, stimuli, units) of each network."""
    dictionaries: tuple[sparse.Dictionary, sparse.Dictionary]


def check_free(folder: str | Path) -> None:
    """Refuse a folder that the example cannot be written to."""
    _folders.check_target(Path(folder), KIND, overwrite=False, flag=False)


def write_example(
    folder: str | Path, *, rng: int | None = 0, progress: Progress | None = None
) -> Path:
    """Write small real files, on which every line of the README and the docs runs.

    Parameters
    ----------
    folder : str or Path
        Must not exist, or be empty; nothing is replaced.
    rng : int or None
        Seed of pictures, networks and autoencoders. On one machine the same seed gives the same
        bytes.
    progress : callable, optional
        Called as ``progress(message, fraction)``.

    Returns
    -------
    Path
        The folder; ``README.txt`` in it says what each file is.

    Raises
    ------
    InputError
        The folder holds something, or cannot be made.

    Notes
    -----
    Needs no network and no torch; about ten seconds.
    """
    check_free(folder)
    with one_thread():
        example = _made(np.random.default_rng(rng), progress or silent)
    path = Path(folder).expanduser()
    with _folders.writing(path, KIND, NAMES, overwrite=False, flag=False) as new:
        _write(new, example)
    for (name, layout), learned in zip(_SAES.items(), example.dictionaries, strict=True):
        sparse.export(learned, path / name, layout)
    return path


def _made(rng: np.random.Generator, tell: Progress) -> _Example:
    split = HandwrittenCanvases(n_train=6000, n_evaluation=1000).sample(rng=rng)
    shown, n = split.evaluation, len(split.evaluation)
    of_a, of_b, of_trials, of_saes = rng.spawn(4)
    starts = [untrained(shown.features.shape[1], seed) for seed in (of_a, of_b)]
    networks = []
    for number, (start, seed) in enumerate(zip(starts, (of_a, of_b), strict=True)):
        tell(f"training network {'ab'[number]}", 0.2 * number)
        networks.append(trained(split.training, start, seed))
    dictionaries = []
    for number, weights in enumerate(networks):
        tell(f"learning autoencoder {'ab'[number]}", 0.4 + 0.3 * number)
        training = sparse.Training(steps=_STEPS, batch_size=_SAE_BATCH)
        method = sparse.TopK(n_latents=_LATENTS, k=_K, training=training)
        answered = answers(split.training.images, weights)[1]
        dictionaries.append(sparse.fit(answered, method, rng=of_saes))
    return _Example(
        canvases=shown,
        ids=[f"canvas_{row:04d}.png" for row in range(n)],
        order=rng.permutation(n),
        networks=(networks[0], networks[1]),
        before=starts[0],
        trials=(_trials(shown, networks[0], of_trials), _trials(shown, networks[1], of_trials)),
        dictionaries=(dictionaries[0], dictionaries[1]),
    )


def _trials(canvases: Canvases, weights: Weights, rng: np.random.Generator) -> np.ndarray:
    """Show the first pictures again and again, with other noise on their pixels."""
    images = canvases.images[:_N_RECORDED]
    noise = rng.normal(scale=_NOISE, size=(_N_REPEATS, *images.shape)).astype(np.float32)
    return np.stack([answers(images + each, weights)[1] for each in noise])


def _write(new: Path, example: _Example) -> None:
    images, ids = example.canvases.images, example.ids
    (hidden_a, narrow_a), (hidden_b, narrow_b) = (answers(images, w) for w in example.networks)
    (new / "README.txt").write_text(ABOUT, encoding="utf-8")
    (new / "sweep.yaml").write_text(_SWEEP, encoding="utf-8")
    save(Responses(narrow_a, stimuli=ids), new / "network_a.npy")
    save(Responses(answers(images, example.before)[1], stimuli=ids), new / "untrained_a.npy")
    units = [f"unit {unit}" for unit in range(N_UNITS)]
    moved = [ids[row] for row in example.order]
    write_table(new / "network_b.csv", moved, units, narrow_b[example.order])
    _write_layers(new / "layers.npz", ids, hidden_a, narrow_a, hidden_b, narrow_b)
    for name, trials in zip("ab", example.trials, strict=True):
        write_recording(new / f"recording_{name}.mat", ids[:_N_RECORDED], trials)
    names = example.canvases.feature_names
    write_table(new / "features.csv", ids, names, example.canvases.features)
    write_lines(new / "labels.txt", _labels(example.canvases.features, names))
    write_pictures(new / "pictures.zip", ids, images, side=4)


def _write_layers(path: Path, ids: Sequence[str], *layers: np.ndarray) -> None:
    names = ("hidden_a", "narrow_a", "hidden_b", "narrow_b")
    arrays = {name: layer.astype(np.float32) for name, layer in zip(names, layers, strict=True)}
    np.savez_compressed(path, stimuli=np.array(ids), **arrays)  # type: ignore[arg-type]


def _labels(features: np.ndarray, names: Sequence[str]) -> list[str]:
    """Return the digit at the top left of each picture."""
    here = [column for column, name in enumerate(names) if name.endswith("top left")]
    found = features[:, here]
    return [names[here[row.argmax()]].split()[0] if row.any() else "none" for row in found]
