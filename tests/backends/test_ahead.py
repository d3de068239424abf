"""Work done ahead: taken once, bounded, and never in the way."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.backends import ahead as module
from t2v_recaption.backends.ahead import Ahead


class Thing:
    def __init__(self, size: int = 1) -> None:
        self.size = size


class Work:
    def __init__(self) -> None:
        self.done: list[Thing] = []

    def __call__(self, thing: Thing) -> tuple[Thing, int]:
        if thing.size < 0:
            raise ValueError("cannot be worked on")
        self.done.append(thing)
        return thing, thing.size


def size(done: tuple[Thing, int]) -> int:
    return done[1]


def test_what_was_done_ahead_is_not_done_again() -> None:
    work, thing = Work(), Thing()
    ahead = Ahead(work, size, 10)
    ahead.do(thing)
    ahead.do(thing)
    assert ahead.take(thing) == (thing, 1)
    assert work.done == [thing]
    assert ahead.take(thing) == (thing, 1)
    assert work.done == [thing, thing]


def test_what_goes_wrong_shows_in_its_turn() -> None:
    ahead, thing = Ahead(Work(), size, 10), Thing(-1)
    ahead.do(thing)
    with pytest.raises(ValueError, match="cannot be worked on"):
        ahead.take(thing)


def test_what_nobody_takes_makes_room_in_the_end() -> None:
    work = Work()
    ahead = Ahead(work, size, 2)
    forgotten = [Thing(), Thing()]
    for thing in forgotten:
        ahead.do(thing)
    late = Thing()
    ahead.do(late)
    assert late not in work.done
    for _ in range(module._PASSED + 1):
        ahead.take(Thing())
    ahead.do(late)
    assert late in work.done
    assert ahead._bytes == 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=60), st.integers(0, 6))
def test_never_more_than_there_is_room_for(steps: list[tuple[bool, int]], most: int) -> None:
    things = [Thing(n % 3) for n in range(10)]
    ahead = Ahead(Work(), size, most)
    for take, number in steps:
        if take:
            assert ahead.take(things[number])[0] is things[number]
        else:
            ahead.do(things[number])
        # The first of a size is not known to be that large before it is there.
        assert ahead._bytes == sum(kept[2] for kept in ahead._kept.values()) <= most + 2


def test_what_is_wanted_while_it_is_worked_on_leaves_nothing_behind() -> None:
    thing, going = Thing(), threading.Event()
    may_end = threading.Event()

    def work(given: Thing) -> tuple[Thing, int]:
        if not going.is_set():
            going.set()
            assert may_end.wait(30)
        return given, given.size

    ahead = Ahead(work, size, 10)
    early = threading.Thread(target=ahead.do, args=(thing,))
    early.start()
    assert going.wait(30)
    ahead.do(thing)  # somebody is at it
    assert ahead.take(thing) == (thing, 1)
    may_end.set()
    early.join()
    assert (ahead._bytes, ahead._kept, ahead._working) == (0, {}, {})


def test_threads_share_it() -> None:
    work, things = Work(), [Thing() for _ in range(200)]
    ahead = Ahead(work, size, 1000)
    threads = [threading.Thread(target=lambda n=n: [ahead.do(t) for t in things[n::4]]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ahead.take(thing)[0] for thing in things] == things
    assert len(work.done) == 200
    assert ahead._bytes == 0
