"""A joint dictionary as a page: verdict, comparisons, and each latent in all systems."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import report
from unbraid._answers import TONES
from unbraid.sharing.page._figure import beside_figure

_BADGES = {
    "joint pays": "Together they pay",
    "each suffices": "Each suffices alone",
    "one suffices": "One suffices alone",
    "shared": "Shared features",
    "nothing shared": "Nothing shared",
    "undecided": "Undecided",
}


def joint_page(result: Any, title: str = "", browser: bool = False) -> report.Page:
    """Summarise a joint dictionary (`Joint`) as a page.

    Parameters
    ----------
    result : Joint
        What is shown.
    title : str
        Title of the page; by default the systems' names.
    browser : bool
        Whether the folder of the page holds a browser of latents.

    Returns
    -------
    report.Page
        ``report.render`` makes one HTML file of it.

    Examples
    --------
    >>> import numpy as np
    >>> import unbraid as ub
    >>> rng = np.random.default_rng(0)
    >>> z = rng.random((200, 4)) * (rng.random((200, 4)) < 0.3)
    >>> systems = {"a": z @ rng.normal(size=(4, 4)), "b": z @ rng.normal(size=(4, 4))}
    >>> few = {"seeds": 1, "refits": 0, "permutations": 99, "baselines": False}
    >>> found = ub.joint(systems, method=ub.PCA(), **few)
    >>> joint_page(found, "Two systems").title
    'Two systems'
    """
    sections = [
        report.Section(
            title="Latents",
            lead="Each latent once, with its share in every system, side by side.",
            blocks=[_counts_table(result), _latent_table(result)],
        ),
        report.Section(
            title="Evidence",
            lead="Units left out of the inference, with true and wrong pairings of stimuli.",
            blocks=[_contrast_table(result), _bound_table(result), _how_to_read()],
        ),
    ]
    if result.beside:
        sections.insert(
            1,
            report.Section(
                title="Beside it",
                lead="Each system alone, separate dictionaries, and ridge, on the same stimuli.",
                blocks=[_beside_table(result)],
            ),
        )
    return report.Page(
        title=title or " and ".join(result.names),
        verdict=_verdict(result),
        provenance=_provenance(result),
        opening=[*beside_figure(result, result.names), report.Warnings(items=result.warnings)],
        sections=sections,
        browser=report.BROWSER if browser else "",
    )


def _verdict(result: Any) -> report.VerdictBlock:
    shared = result.counts["shared"]
    contrast = result.contrast
    numbers = [
        report.KeyNumber(
            label="shared latents", value=shared.value, low=shared.low, high=shared.high, digits=0,
            note=f"of {result.n_latents}; least over seeds, to most with all undecided ones",
        ),
        report.KeyNumber(
            label="leave-units-out contrast", value=contrast.value, low=contrast.low,
            high=contrast.high, note=f"p = {contrast.p:.2g}",
        ),
    ]  # fmt: skip
    if np.isfinite(result.expected_shared):
        numbers.insert(
            1,
            report.KeyNumber(label="by chance", value=result.expected_shared, kind="null", digits=1,
                             note="with stimuli paired wrongly, learned again"),
        )  # fmt: skip
    return report.VerdictBlock(
        headline=result.verdict.headline,
        tone=TONES[result.verdict.tone],
        badge=_BADGES[result.verdict.tone],
        lead=" ".join((result.verdict.sentence, *result.verdict.reasons)),
        numbers=numbers,
    )


def _counts_table(result: Any) -> report.Table:
    rows = [(kind, each.value, each.low, each.high) for kind, each in result.counts.items()]
    return report.Table(
        title="How many latents of each kind",
        columns=[
            report.Column(name="kind"),
            report.Column(name="latents", format="integer"),
            report.Column(name="at least", format="integer", help="least over seeds"),
            report.Column(
                name="at most",
                format="integer",
                help="most over seeds, with all undecided latents: they may be of this kind",
            ),
        ],
        rows=rows,
    )


def _latent_table(result: Any) -> report.Table:
    seen = result.evidence
    order = np.lexsort((-seen.active, np.array(seen.kind)))
    columns = [report.Column(name="latent", format="integer"), report.Column(name="kind")]
    columns += [
        report.Column(name=f"share {name}", format="percent", digits=0) for name in result.names
    ]
    columns += [
        report.Column(name=f"gain {name}", format="number", digits=4, missing="one unit only")
        for name in result.names
    ]
    columns += [
        report.Column(name="q", format="p", help="false discovery rate of being shared"),
        report.Column(name="stability", format="number", missing="one seed only"),
        report.Column(name="active", format="integer", help="held-out stimuli"),
    ]
    rows = [
        (
            int(j),
            seen.kind[j],
            *map(float, seen.share[j]),
            *map(float, seen.gain[j]),
            float(seen.q[j]),
            float(seen.stability[j]),
            int(seen.active[j]),
        )
        for j in order
    ]
    return report.Table(title="Every latent", columns=columns, rows=rows)


def _contrast_table(result: Any) -> report.Table:
    return report.Table(
        title="Units left out",
        columns=[
            report.Column(name="system"),
            report.Column(name="R2", format="number", digits=3),
            report.Column(name="R2, wrong pairing", format="number", digits=3),
            report.Column(name="contrast", format="estimate", digits=3),
            report.Column(name="p", format="p"),
            report.Column(name="explained", format="number", digits=3, help="no evidence"),
        ],
        rows=[
            (
                each.system,
                each.r2,
                each.wrong_r2,
                report.Estimate(value=each.contrast, low=each.low, high=each.high),
                each.p,
                result.variance[each.system],
            )
            for each in result.contrast.systems
        ],
    )


def _beside_table(result: Any) -> report.Table:
    return report.Table(
        title="For comparison",
        columns=[
            report.Column(name="measure"),
            report.Column(name="value", format="estimate", digits=3),
            report.Column(name="in"),
            report.Column(name="source"),
            report.Column(name="target"),
        ],
        rows=[
            (
                each.measure,
                report.Estimate(value=each.value, low=each.low, high=each.high),
                each.kind,
                each.source,
                each.target,
            )
            for each in result.beside
        ],
    )


def _bound_table(result: Any) -> report.Table:
    return report.Table(
        title="Units that recovery needs, K ln(N/K)",
        columns=[
            report.Column(name="of"),
            report.Column(name="units", format="integer"),
            report.Column(name="needed", format="number", digits=1),
            report.Column(name="N", format="integer"),
            report.Column(name="K", format="number"),
        ],
        rows=[(b.of, b.units, b.needed, b.n_latents, b.active) for b in result.bounds],
    )


def _how_to_read() -> report.Prose:
    return report.Prose(
        paragraphs=[
            "**Shared**: in each system that it lies in, the latent predicts units that were left "
            "out better with the true pairing of stimuli than with wrong ones, at this false "
            "discovery rate, and better than nothing. **Only**: it predicts one system's units, "
            "and surely less in all others. **Undecided**: the stimuli do not tell. Shares and "
            "absence are measured against what a latent that a system surely has explains of it.",
            "**A latent is not a feature.** A feature that the dictionary does not find is not "
            "counted, and one that it splits (rectified units, too many latents) counts more than "
            "once.",
            "**Explained variance** is no evidence of sharing: systems whose stimuli are paired "
            "wrongly are explained as well.",
        ]
    )


def _provenance(result: Any) -> report.Provenance:
    made = result.provenance
    facts = [
        report.Fact(name="Stimuli that all answered", value=result.joint_rows),
        report.Fact(name="Training stimuli", value=made["n_train"]),
        report.Fact(name="Held-out stimuli", value=made["n_held_out"]),
        *[
            report.Fact(name=name, value=made[key])
            for key, name in (
                ("groups_train", "Training groups"),
                ("groups_held_out", "Held-out groups"),
            )
            if key in made
        ],
        report.Fact(name="Units", value=" + ".join(map(str, result.sizes))),
        report.Fact(name="Method", value=made["method"]["name"]),
        report.Fact(name="Codes", value="signed" if result.coder.signed else "not negative"),
        report.Fact(name="Seconds", value=f"{made['seconds']:.1f}"),
        report.Fact(name="Python", value=made["python"]),
        *[report.Fact(name=name, value=value) for name, value in made["versions"].items()],
        *[
            report.Fact(name=f"Hash of {name}", value=side["sha256"][:12])
            for name, side in made["systems"].items()
        ],
    ]
    return report.Provenance(
        fingerprint=made["fingerprint"], config=result.config.describe(), facts=facts
    )
