"""Follow a document: run its console lines and its Python, in order, in an empty folder.

    python scripts/follow.py README.md docs/bring-your-own.md

Console blocks are lines that begin with `$ unbraid`; what stands below one is what it prints, where
numbers may differ and `...` stands for anything. Python blocks of one document share their names.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCKS = re.compile(r"^```(console|python)\n(.*?)^```", flags=re.M | re.S)
_NUMBER = re.compile(r"-?\d[\d.,]*")


@dataclass(frozen=True)
class Step:
    """One command, with what the document says that it prints; or one block of Python."""

    words: tuple[str, ...] = ()
    """Of a command, ``unbraid`` first."""
    printed: str = ""
    code: str = ""


def steps(text: str, program: str = "unbraid") -> Iterator[Step]:
    """Yield what a document tells its reader to run, in order."""
    for kind, body in _BLOCKS.findall(text):
        if kind == "python":
            yield Step(code=body)
            continue
        for command in re.split(r"^\$ ", body.replace("\\\n", " "), flags=re.M)[1:]:
            line, _, printed = command.partition("\n")
            words = tuple(shlex.split(line, comments=True))
            if words[0] == program:
                yield Step(words=words, printed=printed.strip())


def as_said(said: str, printed: str) -> bool:
    """Return whether a document says what is printed: ``...`` is anything, numbers may differ."""
    pattern = re.escape(_NUMBER.sub("0", said)).replace(re.escape("..."), ".*")
    return re.search(pattern, _NUMBER.sub("0", printed), flags=re.S) is not None


def follow(text: str, folder: Path, python: str) -> None:
    """Run a document in a folder; the first step that fails ends the program."""
    scripts = []
    for step in steps(text):
        if step.code:
            scripts.append(step.code)
            done = _run([python, "-c", "\n".join(scripts)], folder)
        else:
            done = _run([python, "-m", *step.words], folder)
        if not as_said(step.printed, done):
            sys.exit(f"{shlex.join(step.words)} printed\n{done}\nnot\n{step.printed}")


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ)
    if done.returncode:
        sys.exit(f"{shlex.join(command)}\nstatus {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Follow each document in a folder of its own."""
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            follow(Path(name).read_text(encoding="utf-8"), Path(folder), sys.executable)
            print(f"{name}: runs as it stands")


if __name__ == "__main__":
    main()
