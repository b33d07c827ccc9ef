"""An executor that calls in this very process; its futures have to be asked."""

from typing import Any


class Done:
    """A call that has ended."""

    def __init__(self, answer: Any, error: Exception | None) -> None:
        self.answer, self.error = answer, error

    def done(self):
        return True

    def result(self):
        if self.error is not None:
            raise self.error
        return self.answer


class Here:
    """Calls at once; the first ``deaths`` calls end like those of dead workers."""

    def __init__(self, deaths: int = 0) -> None:
        self.deaths, self.calls = deaths, 0

    def submit(self, f, *args):
        from unbraid.jobs import WorkerDied

        self.calls += 1
        if self.calls <= self.deaths:
            return Done(None, WorkerDied("The worker ended by signal 9 (SIGKILL)."))
        return Done(f(*args), None)
