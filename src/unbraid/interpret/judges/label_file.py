"""Labels of stimuli, read from a text file."""

from __future__ import annotations

import re
from pathlib import Path

from unbraid.errors import InputError
from unbraid.interpret.judges.judge import Judge, labels

_CELLS = re.compile(r"[,;\t]")  # what separates the cells of tables


def read_labels(path: str | Path) -> Judge:
    r"""Read labels from a text file, one per line in the order of the stimuli.

    Parameters
    ----------
    path : str or Path
        Text file in UTF-8; spaces around a label are cut.

    Returns
    -------
    Judge
        As ``labels`` makes it.

    Raises
    ------
    InputError
        A file that cannot be read; lines that are no labels.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "labels.txt"
    ...     _ = file.write_text("cat\ndog\n")
    ...     judge = read_labels(file)
    >>> judge.classes.tolist()
    ['cat', 'dog']
    """
    file = Path(path)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} must be a text file with one label per line: {error}.") from None
    if lines and all(len(_CELLS.split(line)) > 2 for line in lines):
        raise InputError(
            f"{file} must be a text file with one label per line, got a table ({lines[0][:40]}). "
            "Numbers of each stimulus are features (--features), not labels."
        )
    return labels([line.strip() for line in lines])
