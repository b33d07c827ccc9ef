"""The answer of the second main job: the latents of several systems, and which they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy.sparse as sp

from unbraid import align, stats
from unbraid._answers import Verdict, packed, warned, write_answer
from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.report import browser_files, draw_on, render
from unbraid.responses import Codes
from unbraid.sharing._beside import Beside
from unbraid.sharing._config import JointConfig
from unbraid.sharing._record import record_of
from unbraid.sharing._saved import KIND, LAYOUT
from unbraid.sharing._table import table_of
from unbraid.sharing._verdict import SystemBound
from unbraid.sharing.evidence._evidence import Contrast
from unbraid.sharing.evidence._latents import Count, Latents
from unbraid.sharing.learning._infer import Coder
from unbraid.sharing.page._browser import joint_browser
from unbraid.sharing.page._figure import system_figure
from unbraid.sharing.page._page import joint_page
from unbraid.sharing.systems._given import columns_of, scaled
from unbraid.sharing.systems._stack import SystemScales

if TYPE_CHECKING:
    import pandas as pd


@documented_answer
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Joint:
    """One dictionary of several systems, and the evidence for what they share."""

    config: JointConfig
    """Options that it was made with."""
    names: tuple[str, ...]
    """Names of the systems."""
    sizes: tuple[int, ...]
    """Units of each system."""
    evidence: Latents
    """Of each latent of the dictionary that predicts units left out best."""
    counts: Mapping[str, Count]
    """Latents of each kind."""
    expected_shared: float
    """Mean number that look shared in dictionaries of wrongly paired stimuli; NaN: no refits."""
    contrast: Contrast
    """Leave-units-out: R2 with the true pairing of stimuli less that with wrong ones."""
    beside: tuple[Beside, ...]
    """Each system alone, separate dictionaries, ridge."""
    bounds: tuple[SystemBound, ...]
    """Units that recovery needs, in each system and in all together."""
    variance: Mapping[str, float]
    """Held-out variance of each system that the code of all units explains. No evidence."""
    carried: Mapping[str, float]
    """Share of it that shared latents carry."""
    values_r: np.ndarray
    """(m,): least correlation of a shared latent's values in two systems; NaN: one value."""
    verdict: Verdict
    """The answer in one sentence, and its tone."""
    warnings: tuple[str, ...]
    """What voids or weakens the answer, most serious first."""
    coder: Coder
    """The joint dictionary, on all systems' units side by side."""
    scale: SystemScales
    """Mean and power that each system was brought to before."""
    joint_rows: int
    """Stimuli that all systems answered."""
    held_stimuli: np.ndarray
    """Ids (or row numbers) of the stimuli of the evidence."""
    codes: Codes
    """Codes of these stimuli, inferred from all units."""
    provenance: dict[str, Any]
    """Versions, machine, seed, time and hashes of what was given."""

    def __repr__(self) -> str:
        return f"Joint({len(self.evidence.kind)} latents: {self.verdict.sentence})"

    @property
    def n_latents(self) -> int:
        """Number of latents."""
        return len(self.coder.atoms)

    def latents(self) -> pd.DataFrame:
        """Return one row per latent: kind, shares, gains, p, q, stability."""
        return table_of(self)

    def atoms(self, name: str) -> np.ndarray:
        """Return a system's part of the atoms (m, p), in its own units.

        Parameters
        ----------
        name : str
            Name of the system.

        Returns
        -------
        array of shape (m, p)
            One row per latent.
        """
        columns = columns_of(self, name)
        return self.scale.back(self.coder.atoms[:, columns], columns)

    def offset(self, name: str) -> np.ndarray:
        """Return what the system answers when no latent is active (p,), in its own units.

        Parameters
        ----------
        name : str
            Name of the system.

        Returns
        -------
        array of shape (p,)
            Added to ``codes @ atoms``.
        """
        columns = columns_of(self, name)
        return self.scale.center[columns] + self.scale.back(self.coder.offset[columns], columns)

    def encode(
        self, systems: Mapping[str, Any], *, by: Literal["inference", "encoder"] = "inference"
    ) -> Codes:
        """Return the codes of stimuli from the responses of any of the systems.

        Parameters
        ----------
        systems : mapping of names to Responses or arrays of shape (n, p)
            One or more of the systems that the dictionary was learned from. Rows of several are
            matched by stimulus id, and may be missing in some where ids are given.
        by : {"inference", "encoder"}
            ``encoder``: by the encoder that the method trained. It needs all systems, but for
            methods with an encoder for each (``Usae``, ``Sparc``).

        Returns
        -------
        Codes
            CSR (n, m), the same latents whatever the systems.

        Raises
        ------
        InputError
            An unknown system; another number of units; no encoder, or none for some systems alone.

        Notes
        -----
        Inferred by the lasso or by matching pursuit, whichever predicted units left out better, or
        from all systems by the fewest latents (``l0``) where these predicted them clearly better,
        with atoms of unit length over the units that are given. Codes from a system that is too
        small to be separated alone are poor, however good the dictionary.
        """
        if by not in ("inference", "encoder"):
            raise InputError(f"by must be 'inference' or 'encoder', got {by!r}.")
        x, observed, stimuli = scaled(self, systems)
        patterns, which = np.unique(observed, axis=0, return_inverse=True)
        parts, order = [], []
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(which == number)
            if by == "encoder":
                parts.append(self.coder.encoded(x[rows], pattern, self.sizes))
            else:
                parts.append(self.coder.inferred(x[rows], np.repeat(pattern, self.sizes)))
            order.append(rows)
        codes = sp.csr_array(sp.vstack(parts, format="csr"))[np.argsort(np.concatenate(order))]
        how = by if by == "encoder" else self.coder.how(bool(observed.all()))
        made_by = {"joint": list(systems), "inference": how}
        return Codes(codes, stimuli=stimuli, made_by=made_by)

    def decode(self, codes: Any, name: str) -> np.ndarray:
        """Return the responses (n, p) of a system that codes describe.

        Parameters
        ----------
        codes : Codes or array of shape (n, m)
            As ``encode`` returns them.
        name : str
            Name of the system.

        Returns
        -------
        array of shape (n, p)
            ``codes @ atoms(name) + offset(name)``.

        Raises
        ------
        InputError
            An unknown system; another number of latents.
        """
        if len(shape := codes.shape) != 2 or shape[1] != self.n_latents:
            raise InputError(f"codes must have shape (n, {self.n_latents}), got {shape}.")
        return np.asarray(codes @ self.atoms(name)) + self.offset(name)

    def agreement(
        self,
        other: Joint,
        own: Mapping[str, Any],
        others: Mapping[str, Any],
        *,
        groups: Any = None,
    ) -> align.Score:
        """Return how alike the latents of two joint dictionaries answer: semi-matching of codes.

        Where the truth is not known, the agreement of dictionaries of *disjoint* groups of systems
        (a and b against c and d) says whether joining them brings them closer to what all hold.

        Parameters
        ----------
        other : Joint
            A dictionary of other systems.
        own, others : mapping of names to Responses or arrays
            What the systems of this dictionary, and those of the other, answered to the same
            stimuli; best ones that neither has learned from.
        groups : sequence of length n, optional
            Name of a group for each stimulus, where stimuli are not independent; see ``joint``.

        Returns
        -------
        Score
            For each latent of ``other`` its best latent here, chosen on other folds than scored on;
            with null and interval.
        """
        folds = 5 if groups is None else stats.grouped_folds(groups, 5, rng=0)
        return align.semi_matching(self.encode(own), other.encode(others), folds=folds)

    def with_warnings(self, lines: Iterable[str]) -> Joint:
        """Return the same with more warnings; the verdict begins with what would void it."""
        verdict, said = warned(self.verdict, self.warnings, lines)
        return replace(self, warnings=said, verdict=verdict)

    def record(self) -> dict[str, Any]:
        """Return everything but arrays, as plain JSON data."""
        return record_of(self)

    def plot(self, system: str | None = None, *, axes: Any = None) -> Any:
        """Draw how one system is predicted, by default the first, as the page does.

        Arguments and what is returned: see ``Comparison.plot``.
        """
        return draw_on(system_figure(self, system), axes)

    def save(
        self,
        folder: str | Path,
        *,
        overwrite: bool = False,
        pictures: Any = None,
        tokens: Any = None,
        beside: Mapping[str, str] | None = None,
        browser: bool = True,
    ) -> Path:
        """Write config.json, result.json, arrays.safetensors, report.html and browser/.

        ``load_run`` reads it again, equal in every field.

        Parameters
        ----------
        folder : path
            Must not exist, unless ``overwrite``.
        overwrite : bool
            Whether an earlier run there is replaced.
        pictures : path, Images or mapping of stimulus ids to uint8 arrays, optional
            The stimuli, for the browser: a folder or zip, or arrays (height, width[, 3]).
        tokens : mapping of text id to list of str, list of lists, or path of JSON, optional
            Of texts, where rows are their tokens; see ``Comparison.save``.
        beside : mapping of file name to text, optional
            Written with the rest.
        browser : bool
            Whether to write ``browser/``, in which a person looks at single latents: all systems'
            parts of each side by side, and the held-out stimuli that excite it.

        Returns
        -------
        Path
            The folder.
        """
        files = browser_files(joint_browser(self, pictures, tokens)) if browser else {}
        record = {**self.record(), "held_stimuli": [str(each) for each in self.held_stimuli]}
        state, arrays = packed(vars(self), LAYOUT)
        return write_answer(
            Path(folder),
            {**self.config.describe(), "seed": self.provenance["seed"]},
            record,
            arrays,
            render(joint_page(self, browser=browser)),
            kind=KIND,
            overwrite=overwrite,
            state=state,
            beside={**(beside or {}), **files},
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Return every array of the result by where it stands: ``evidence.share``."""
        return packed(vars(self), LAYOUT)[1]
