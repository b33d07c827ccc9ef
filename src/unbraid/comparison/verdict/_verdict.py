"""One sentence of verdict, which a control or a poor dictionary can overturn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from unbraid._answers import Verdict
from unbraid.comparison.controls._which import is_prediction
from unbraid.comparison.scores._answer import Change
from unbraid.comparison.verdict._grounds import Grounds

_MATCHING = "codes->codes"
_REGRESSION = "codes->base"
_EXPLAINS = 0.5  # a control that may reach as far explains the gain if it makes this share of it
_IS_IT = 0.9  # at this share a control explains the gain even if codes reliably exceed it
_SEEN = 0.005  # a smaller difference is not seen in two decimals
_POOR = 0.5  # share of variance unexplained, or agreement of seeds, where a dictionary is poor
_WHAT = {_MATCHING: "alignment", _REGRESSION: "prediction of the other system's units"}
_TO_UNITS = "alignment with the other system's units"  # under any metric but a prediction
_WORDS = {
    "random_dictionary": "an untrained dictionary",
    "random_expansion": "a random expansion of equal width",
    "shuffled_latents": "the same latents shuffled over stimuli",
    "rotation": "a rotation of the units (independent components)",
    "frozen_decoder": "an autoencoder whose decoder is frozen at random",
    "soft_frozen_decoder": "an autoencoder whose decoder is held near its random start",
    "frozen_encoder": "an autoencoder whose encoder is frozen at random",
    "untrained_copy": "codes of an untrained copy of the system",
}
_ALONE = {
    "random_dictionary": "expansion alone",
    "random_expansion": "expansion alone",
    "wide_expansion": "expansion alone",
    "shuffled_latents": "the latents' density alone",
    "rotation": "rotation alone",
    "frozen_decoder": "what is learned for random atoms alone",
    "soft_frozen_decoder": "what is learned near random atoms alone",
    "frozen_encoder": "what random directions read alone",
    "untrained_copy": "the untrained system alone",
}


def verdict(
    metrics: Sequence[str],
    changes: Sequence[Change],
    grounds: Grounds,
    doubts: Mapping[tuple[str, str], str] = MappingProxyType({}),
    targets: Sequence[str] = ("codes", "base"),
) -> Verdict:
    """Judge the headline metric from codes to codes, and regression from codes to units.

    Where one system has no codes, both are judged from codes to units.

    The tone follows these rules, in this order.

    1. *no gain*: the difference from the units is not seen, its interval reaches zero, or it lies
       below zero. *cannot help* in its place where fewer units than K ln(N/K) must make recovery
       fail. Where alignment falls, the sentence names the dictionaries as the cause if they leave
       more than half of the variance of new stimuli or of units left out unexplained, if two of
       one system agree less than the units of the two systems do (codes that follow from a system
       agree to 1), or if codes predict the other system's units less well than units do.
    2. *explained by a control*: a control that is not reliably exceeded makes half of the gain or
       more, or one makes nine tenths of it, exceeded or not. Controls of prediction include random
       ReLU units up to 16 times as many as latents (at least 1,024), those of matching a rotation
       of the units.
    3. *no gain*: a control that makes less is too uncertain to be exceeded; or the codes leave more
       than half of the variance unexplained, and what is true of them need not be of the systems;
       or ``doubts`` say of the metric, and of what is after, why a gain may be none.
    4. *gain*: the interval, and the excess over every control, lie above zero. The sentence says
       how much a rotation of the units makes alone.
    """
    headline = metrics[0]

    def judged(metric: str, after: str) -> tuple[str, str]:
        tone, sentence = _judge(metric, after, changes, grounds)
        doubt = doubts.get((metric, after), "")
        if tone != "gain" or not doubt:
            return tone, sentence
        taken = sentence.removesuffix(".").replace(" raises ", " takes ", 1)
        return "no gain", f"{taken}: not a reliable gain, {doubt}."

    tone, first = judged(headline, f"codes->{targets[0]}")
    sentences = [first]
    if "ridge" in metrics and headline != "ridge":
        sentences.append(judged("ridge", _REGRESSION)[1])
    return Verdict(tone=tone, sentence=first, reasons=tuple(sentences[1:]))


def _judge(metric: str, after: str, changes: Sequence[Change], grounds: Grounds) -> tuple[str, str]:
    of_metric = {change.name: change for change in changes if change.metric == metric}
    gain = of_metric[f"{after} - base->base"]
    how = f"({_plain(metric)}, {_interval(gain)})"
    subject = _subject(metric, after)
    what = f"{subject} from {gain.before:.2f} to {gain.after:.2f} {how}"
    beyond = grounds.beyond_bound
    short = "there are fewer units than sparse recovery needs" if beyond else ""
    if not math.isfinite(gain.value):
        return "no gain", f"{subject.capitalize()} by {_plain(metric)} could not be scored."
    poor = _of_poor_codes(after, grounds)
    if max(abs(gain.low), abs(gain.high)) < _SEEN:
        return "no gain", f"Unbraiding leaves {subject} at {gain.after:.2f} {how}{poor}."
    if gain.high < 0:
        tone, why = ("cannot help", f": {short}") if short else ("no gain", "")
        return tone, f"Unbraiding lowers {what}{why or _cause(after, gain, changes, grounds)}."
    if not gain.is_gain:
        tone, why = ("cannot help", f": {short}") if short else ("no gain", ": not a reliable gain")
        if not short and gain.value < -_SEEN:
            why += _cause(after, gain, changes, grounds)
            poor = ""  # the cause says it
        return tone, f"Unbraiding takes {what}{poor}{why}."
    excesses = [
        change for name, change in of_metric.items()
        if name.startswith(f"{after} - ") and change is not gain
    ]  # fmt: skip
    rivals = [change for change in excesses if not change.is_gain]
    best = max(rivals or excesses, key=lambda change: change.before)
    nearest = max(excesses, key=lambda change: change.before)
    if nearest.before - gain.before >= _IS_IT * gain.value:
        rivals, best = [nearest], nearest
    control = best.name.removeprefix(f"{after} - ").partition("->")[0]
    if rivals and best.before - gain.before >= _EXPLAINS * gain.value:
        return (
            "explained by a control",
            f"Unbraiding takes {what}{poor}, but the gain is explained by {_ALONE[control]}: "
            f"{_words(best)} reaches {best.before:.2f}.",
        )
    if rivals:
        return (
            "no gain",
            f"Unbraiding takes {what}{poor}, but not reliably beyond {_words(best)}, which reaches "
            f"{best.before:.2f} (difference {_interval(best)}): more seeds or stimuli may decide.",
        )
    turned = _by_rotation(gain, of_metric.get(f"{after} - rotation->rotation"))
    share = (best.before - gain.before) / gain.value
    near = f", {share:.0%} of the gain" if share >= _EXPLAINS else ""
    rest = f"{turned}; the best control, {_words(best)}, reaches {best.before:.2f}{near}"
    if poor:
        return (
            "no gain",
            f"Unbraiding raises {what}{poor}{rest}: a gain of codes, not shown for the systems.",
        )
    caution = f", though {short}" if short else ""
    return "gain", f"Unbraiding raises {what}{rest}{caution}."


def _subject(metric: str, after: str) -> str:
    if after == _REGRESSION and not is_prediction(metric):
        return _TO_UNITS
    return _WHAT[after]


def _of_poor_codes(after: str, grounds: Grounds) -> str:
    """Return what must be said of codes that describe too little of a system they stand for."""
    known = [side for side in grounds.unexplained if side == side]
    worst = max(known if after == _MATCHING else known[:1], default=0.0)
    return f" of codes that leave {worst:.0%} of the variance unexplained" if worst > _POOR else ""


def _cause(after: str, gain: Change, changes: Sequence[Change], grounds: Grounds) -> str:
    """Return the evidence that the dictionaries are the cause of a loss, if there is any."""
    matching = after == _MATCHING
    sides = 2 if matching else 1
    unexplained, unpredicted = (
        max((side for side in found[:sides] if side == side), default=0.0)
        for found in (grounds.unexplained, grounds.unpredicted)
    )
    agreed = min((side for side in grounds.agreement if side == side), default=math.nan)
    found = []
    if unexplained > _POOR:
        found.append(f"codes leave {unexplained:.0%} of the variance of new stimuli unexplained")
    if unpredicted > _POOR:
        found.append(f"atoms leave {unpredicted:.0%} of the variance of units left out unexplained")
    if matching and agreed < gain.before:
        found.append(f"codes of two seeds of one system agree only to {agreed:.2f}")
    name = f"{_REGRESSION} - base->base"
    lost = [c for c in changes if (c.metric, c.name) == ("ridge", name) and c.high < -_SEEN]
    if matching and lost:
        found.append(
            f"codes predict the other system's units to {lost[0].after:.2f}, units to "
            f"{lost[0].before:.2f}"
        )
    if found:
        return (
            ". The dictionaries are the cause, or part of it: " + ", ".join(found)
            + ". More training stimuli, or another method, may keep what the units share"
        )  # fmt: skip
    if matching and math.isnan(agreed):
        return ". One seed cannot tell whether the dictionaries are the cause; use seeds=3"
    return ""


def _by_rotation(gain: Change, turned: Change | None) -> str:
    """Return how much of a gain in matching is made by rotating the units alone."""
    if turned is None or turned.before - gain.before < _SEEN:
        return ""
    return f", of which {turned.before - gain.before:.2f} is rotation of the units alone"


def _words(change: Change) -> str:
    control = change.name.partition(" - ")[2].partition("->")[0]
    if control == "wide_expansion":
        return f"a random expansion of {change.width:,} units"
    return _WORDS[control]


def _interval(change: Change) -> str:
    if math.isnan(change.low):
        return f"{change.value:+.2f}, no interval"
    return f"{change.value:+.2f} [{change.low:+.2f}, {change.high:+.2f}]"


def _plain(metric: str) -> str:
    return metric.replace("_", "-")
