"""The collector's threshold is raised while somebody is inside, and is what it was afterwards."""

import gc
import threading

import pytest

from t2v_recaption import Enhancer
from t2v_recaption.collector import RARELY, fewer_collections


@pytest.fixture(autouse=True)
def _threshold():
    before = gc.get_threshold()
    gc.set_threshold(701, 11, 12)
    yield
    gc.set_threshold(*before)


def test_is_restored_after_a_batch_and_after_an_error() -> None:
    Enhancer().batch(["a cat", ""])
    assert gc.get_threshold() == (701, 11, 12)
    with pytest.raises(ZeroDivisionError), fewer_collections():
        raise ZeroDivisionError(gc.get_threshold())
    assert gc.get_threshold() == (701, 11, 12)


def test_one_that_leaves_early_leaves_the_others_alone() -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with fewer_collections():
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=other)
    with fewer_collections():
        thread.start()
        assert inside.wait(30)
    assert gc.get_threshold()[0] == RARELY
    leave.set()
    thread.join()
    assert gc.get_threshold() == (701, 11, 12)


def test_a_collector_that_is_off_stays_off() -> None:
    gc.set_threshold(0)
    with fewer_collections():
        assert gc.get_threshold()[0] == 0
    assert gc.get_threshold()[0] == 0
