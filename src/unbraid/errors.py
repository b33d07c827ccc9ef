"""Errors that a user can cause, each reported in one line."""


class UnbraidError(Exception):
    """Base of every error that Unbraid raises on purpose."""


class InputError(UnbraidError, ValueError):
    """Input that cannot be used: what was expected, what came, what to do."""


class ConvergenceError(UnbraidError, RuntimeError):
    """A solver stopped without reaching its optimality certificate."""


class TrainingError(UnbraidError, RuntimeError):
    """Training broke (NaN loss, full disk); the last good state is kept."""
