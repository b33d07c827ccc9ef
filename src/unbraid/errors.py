"""Errors that a user can cause, each reported in one line, and what a reader is warned of."""

_LONGEST = 4_000  # characters of a message: a value in a file has any length


class UnbraidError(Exception):
    """Base of every error that Unbraid raises on purpose; its message has a bounded length."""

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) <= _LONGEST:
            return text
        return f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"


class InputError(UnbraidError, ValueError):
    """Input that cannot be used: what was expected, what came, what to do."""


class ConvergenceError(UnbraidError, RuntimeError):
    """A solver stopped without reaching its optimality certificate."""


class TrainingError(UnbraidError, RuntimeError):
    """Training broke (NaN loss, full disk); the last good state is kept."""


class ScaleWarning(RuntimeWarning):
    """A few units hold nearly all the variance of what a dictionary was learned from."""
