"""The page of a run's comparisons, written into its folder."""

from __future__ import annotations

from pathlib import Path

from unbraid import report
from unbraid.jobs._folder import RunFolder
from unbraid.jobs._page import REPORT, page
from unbraid.jobs._results import Results


def write_page(found: Results, title: str = "Matrix") -> Path:
    """Write the page of a run's comparisons into its folder; return where.

    Parameters
    ----------
    found : Results
        Of a run; its comparisons are shown.
    title : str
        Title of the page.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    InputError
        No comparison is done.
    UnbraidError
        A link in the page's place: a run writes into its own folder only.

    Examples
    --------
    >>> from pathlib import Path
    >>> write_page(Results(folder=Path("run"), rows=(), jobs=()))
    Traceback (most recent call last):
    ...
    unbraid.errors.InputError: run holds no comparison that is done; a page shows those.
    """
    return RunFolder(found.folder).write(REPORT, report.render(page(found, title)))
