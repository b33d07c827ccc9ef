"""Work in threads: every answer once, what is around each thread, errors, and who listens."""

import threading
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest

from unbraid._kernels.matching.network_simplex import transport
from unbraid._kernels.side_by_side import side_by_side
from unbraid._kernels.threads import workers


def test_groups_go_on_together_and_their_items_in_turn():
    meeting = threading.Barrier(2, timeout=20)

    def work(item):
        if item in (0, 10):
            meeting.wait()  # reached only if both groups have begun
        return 2 * item, threading.get_ident()

    seen = [*side_by_side(work, [[0, 1, 2], [10, 11]], 2, nullcontext)]
    ended = [(item, answer) for item, answer in seen if answer is not None]
    assert sorted((item, value) for item, (value, _) in ended) == [
        (0, 0), (1, 2), (2, 4), (10, 20), (11, 22),
    ]  # fmt: skip
    for group in ([0, 1, 2], [10, 11]):
        assert [item for item, _ in seen if item in group] == [i for i in group for _ in (0, 1)]
        assert len({thread for item, (_, thread) in ended if item in group}) == 1


def test_each_group_has_its_own_surroundings_and_one_thread():
    open_now = threading.local()

    @contextmanager
    def around():
        open_now.value = []
        yield
        del open_now.value

    def work(item):
        open_now.value.append(item)
        return tuple(open_now.value), workers()

    found = dict(e for e in side_by_side(work, [[1, 2], [3]], 2, around) if e[1] is not None)
    assert found == {1: ((1,), 1), 2: ((1, 2), 1), 3: ((3,), 1)}


def test_an_error_stops_the_other_groups_and_is_raised():
    begun = []
    failed = threading.Event()

    def work(item):
        begun.append(item)
        if item == "bad":
            failed.set()
            raise ValueError("no score")
        failed.wait(20)
        return item

    with pytest.raises(ValueError, match="no score"):
        for _ in side_by_side(work, [["bad"], [*range(1000)]], 2, nullcontext):
            pass
    assert len(begun) < 1000


def test_nothing_goes_on_when_nobody_listens():
    begun = []
    events = side_by_side(
        lambda item: begun.append(item) or item, [[*range(10**6)]], 1, nullcontext
    )
    next(events)
    events.close()
    assert len(begun) < 10**6


def test_transport_of_two_threads_is_that_of_one(rng):
    problems = [rng.normal(size=(70, 130)) for _ in range(4)]
    alone = [transport(each) for each in problems]
    groups = [[0, 1], [2, 3]]
    found = {
        i: plan
        for i, plan in side_by_side(lambda i: transport(problems[i]), groups, 2, nullcontext)
        if plan is not None
    }
    for i, plan in enumerate(alone):
        assert np.array_equal(plan.mass, found[i].mass)
        assert plan.value == found[i].value
