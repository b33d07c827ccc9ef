"""The study `text`: meaning as addition in word vectors and a sentence encoder, and unbraided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import align, stats
from unbraid._progress import Progress, part
from unbraid.sparse import Dictionary
from unbraid.studies._across import across
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies.systems import _sources
from unbraid.studies.systems._pooled import standardised
from unbraid.studies.systems._v4 import networks_folder
from unbraid.studies.text import _language
from unbraid.studies.text._meaning import Relation, relations, retrieval, solved_figure, sum_row
from unbraid.studies.text._words import ANALOGIES, COMPOUNDS, THINGS


class Text(Study):
    """Word vectors and a sentence encoder: additivity, analogy, and what unbraiding changes."""

    name: ClassVar[str] = "text"
    question: ClassVar[str] = (
        "Is meaning additive in word vectors and in a sentence encoder, and does unbraiding make "
        "analogies clearer, or the two systems more alike on the same words?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "n_words": 600, "n_training_words": 1500, "steps": 150, "resamples": 100,
        "layers": ("embeddings", "encoder.layer.5"),
    }  # fmt: skip

    fast: bool = False
    """A reduced version."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    networks: Path | None = Field(default=None, exclude=True)
    """Folder of word vectors and the encoder; none: UNBRAID_NETWORKS."""
    layers: tuple[str, ...] = (
        "embeddings", "encoder.layer.1", "encoder.layer.3", "encoder.layer.5",
    )  # fmt: skip
    """Layers of the encoder."""
    n_words: int = Field(default=3000, ge=100)
    """Words on which the systems are compared."""
    n_training_words: int = Field(default=7000, ge=200)
    """Other words, from which dictionaries are learned."""
    expansion: float = Field(default=4.0, gt=0)
    """Latents a unit."""
    steps: int | None = Field(default=1500, ge=1)
    """Training steps; none: the method's own."""
    folds: int = Field(default=5, ge=3)
    """Folds over words."""
    resamples: int = Field(default=300, ge=0)
    """Draws of the intervals of differences."""

    def answer(self, progress: Progress) -> StudyResult:
        """Embed, learn, compare, and check the claims against it."""
        rng = np.random.default_rng(self.seed)
        folder = networks_folder(self.networks)
        vectors, net = _language.word_vectors(folder), _language.encoder(folder)
        known = {str(word): i for i, word in enumerate(vectors.stimuli)}
        special = sorted({word for pairs in ANALOGIES.values() for pair in pairs for word in pair}
                         | {word for parts in COMPOUNDS for word in parts})  # fmt: skip
        named = np.array([known[word] for word in special if word in known])
        total = self.n_words + self.n_training_words
        rows = rng.permutation(_language.ordinary_words(vectors, total, leave_out=named))
        scored, training = rows[: self.n_words], rows[self.n_words :]
        order = np.concatenate([scored, training, named])
        words = [str(vectors.stimuli[row]) for row in order]
        progress("reading words", 0.0)
        systems = {"word vectors": np.asarray(vectors.values[order], np.float32)}
        systems |= _language.layer_means(net, words, self.layers)
        end = self.n_words + len(training)
        coded: dict[str, dict[str, np.ndarray]] = {}
        for i, (system, x) in enumerate(systems.items()):
            tell = part(progress, 0.3 + 0.4 * i / len(systems), 0.3 + 0.4 * (i + 1) / len(systems))
            coded[system] = self._coded(x, x[self.n_words : end], rng.spawn(1)[0], tell)
        progress("comparing systems", 0.7)
        scores = self._compare(coded)
        progress("analogies", 0.9)
        at = {word: end + i for i, word in enumerate(words[end:])}
        found = [
            relations(values, at, ANALOGIES, about=(system, source), vocabulary=self.n_words)
            for system, sources in coded.items()
            for source, values in sources.items()
        ]
        flat = [line for lines in found for line in lines]
        sums = self._sums(coded, at, net)
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(scores, flat, sums),
            table=[line.row for line in flat] + sums
            + [_row(key, score) for key, score in scores.items()],
            figures=[self._figure(scores), solved_figure(found, self.seed)],
            settings={},
            conclusion=self._conclusion(scores, flat),
            notes=[
                f"Dictionaries learned from {len(training)} words, none of them scored or part of "
                "an analogy. Encoder: mean over tokens of each word alone.",
                f"Analogies: the nearest of {self.n_words} words and all words of the table, the "
                "three that are given left out; cosine after the mean of the training words is "
                "removed.",
                "Words in sentences, other vectors, or another encoder could change the answer.",
            ],
        )  # fmt: skip

    def _coded(
        self, x: np.ndarray, training: np.ndarray, rng: np.random.Generator, tell: Progress
    ) -> dict[str, np.ndarray]:
        """Return units and codes of all words, centred on the training words."""
        chosen = _sources.methods(x.shape[1], expansion=self.expansion, k=None, steps=self.steps)
        coded = {}
        for source, dictionary in _sources.learn(training, chosen, rng, tell).items():
            encode = np.asarray if dictionary is None else _dense_codes(dictionary)
            coded[source] = np.asarray(encode(x) - encode(training).mean(axis=0), np.float32)
        return coded

    def _compare(self, coded: dict[str, dict[str, np.ndarray]]) -> dict[tuple[str, str, str], Any]:
        """Return scores by (layer, comparison, metric) on the scored words."""
        how: dict[str, Any] = {
            "folds": self.folds, "permutations": 0, "resamples": self.resamples, "rng": self.seed,
            "order": "exchangeable",
        }  # fmt: skip
        mine = {k: standardised(v[: self.n_words]) for k, v in coded["word vectors"].items()}
        scores = {}
        for layer in self.layers:
            units = standardised(coded[layer]["units"][: self.n_words])
            codes = coded[layer]["codes"][: self.n_words]
            for source, values in mine.items():
                scores[layer, f"{source} -> units", "ridge"] = align.ridge(values, units, **how)
            scores[layer, "units -> units", "semi_matching"] = align.semi_matching(
                mine["units"], units, **how
            )
            scores[layer, "codes -> codes", "semi_matching"] = align.semi_matching(
                coded["word vectors"]["codes"][: self.n_words], codes, **how
            )
            scores[layer, "untrained -> untrained", "semi_matching"] = align.semi_matching(
                coded["word vectors"]["untrained"][: self.n_words],
                coded[layer]["untrained"][: self.n_words], **how,
            )  # fmt: skip
        return scores

    def _sums(self, coded: dict, at: dict[str, int], net: Any) -> list[dict[str, Any]]:
        """Return additivity of compounds (words) and of sentences that name two things."""
        rows = []
        there = [parts for parts in COMPOUNDS if all(word in at for word in parts)]
        for system, sources in coded.items():
            for source in ("units", "codes", "random relu"):
                a, b, both = (sources[source][[at[parts[i]] for parts in there]] for i in range(3))
                rows.append(sum_row(system, source, "compounds", a, b, both, self.seed))
        pairs = list(zip(THINGS, THINGS[1:] + THINGS[:1], strict=True))
        lines = [f"a {a}" for a, _ in pairs], [f"a {b}" for _, b in pairs]
        both_lines = [f"a {a} and a {b}" for a, b in pairs]
        several = [f"a {a}" for a in THINGS]
        whole = _language.layer_means(
            net, [*lines[0], *lines[1], *both_lines, *several], self.layers
        )
        n = len(pairs)
        for layer, x in whole.items():
            x = x - x[3 * n :].mean(axis=0)
            rows.append(
                sum_row(
                    layer, "units", "two things", x[:n], x[n : 2 * n], x[2 * n : 3 * n], self.seed
                )
            )
        return rows

    def _claims(self, scores: dict, found: list[Relation], sums: list[dict]) -> list[Claim]:
        claims = []
        for system in ("word vectors", self.layers[-1]):
            mine = [line for line in found if (line.system, line.source) == (system, "units")]
            a = np.concatenate([line.solved for line in mine])
            b = np.concatenate([line.solved_by_c for line in mine])
            told = ", ".join(f"{x.relation} {x.solved.mean():.2f} ({x.solved_by_c.mean():.2f})"
                             for x in mine)  # fmt: skip
            text = f"{system}: a - b + c finds d more often than c alone does"
            claims.append(self._share(text, a, b, told))
        for system in ("word vectors", self.layers[-1]):
            for other in ("units", "random relu"):
                a, b = (retrieval(found, system, source) for source in ("codes", other))
                text = f"{system}: codes solve more analogies than {other} do"
                claims.append(self._share(text, a, b, f"of {len(a)}"))
        added = [r for r in sums if r["source"] == "units"]
        claims.append(
            Claim(
                text="what two things mean together is nearer to their sum than to either alone",
                holds=all(r["over better part"] > 0 and r["p"] < 0.05 for r in added),
                evidence="; ".join(
                    f"{r['layer']}, {r['what']} {r['over better part']:+.3f} (p {r['p']:.2g})"
                    for r in added
                ),
            )
        )
        for other in ("units", "random relu"):
            gains = [
                (layer, _difference(scores[layer, "codes -> units", "ridge"],
                                    scores[layer, f"{other} -> units", "ridge"]))
                for layer in self.layers
            ]  # fmt: skip
            claims.append(
                _gain(f"unbraided word vectors predict the encoder better than {other} do", gains)
            )
        gains = [
            (layer, _difference(scores[layer, "codes -> codes", "semi_matching"],
                                scores[layer, "units -> units", "semi_matching"]))
            for layer in self.layers
        ]  # fmt: skip
        claims.append(_gain("unbraiding both makes them more alike unit by unit", gains))
        return claims

    def _conclusion(self, scores: dict, found: list[Relation]) -> str:
        last = self.layers[-1]
        units, codes = (retrieval(found, "word vectors", s).mean() for s in ("units", "codes"))
        a, b = (scores[last, f"{s} -> units", "ridge"].value for s in ("units", "codes"))
        return (
            f"Word vectors solve {units:.0%} of the analogies, their codes {codes:.0%}; the "
            f"encoder's {last} is predicted with r {a:.3f} from the vectors and {b:.3f} from "
            "their codes."
        )

    def _share(self, text: str, a: np.ndarray, b: np.ndarray, told: str) -> Claim:
        """Compare two shares of solved analogies, paired by analogy."""
        gain = across(a.astype(float) - b)
        return Claim(
            text=text,
            holds=bool(gain.low > 0),
            evidence=f"{a.mean():.3f} against {b.mean():.3f}: {gain.mean:+.3f} "
            f"[{gain.low:+.3f}, {gain.high:+.3f}]; {told}",
        )

    def _figure(self, scores: dict) -> Figure:
        kinds = list(dict.fromkeys((what, metric) for _, what, metric in scores))
        series = [
            Series(
                name=f"{what}, {metric.replace('_', '-')}",
                x=list(self.layers),
                y=[scores[layer, what, metric].value for layer in self.layers],
                low=[scores[layer, what, metric].low for layer in self.layers],
                high=[scores[layer, what, metric].high for layer in self.layers],
                kind="control" if what.split(" ")[0] in ("untrained", "random") else "measured",
            )
            for what, metric in kinds
        ]
        last = self.layers[-1]
        return Figure(
            kind="bar",
            title="Word vectors to the encoder's layers",
            x_label="",
            y_label="score on held-out words",
            series=series,
            caption=f"At {last}, ridge from units "
            f"{scores[last, 'units -> units', 'ridge'].value:.3f}, "
            f"from codes {scores[last, 'codes -> units', 'ridge'].value:.3f}, from a random "
            f"expansion {scores[last, 'random relu -> units', 'ridge'].value:.3f}. n = "
            f"{self.n_words} words, seed {self.seed}; bars: 95 % over words.",
        )


def _dense_codes(dictionary: Dictionary) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: dictionary.encode(x).toarray()


def _row(key: tuple[str, str, str], score: align.Score) -> dict[str, Any]:
    return {
        "layer": key[0], "source": key[1], "what": key[2], "n": score.n, "score": score.value,
        "low": score.low, "high": score.high, "coverage": score.coverage,
    }  # fmt: skip


def _difference(a: align.Score, b: align.Score) -> stats.Difference:
    return stats.paired_difference(a.value, b.value, a.replicates, b.replicates)


def _gain(text: str, gains: list[tuple[str, stats.Difference]]) -> Claim:
    return Claim(
        text=f"{text}, in every layer",
        holds=all(gain.low > 0 for _, gain in gains),
        evidence="; ".join(f"{x}: {g.value:+.3f} [{g.low:+.3f}, {g.high:+.3f}]" for x, g in gains),
    )
