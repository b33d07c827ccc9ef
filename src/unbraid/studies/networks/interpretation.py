"""The study `interpret`: whether real codes mean more than units, beyond every baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import evaluation, sparse
from unbraid._progress import Progress, part
from unbraid.responses import ChannelMean, Responses, record
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies.systems._v4 import Session, data_folder, opened
from unbraid.studies.systems._v4 import session as v4_session

_JUDGES = {"squeezenet1_1": "fire9", "efficientnet_lite0": "_blocks.15"}
"""Deepest layer of each network, whose channel means judge the other."""
_OTHER = {"squeezenet1_1": "efficientnet_lite0", "efficientnet_lite0": "squeezenet1_1"}
_RECORDING = 0.5  # share of the work


class Interpretation(Study):
    """Units, codes and baselines of networks' layers and of V4, judged by another network."""

    name: ClassVar[str] = "interpret"
    question: ClassVar[str] = (
        "Are codes of real systems more interpretable to another network than their units, and "
        "than baselines that learn no dictionary?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "layers": ("squeezenet1_1:fire9",), "sessions": ("210224",), "n_pictures": 300, "seeds": 1,
        "measures": ("intrusion", "example_auc"), "n_latents": 64, "v4": "",
    }  # fmt: skip

    fast: bool = False
    """A reduced version."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    data: Path | None = Field(default=None, exclude=True)
    """Folder of real data (V4's pictures); none: UNBRAID_DATA."""
    networks: Path | None = Field(default=None, exclude=True)
    """Folder of networks' weights; none: UNBRAID_NETWORKS."""
    layers: tuple[str, ...] = (
        "squeezenet1_1:fire5", "squeezenet1_1:fire9",
        "efficientnet_lite0:_blocks.4", "efficientnet_lite0:_blocks.10",
    )  # fmt: skip
    """Layers that are judged, by the deepest layer of the other network."""
    sessions: tuple[str, ...] = ("190923", "201025", "210224")
    """V4 sessions whose photographs are shown."""
    v4: str = "201025"
    """Session whose V4 units are judged, by EfficientNet; empty: none."""
    n_pictures: int = Field(default=1200, ge=100)
    """Pictures of each session at most."""
    seeds: int = Field(default=2, ge=1)
    """Dictionaries of each layer."""
    n_latents: int = Field(default=256, ge=2)
    """Latents of the TopK dictionaries."""
    k: int = Field(default=8, ge=1)
    """Active latents per picture."""
    measures: tuple[str, ...] = (
        "intrusion", "example_auc", "machine_interpretability", "monosemanticity_centred",
    )  # fmt: skip
    """Measures; claims are about the first."""

    def answer(self, progress: Progress) -> StudyResult:
        """Record, learn, judge."""
        shown = [
            v4_session(data_folder(self.data), name).first(self.n_pictures)
            for name in dict.fromkeys((*self.sessions, *filter(None, [self.v4])))
        ]
        judge_of_v4 = f"efficientnet_lite0:{_JUDGES['efficientnet_lite0']}"
        names = [*self.layers, *map(_judge_of, self.layers), *([judge_of_v4] if self.v4 else [])]
        recorded = self._recorded(names, shown, part(progress, 0.0, 0.6 * _RECORDING))
        random = self._recorded(
            self.layers,
            shown,
            part(progress, 0.6 * _RECORDING, _RECORDING),
            np.random.default_rng(self.seed),
        )
        wanted: list[tuple[str, Responses, Responses, Responses | None]] = [
            (layer, recorded[layer], recorded[_judge_of(layer)], random[layer])
            for layer in self.layers
        ]
        if self.v4:
            (own,) = (s for s in shown if s.name == self.v4)
            judge = recorded[judge_of_v4].select(own.responses.stimuli)
            wanted.append((f"V4 {self.v4}", own.responses, judge, None))
        found = {}
        for i, (name, x, judge, copy) in enumerate(wanted):
            progress(name, _RECORDING + (1 - _RECORDING) * i / len(wanted))
            width = self.n_latents if not name.startswith("V4") else 2 * x.shape[1]
            found[name] = evaluation.evaluate(
                sparse.TopK(n_latents=width, k=self.k),
                x,
                embeddings=judge,
                x_untrained=copy,
                measures=self.measures,
                seeds=self.seeds,
                rng=self.seed,
            )
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=_claims(found),
            table=_table(found),
            figures=[_figure(name, result) for name, result in found.items()],
            settings={},
            notes=[
                "The judge is another network's deepest layer, channel means; a judge trained on "
                "other tasks may see other meanings.",
                "Units are spatial means of channels. Codes are of these means, learned on half of "
                "the pictures and judged on the other half.",
                "An untrained copy is the same network with He's random weights, taken through the "
                "same steps; V4 has none.",
            ],
            conclusion=_conclusion(found),
        )

    def _recorded(
        self,
        names: Sequence[str],
        shown: list[Session],
        progress: Progress,
        rng: np.random.Generator | None = None,
    ) -> dict[str, Responses]:
        """Return the channel means of these layers, one row per picture of any session.

        With ``rng``, of networks with random weights.
        """
        asked: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            net, layer = name.split(":")
            asked.setdefault(net, []).append(layer)
        found = {}
        for i, (net, layers) in enumerate(asked.items()):
            model = opened(net, self.networks, rng)
            parts = []
            for j, each in enumerate(shown):
                state = "" if rng is None else "untrained "
                progress(f"{state}{net} sees {each.name}", (i + j / len(shown)) / len(asked))
                ids = [f"{each.name}/{picture}" for picture in each.pictures.names]
                parts.append((ids, record(model, each.pictures, layers, units=ChannelMean())))
            for layer in layers:
                found[f"{net}:{layer}"] = Responses(
                    np.concatenate([got[layer].toarray() for _, got in parts]),
                    stimuli=[name for ids, _ in parts for name in ids],
                )
        return found


