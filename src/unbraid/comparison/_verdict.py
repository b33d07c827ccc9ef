"""One sentence of verdict, which a control can overturn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from unbraid.comparison._comparison import Change, Verdict

_MATCHING = "codes->codes"
_REGRESSION = "codes->base"
_EXPLAINS = 0.5  # share of the gain from which on a control that may reach as far explains it
_SEEN = 0.005  # a smaller difference is not seen in two decimals
_WHAT = {_MATCHING: "alignment", _REGRESSION: "prediction of the other system's units"}
_WORDS = {
    "random_dictionary": "an untrained dictionary",
    "random_expansion": "a random expansion of equal width",
    "shuffled_latents": "the same latents shuffled over stimuli",
}


def verdict(
    metrics: Sequence[str],
    changes: Sequence[Change],
    beyond_bound: bool,
    doubts: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> Verdict:
    """Judge the headline metric from codes to codes, and regression from codes to units.

    A gain counts only when its interval, and its excess over every control, lie above zero. A
    control explains it that makes half of it or more; one that makes less, but whose score is too
    uncertain to be exceeded, leaves it open. Where fewer units than K ln(N/K) must make recovery
    fail, no gain is called a recovery. ``doubts`` say of a metric, and of what is after, why a
    gain may be none.
    """
    headline = metrics[0]

    def judged(metric: str, after: str) -> tuple[str, str]:
        tone, sentence = _judge(metric, after, changes, beyond_bound)
        doubt = doubts.get((metric, after), "")
        if tone != "gain" or not doubt:
            return tone, sentence
        taken = sentence.removesuffix(".").replace(" raises ", " takes ", 1)
        return "no gain", f"{taken}: not a reliable gain, {doubt}."

    tone, first = judged(headline, _MATCHING)
    sentences = [first]
    if "ridge" in metrics and headline != "ridge":
        sentences.append(judged("ridge", _REGRESSION)[1])
    return Verdict(tone=tone, sentence=first, reasons=tuple(sentences[1:]))


def _judge(
    metric: str, after: str, changes: Sequence[Change], beyond_bound: bool
) -> tuple[str, str]:
    of_metric = {change.name: change for change in changes if change.metric == metric}
    gain = of_metric[f"{after} - base->base"]
    excesses = [
        change for name, change in of_metric.items()
        if name.startswith(f"{after} - ") and change is not gain
    ]  # fmt: skip
    how = f"({_plain(metric)}, {_interval(gain)})"
    what = f"{_WHAT[after]} from {gain.before:.2f} to {gain.after:.2f} {how}"
    short = "there are fewer units than sparse recovery needs" if beyond_bound else ""
    if not math.isfinite(gain.value):
        return "no gain", f"{_WHAT[after].capitalize()} by {_plain(metric)} could not be scored."
    if max(abs(gain.low), abs(gain.high)) < _SEEN:
        return "no gain", f"Unbraiding leaves {_WHAT[after]} at {gain.after:.2f} {how}."
    if gain.high < 0:
        tone, why = ("cannot help", f": {short}") if short else ("no gain", "")
        return tone, f"Unbraiding lowers {what}{why}."
    if not gain.is_gain:
        tone, why = ("cannot help", f": {short}") if short else ("no gain", ": not a reliable gain")
        return tone, f"Unbraiding takes {what}{why}."
    rivals = [change for change in excesses if not change.is_gain]
    best = max(rivals or excesses, key=lambda change: change.before)
    control = best.name.removeprefix(f"{after} - ").partition("->")[0]
    if rivals and best.before - gain.before >= _EXPLAINS * gain.value:
        alone = "expansion alone" if control.startswith("random") else "the latents' density alone"
        return (
            "explained by a control",
            f"Unbraiding takes {what}, but the gain is explained by {alone}: "
            f"{_WORDS[control]} reaches {best.before:.2f}.",
        )
    if rivals:
        return (
            "no gain",
            f"Unbraiding takes {what}, but not reliably beyond {_WORDS[control]}, which reaches "
            f"{best.before:.2f} (difference {_interval(best)}): more seeds or stimuli would tell.",
        )
    caution = f", though {short}" if short else ""
    return (
        "gain",
        f"Unbraiding raises {what}; the best control, {_WORDS[control]}, "
        f"reaches {best.before:.2f}{caution}.",
    )


def _interval(change: Change) -> str:
    if math.isnan(change.low):
        return f"{change.value:+.2f}, no interval"
    return f"{change.value:+.2f} [{change.low:+.2f}, {change.high:+.2f}]"


def _plain(metric: str) -> str:
    return metric.replace("_", "-")
