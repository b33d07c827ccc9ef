"""A comparison as a page: plain data for the report, in the order in which a reader asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from unbraid import report, stats
from unbraid._answers import TONES
from unbraid.comparison.controls._which import LABELS
from unbraid.comparison.page._figures import (
    best_control,
    overview_figure,
    score_figure,
)
from unbraid.comparison.page._gallery import matched_units
from unbraid.comparison.page._latents import counts, key_numbers, latent_kinds
from unbraid.comparison.page._tables import (
    change_table,
    dictionary_table,
    history_figure,
    prediction_table,
    score_table,
)
from unbraid.comparison.scores._seed_means import mean_over_seeds

if TYPE_CHECKING:
    from unbraid.comparison._comparison import Comparison

_AGAINST = {"codes": "Codes against codes", "base": "Codes against base units"}
_WORDS = {
    "gain": "Unbraided, {a} and {b} share more than their units show; no control explains it.",
    "no gain": "It is not shown that {a} and {b} share more than their units show.",
    "explained by a control": "Unbraiding shows nothing about {a} and {b} that a control does not.",
    "cannot help": "Unbraiding cannot help {a} and {b}: they have too few units for it.",
    "one system": "What two dictionaries of one system share: {a} and {b}.",
}
"""What was found, for a first-time reader; the numbers follow."""
_TO_UNITS = "Codes follow {b} better than units do, and no control explains it."
_NEAR = 0.5  # the headline names a control that makes this share of the gain
_AFTER = {"codes": "code to code", "base": "code to unit"}


def page(
    result: Comparison, pictures: Any = None, title: str = "", browser: bool = False
) -> report.Page:
    """Summarise a comparison as a page.

    ``pictures`` are the stimuli given to ``compare``; ``browser``: whether the folder has one.
    """
    first = result.targets[0]
    sections = [
        *latent_kinds(result),
        report.Section(
            title="Scores",
            lead="Every metric, before and after, beside the control that comes closest.",
            blocks=[
                *(overview_figure(result, target, _AGAINST[target]) for target in result.targets),
                change_table(result),
            ],
        ),
        *_truth(result),
        report.Section(
            title="Dictionaries",
            lead=(
                "Codes do not represent a system if its dictionary explains little or has many "
                "dead latents."
            ),
            blocks=[dictionary_table(result), *history_figure(result)],
        ),
        report.Section(
            title="Every control",
            lead="Each metric, and each control against the same targets.",
            blocks=[
                score_figure(result, target, result.config.scored, _AGAINST[target])
                for target in result.targets
            ],
        ),
        report.Section(title="All scores", blocks=[score_table(result), _how_to_read()]),
    ]
    return report.Page(
        title=title or f"{result.names[0]} and {result.names[1]}",
        verdict=verdict_block(result),
        provenance=_provenance(result),
        opening=[
            counts(result)
            if result.correspondences
            else score_figure(result, first, result.config.scored[:1], "Before and after"),
            *([matched_units(result, pictures)] if first == "codes" else []),
            report.Warnings(items=result.warnings),
        ],
        sections=sections,
        browser=report.BROWSER if browser else "",
    )


def verdict_block(result: Comparison) -> report.VerdictBlock:
    """Return the headline with the numbers that carry it: before, after, best control."""
    metric = result.config.scored[0]
    after = result.targets[0]
    control, target = best_control(result, metric, after)
    best = _number(result, metric, control, target)
    words = _WORDS[result.verdict.tone].format(a=result.names[0], b=result.names[1])
    if after == "base" and result.verdict.tone == "gain":
        words = _TO_UNITS.format(b=result.names[1 if result.forward == "x->y" else 0])
    if result.verdict.tone == "gain":
        words = _how_near(words, _number(result, metric, "base", "base")[0],
                          _number(result, metric, "codes", after)[0], best[0])  # fmt: skip
    void = next((line for line in result.warnings if result.verdict.sentence.startswith(line)), "")
    rows = (
        ("unit to unit", _number(result, metric, "base", "base"), "before", ""),
        (_AFTER[after], _number(result, metric, "codes", after), "after", ""),
        ("best control", best, "control", LABELS[control]),
    )
    return report.VerdictBlock(
        headline=f"{void} {words}".strip(),
        tone=TONES[result.verdict.tone],
        about=_compared(result),
        lead=" ".join(
            [result.verdict.sentence.removeprefix(void).strip(), *result.verdict.reasons]
        ),
        numbers=key_numbers(result)
        if result.correspondences
        else [
            report.KeyNumber(label=label, value=v, low=low, high=high, kind=kind, note=note)  # type: ignore[arg-type]
            for label, (v, low, high), kind, note in rows
        ],
    )


def _how_near(words: str, before: float, after: float, control: float) -> str:
    """Say how much of a gain the best control makes, where that is half or more."""
    share = (control - before) / (after - before) if after > before else 0.0
    if share < _NEAR:
        return words
    return words.replace("no control explains it", f"a control makes {share:.0%} of that gain")


def _compared(result: Comparison) -> str:
    """Say what was compared, before any number."""
    systems = " with ".join(
        f"**{name}** ({count:,} units)"
        for name, count in zip(result.names, result.n_units, strict=True)
    )
    seeds = len(result.lifted)
    sure = (
        f"dictionaries of {seeds} seeds"
        if seeds > 1
        else "one seed, so that intervals do not cover other dictionaries"
    )
    return f"Compared: {systems}, on {result.n_scored:,} stimuli; {sure}."


def _number(
    result: Comparison, metric: str, source: str, target: str
) -> tuple[float, float, float]:
    value, replicates = mean_over_seeds(result.find(metric, source, target))
    interval = stats.interval(replicates, result.config.level)
    return value, interval.low, interval.high


def _truth(result: Comparison) -> Sequence[report.Section]:
    """Return the section on the known features, where they are known."""
    if not any(score.target == "features" for score in result.scores):
        return ()
    metric = result.config.scored[:1]
    figures = [
        score_figure(result, "features", metric, f"{name} against the true features", systems)
        for side, (name, systems) in enumerate(
            zip(result.names, ("x->truth", "y->truth"), strict=True)
        )
        if result.of_side(side)
    ]
    lead = "For every true feature, its best unit or latent, chosen on other stimuli."
    tables = [prediction_table(result)] if result.predictions else []
    return (report.Section(title="Against the truth", lead=lead, blocks=[*figures, *tables]),)


def _how_to_read() -> report.Prose:
    return report.Prose(
        paragraphs=[
            "**Held out**: what is fitted (a matching, a regression, a rotation) is fitted on "
            "other stimuli than it is scored on, and dictionaries learned from yet others. The "
            "faint ring is the same score in sample, the faint cross the score after the "
            "stimuli of the target are permuted.",
            "**Controls** have the width of the codes and their density or more: the same method "
            "never trained (all its codes kept), a random expansion, and the codes with each "
            "latent shuffled over stimuli. "
            "Beside matchings stand the rotated units, independent components, as many as "
            "units: they turn axes and take nothing out of superposition. Beside predictions "
            "stands a wide random expansion, up to 16 times as many ReLU units as latents (at "
            "least 1,024), how many chosen on inner folds. A gain that a control also reaches "
            "is not due to unbraiding.",
            "**Coverage** is the share of target units that could be scored; value over all "
            "counts the others as 0.",
        ]
    )


def _provenance(result: Comparison) -> report.Provenance:
    facts = [
        report.Fact(name="Alignment stimuli", value=result.n_scored),
        report.Fact(name="Training stimuli", value=_trained(result)),
        report.Fact(name="Units", value=f"{result.n_units[0]} and {result.n_units[1]}"),
        report.Fact(name="Protocol", value=result.config.protocol),
        report.Fact(name="Seed", value=_or_dash(result.provenance["seed"])),
        report.Fact(name="Hash of x", value=result.provenance["x"]["sha256"][:12]),
        report.Fact(name="Hash of y", value=result.provenance["y"]["sha256"][:12]),
        report.Fact(name="Seconds", value=f"{result.provenance['seconds']:.1f}"),
        report.Fact(name="Python", value=result.provenance["python"]),
        *[
            report.Fact(name=name, value=value)
            for name, value in result.provenance["versions"].items()
        ],
    ]
    return report.Provenance(
        fingerprint=result.provenance["fingerprint"],
        config=result.config.describe(),
        facts=facts,
    )


def _trained(result: Comparison) -> str:
    numbers = f"{result.n_train[0]} and {result.n_train[1]}"
    if not result.provenance.get("given"):
        return numbers
    return (
        f"{numbers}, of controls; dictionaries were given"
        if any(result.n_train)
        else ("none: dictionaries were given")
    )


def _or_dash(seed: int | None) -> int | report.Missing:
    return report.Missing("a generator was given") if seed is None else seed
