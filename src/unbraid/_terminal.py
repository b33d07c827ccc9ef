"""What the command line says and how it ends: warnings, one line an error, its exit status."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from unbraid._severity import most_serious_first
from unbraid.errors import UnbraidError

NO_ANSWER = 1  # the exit status of a command that worked, and found no answer
_WRONG_INPUT, _INTERRUPTED, _CLOSED_PIPE = 2, 130, 141  # the last two as under a signal
_LONGEST = 1000  # characters of a message; some hold what the user gave, whole
_pending: list[str] = []


def run(app: Callable[..., Any], name: str) -> None:
    """Run a typer app, then leave.

    A user's mistake is one line and exit status 2; what the system refuses is one line and 1;
    Ctrl-C is one line and 130; a reader that closed the pipe is 141, without a word.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files need not be Unicode
            stream.reconfigure(errors="backslashreplace")
    _pending.clear()
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_where, **_more: warn([str(message)])
        status = _status(app, name)
    if status == _INTERRUPTED:
        _say("Interrupted.")
        _flush()
        os._exit(status)  # threads that still compute would hold up a usual exit, or crash it
    else:
        raise SystemExit(status)


def warn(lines: Iterable[str]) -> None:
    """Keep warnings until there is something to print: they come before it, each once."""
    for line in map(_short, lines):
        if not any(line in said for said in _pending):  # some were said with a file's name before
            _pending.append(line)


def pending() -> tuple[str, ...]:
    """Return the warnings of what was read so far."""
    return tuple(_pending)


def show(record: Any, text: str, as_json: bool) -> None:
    """Print warnings on stderr, then the answer on stdout: as JSON, or as text."""
    _say_warnings()
    if sys.stdout is None:  # closed before the program began
        return
    try:
        print(_json(record) if as_json else text, flush=True)  # noqa: T201
    except BrokenPipeError:
        _drop_output()
        raise SystemExit(_CLOSED_PIPE) from None
    except OSError as error:
        _drop_output()
        raise UnbraidError(f"The answer could not be printed: {error.strerror}.") from None


def _json(record: Any) -> str:
    """Return a record as JSON, which has no NaN and no infinity: they are null, as in files."""
    plain = json.loads(json.dumps(record, default=str), parse_constant=lambda _: None)
    return json.dumps(plain, indent=2, allow_nan=False)


def _status(app: Callable[..., Any], name: str) -> int:
    """Return the exit status; everything that went wrong is reported."""
    try:
        status = int(app(prog_name=name, standalone_mode=False) or 0)
        _say_warnings()
        _flush()
        return status
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else _WRONG_INPUT
    except KeyboardInterrupt:
        return _INTERRUPTED
    except UnbraidError as error:
        return _failed(str(error), _WRONG_INPUT)
    except MemoryError as error:
        return _failed(f"The memory does not suffice. {error}", 1)
    except OSError as error:
        _drop_output()
        where = f"{error.filename}: " if error.filename else "The system refused: "
        return _failed(f"{where}{error.strerror or error}.", 1)
    except Exception as error:
        if not hasattr(error, "format_message"):  # typer's own, whose class moved between versions
            raise
        return _misused(error)


def _misused(error: Any) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)  # noqa: T201
        return _WRONG_INPUT
    context = getattr(error, "ctx", None)
    line = error.format_message().rstrip(".")
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return _failed(f"{line}{'' if line.endswith('?') else '.'}{hint}", _WRONG_INPUT)


def _failed(line: str, status: int) -> int:
    _say_warnings()
    _say(f"Error: {_short(line)}")
    return status


def _say_warnings() -> None:
    for line in most_serious_first(_pending):
        _say(f"Warning: {line}")
    _pending.clear()


def _say(line: str) -> None:
    if sys.stderr is not None:  # print would take stdout for it
        print(line, file=sys.stderr, flush=True)  # noqa: T201


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _drop_output() -> None:
    """Discard what could not be written, or the interpreter would try again when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # no real stream, as under a test
        return