def _judge_of(layer: str) -> str:
    other = _OTHER[layer.split(":")[0]]
    return f"{other}:{_JUDGES[other]}"


def _table(found: dict[str, evaluation.Evaluation]) -> list[dict[str, Any]]:
    return [
        {
            "layer": name, "measure": score.measure, "side": score.side, "score": score.value,
            "low": score.interval.low, "high": score.interval.high, "chance": score.chance,
            "units": len(score.seeds[0]), "scored": score.coverage, "sd_over_seeds": score.spread,
            "stimuli": len(result.rows),
        }
        for name, result in found.items()
        for score in result.scores
    ]  # fmt: skip


def _figure(name: str, result: evaluation.Evaluation) -> Figure:
    scores = [result.find(side) for side in result.sides]
    return Figure(
        kind="bar",
        title=name,
        x_label="",
        y_label=result.headline.replace("_", " "),
        series=[
            Series(
                name="mean over units",
                x=[evaluation.title_of(score.side) for score in scores],
                y=[score.value for score in scores],
                low=[score.interval.low for score in scores],
                high=[score.interval.high for score in scores],
                kind="measured",
            )
        ],
        caption=f"{result.verdict.sentence} n = {len(result.rows)} pictures.",
    )


def _claims(found: dict[str, evaluation.Evaluation]) -> list[Claim]:
    over = {
        name: {c.side: c for c in result.contrasts if c.measure == result.headline}
        for name, result in found.items()
    }
    units = {name: sides["base"] for name, sides in over.items()}
    rivals = {
        name: min(
            (c for side, c in sides.items() if side not in ("base", "shuffled_latents")),
            key=lambda c: c.value,
        )
        for name, sides in over.items()
    }
    shuffled = {name: result.find("shuffled_latents") for name, result in found.items()}
    return [
        Claim(
            text="Codes are more interpretable than units in every system.",
            holds=all(c.low > 0 for c in units.values()),
            evidence=_told(units),
        ),
        Claim(
            text="They are more interpretable than every baseline.",
            holds=all(c.low > 0 for c in rivals.values()),
            evidence=_told(rivals, named=True),
        ),
        Claim(
            text="Shuffled latents are at chance.",
            holds=all(abs(s.value - s.chance) < 0.05 for s in shuffled.values()),
            evidence=", ".join(f"{n} {s.value:.2f} ({s.chance:.2f})" for n, s in shuffled.items()),
        ),
    ]


def _told(contrasts: dict[str, evaluation.BaselineContrast], named: bool = False) -> str:
    lines = [
        f"{name}{f' ({evaluation.title_of(c.side)})' if named else ''} {c.value:+.2f} "
        f"[{c.low:+.2f}, {c.high:+.2f}]"
        for name, c in contrasts.items()
    ]
    return "; ".join(lines)


def _conclusion(found: dict[str, evaluation.Evaluation]) -> str:
    tones = [result.verdict.tone for result in found.values()]
    gains, near = tones.count("gain"), tones.count("explained by a control")
    if not gains + near:
        return f"In none of {len(tones)} systems are codes more interpretable than units."
    beyond = f"in {gains} of them than every baseline too" if gains else "a baseline is, too"
    return (
        f"In {gains + near} of {len(tones)} systems codes are more interpretable than units; "
        f"{beyond}."
    )
