"""The study `dnn-brain`: whether unbraiding a network helps to predict the brain."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import stats
from unbraid._progress import Progress, part, silent
from unbraid.responses import Images, Network, images
from unbraid.studies._study import Claim, Study, StudyResult
from unbraid.studies.brains import _brain, _brain_page
from unbraid.studies.brains._brain_dictionary import of_the_brain
from unbraid.studies.systems import _sources
from unbraid.studies.systems._pooled import compact, pooled, training_vectors
from unbraid.studies.systems._v4 import Session, data_folder, opened, other_pictures, prepared
from unbraid.studies.systems._v4 import session as v4_session

REFERENCE = {"relu1": 0.447, "fire3": 0.557, "fire5": 0.581, "fire7": 0.595, "fire9": 0.568}
"""Median r over units of session 210325, SqueezeNet pooled to 4 x 4 (measured independently)."""


class DnnBrain(Study):
    """Layers of an ImageNet network to V4 or fMRI, raw and unbraided, beside their controls."""

    name: ClassVar[str] = "dnn-brain"
    question: ClassVar[str] = (
        "Do sparse codes of a network's layers predict the brain better than its units do, beyond "
        "what a random expansion of the same width explains?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "raw_layers": (), "layers": ("fire7",), "other_sessions": (), "n_pictures": 200,
        "n_training_pictures": 100, "n_vectors": 12_000, "steps": 200, "expansion": 2,
        "resamples": 100, "random_network": False, "pool": 2,
    }  # fmt: skip

    fast: bool = False
    """A reduced version."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    data: Path | None = Field(default=None, exclude=True)
    """Folder of real data; none: UNBRAID_DATA."""
    networks: Path | None = Field(default=None, exclude=True)
    """Folder of networks' weights; none: UNBRAID_NETWORKS."""
    session: str = "210325"
    """Session of V4 that is predicted, its whole table shown."""
    other_sessions: tuple[str, ...] = ("201025", "190923", "190925", "210224", "210322")
    """Sessions in which the gain at ``other_layer`` is measured again."""
    other_layer: str = "fire7"
    """The layer of the other sessions; one of ``layers``."""
    training_session: str = "201025"
    """Session whose pictures (those that are not predicted) train the dictionaries."""
    training_images: Path | None = Field(default=None, exclude=True)
    """Folder or zip of photographs (ImageNet's, COCO's) that train them in its place."""
    betas: Path | None = Field(default=None, exclude=True)
    """Folder of prepared fMRI responses, predicted in place of V4 (see ``responses.betas``)."""
    images: Path | None = Field(default=None, exclude=True)
    """Folder or zip of their images, named by image id."""
    subject: int = Field(default=1, ge=1)
    """Subject of ``betas``."""
    region: str | None = None
    """Region of ``betas``; none: all voxels."""
    network: str = "squeezenet1_1"
    """Which network: a known name, torchvision:NAME, timm:NAME or a folder of transformers."""
    raw_layers: tuple[str, ...] = ("relu1", "fire3")
    """Layers whose units alone are measured."""
    layers: tuple[str, ...] = ("fire5", "fire7", "fire9")
    """Layers that are unbraided."""
    n_pictures: int = Field(default=640, ge=20)
    """At most so many pictures per session, the first by name."""
    n_training_pictures: int = Field(default=1200, ge=10)
    """At most so many pictures train the dictionaries."""
    n_vectors: int = Field(default=900_000, ge=1000)
    """Positions that train each dictionary, at most."""
    expansion: float = Field(default=4.0, gt=0)
    """Latents a channel."""
    k: int = Field(default=16, ge=1)
    """Active latents a position."""
    steps: int | None = Field(default=1000, ge=1)
    """Training steps; none: the method's own."""
    pool: int = Field(default=4, ge=1)
    """Cells along each side in which units and latents are averaged."""
    folds: int = Field(default=4, ge=3)
    """Folds of the outer cross-validation; penalties and searches use the others."""
    resamples: int = Field(default=300, ge=0)
    """Draws of the intervals of differences over stimuli."""
    random_network: bool = True
    """Whether the network with random weights is a control."""

    def answer(self, progress: Progress) -> StudyResult:
        """Record, learn, encode, predict, and check the claims against it."""
        rng = np.random.default_rng(self.seed)
        tested, ceiling = self._tested()
        net = opened(self.network, self.networks)
        judged = _brain.Judged(folds=self.folds, resamples=self.resamples, seed=self.seed)
        training = self._training_pictures(tested)
        learned = self._learn(net, training, rng.spawn(1)[0], part(progress, 0.0, 0.35))
        plain: dict[str, dict] = {layer: {"units": None} for layer in self.raw_layers}
        tell = part(progress, 0.35, 0.55)
        sizes = _brain.cells(self.pool)
        features = _brain.views(net, tested.pictures, plain | learned, sizes, tell)
        compared = features[self.pool]
        if self.random_network:
            bare = opened(self.network, None, rng.spawn(1)[0])
            alone: dict[str, dict] = {layer: {"random network": None} for layer in plain | learned}
            tell = part(progress, 0.55, 0.6)
            compared |= _brain.views(bare, tested.pictures, alone, sizes[:1], tell)[self.pool]
        deepest, brain = self.layers[-1], tested.responses.toarray()
        compared[deepest, "shuffled"] = compared[deepest, "codes"][rng.permutation(len(brain))]
        scores = _brain.predict(compared, brain, judged, part(progress, 0.6, 0.68))
        progress("searching", 0.68)
        units = compared[deepest, "units"]
        families = _brain.search(features, brain, judged)
        del features, compared
        elsewhere = self._elsewhere(net, rng.spawn(1)[0], judged, part(progress, 0.75, 0.95))
        progress("learning a dictionary of the brain", 0.95)
        about = {"session": tested.name}
        table = [_brain.row(key, scores, ceiling, about) for key in scores]
        table += [about | _brain.family_row(k, found, ceiling) for k, found in families.items()]
        table += [line for each in elsewhere for line in each.rows]
        table += of_the_brain(brain, units, tested.name, self.seed)
        gains = {name: _brain.family_gain(families["unbraided"], families[name])
                 for name in ("neurons", "expansion", "untrained")}  # fmt: skip
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(scores, families, gains, elsewhere),
            table=table,
            figures=[
                _brain_page.by_layer(scores, self.network, tested.name, len(brain), self.seed),
                *_brain_page.by_session(elsewhere, self.other_layer, self.seed),
                _brain_page.by_unit(families, ceiling, tested.name, self.seed),
            ],
            settings={},
            conclusion=_brain_page.conclusion(tested.name, gains),
            notes=self._notes(learned, len(training), len(brain)),
        )  # fmt: skip

    def _tested(self) -> tuple[Session, np.ndarray | None]:
        """Return what is predicted, and its ceiling."""
        if self.betas is not None:
            found, ceiling = prepared(self.betas, self.images, self.subject, self.region)
            return found.first(self.n_pictures), ceiling
        found = v4_session(data_folder(self.data), self.session).first(self.n_pictures)
        repeats = found.responses.repeats
        return found, None if repeats is None else stats.noise_ceiling(repeats, rng=0).ceiling

    def _training_pictures(self, tested: Session) -> Images:
        """Return pictures that are not predicted."""
        if self.training_images is not None:
            others = images(self.training_images)
        elif self.betas is not None and self.images is not None:
            others = images(self.images)
        else:
            others = v4_session(data_folder(self.data), self.training_session).pictures
        others = other_pictures(others, tested.pictures)
        return others.take(np.arange(min(self.n_training_pictures, len(others))))

    def _learn(
        self, net: Network, pictures: Images, rng: np.random.Generator, progress: Progress
    ) -> dict[str, dict]:
        progress("recording training pictures", 0.0)
        vectors = training_vectors(net, self.layers, pictures, self.n_vectors, rng.spawn(1)[0])
        learned: dict[str, dict] = {}
        for layer, x in vectors:
            start, stop = ((len(learned) + j) / len(self.layers) for j in (0, 1))
            tell = part(progress, start, stop, f"{layer}, ")
            learned[layer] = self._sources(x, rng, tell, search=not self.is_fast)
        return learned

    def _sources(
        self, x: np.ndarray, rng: np.random.Generator, tell: Progress, *, search: bool
    ) -> dict[str, Any]:
        chosen = _sources.methods(
            x.shape[1], expansion=self.expansion, k=self.k, steps=self.steps, search=search
        )
        return _sources.learn(x, chosen, rng.spawn(1)[0], tell)

    def _elsewhere(
        self, net: Network, rng: np.random.Generator, judged: _brain.Judged, progress: Progress
    ) -> list[_brain.Elsewhere]:
        """Predict the other sessions from dictionaries learned from the first one's pictures."""
        if self.betas is not None or not self.other_sessions:
            return []
        data, layer = data_folder(self.data), self.other_layer
        days = [v4_session(data, name).first(self.n_pictures) for name in self.other_sessions]
        training = v4_session(data, self.session).pictures
        for day in days:
            training = other_pictures(training, day.pictures)
        training = training.take(np.arange(min(self.n_training_pictures, len(training))))
        ((_, x),) = training_vectors(net, (layer,), training, self.n_vectors, rng.spawn(1)[0])
        tell = part(progress, 0.1, 0.4, f"{layer}, ")
        learned = {layer: self._sources(x, rng, tell, search=False)}
        found = []
        for i, day in enumerate(days):
            start, stop = (0.4 + 0.6 * j / len(days) for j in (i, i + 1))
            tell = part(progress, start, stop, f"session {day.name}: ")
            values = pooled(net, day.pictures, learned, self.pool, tell)
            features = {key: compact(values.pop(key)) for key in list(values)}
            scores = _brain.predict(features, day.responses.toarray(), judged, silent)
            found.append(_brain.elsewhere(day.name, layer, scores))
        return found

    def _claims(
        self, scores: dict, families: dict, gains: dict, elsewhere: list[_brain.Elsewhere]
    ) -> list[Claim]:
        claims = []
        curve = {layer: _brain.median(scores[layer, "units"])
                 for layer in REFERENCE if (layer, "units") in scores}  # fmt: skip
        named = self.session == "210325" and self.network == "squeezenet1_1" and self.pool == 4
        if named and self.betas is None and self.n_pictures >= 640 and curve:
            claims.append(
                Claim(
                    text="raw layers predict V4 as measured before (fire7 within .02)",
                    holds=abs(curve.get("fire7", np.nan) - REFERENCE["fire7"]) <= 0.02,
                    evidence=", ".join(f"{k} {v:.3f} ({REFERENCE[k]})" for k, v in curve.items()),
                )
            )
        for other, gain in gains.items():
            text = {"neurons": "neurons do", "expansion": "a random expansion does",
                    "untrained": "an untrained dictionary does"}[other]  # fmt: skip
            units = _brain.over_units(families["unbraided"].per_target, families[other].per_target)
            claims.append(
                Claim(
                    text=f"unbraided, each at its best, the network predicts better than {text}",
                    holds=gain.low > 0,
                    evidence=f"{_brain.said(gain)} over pictures, [{units.low:+.3f}, "
                    f"{units.high:+.3f}] over units; {families['unbraided'].chosen} against "
                    f"{families[other].chosen}",
                )
            )
        return claims + _brain_page.across_sessions(elsewhere)

    def _notes(self, learned: dict, n_training: int, n: int) -> list[str]:
        fvu = {layer: found["codes"].evidence.fvu for layer, found in learned.items()}
        return [
            f"Dictionaries were learned from {n_training} pictures that are not predicted; FVU "
            + ", ".join(f"{layer} {value:.3f}" for layer, value in fvu.items()) + ".",
            f"Ridge from {self.pool} x {self.pool} cells, features standardised over all pictures, "
            f"a penalty per unit by inner folds, {self.folds} shuffled folds over {n} pictures. "
            "Rows 'chosen inside folds': source, layer, width, active latents and cells are "
            "chosen by the inner folds alone.",
            "Other networks, more pictures, or cells that follow each neuron's receptive field "
            "could change the answer.",
        ]  # fmt: skip
