"""The bounded queue: never more than its limit, nothing lost, and what breaks one does not break the others."""

from __future__ import annotations

from concurrent.futures import wait

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancement, Enhancer, Failure, Job
from t2v_recaption.serve.work import Order, QueueFull, Workshop
from tests.serve.conftest import PATIENCE, GatedComposer, eventually


@settings(max_examples=40, deadline=None)
@given(
    limit=st.integers(1, 12),
    workers=st.integers(1, 3),
    orders=st.lists(st.tuples(st.integers(1, 5), st.sampled_from("ab"), st.booleans()), max_size=12),
)
def test_the_queue_is_never_over_its_limit_and_ends_empty(limit, workers, orders) -> None:
    writer = GatedComposer()
    shop, enhancer = Workshop(limit, workers), Enhancer(writer=writer)
    futures = []
    for count, key, cancelled in orders:
        order = Order(key, enhancer, [Job(f"{n} cats", seed=n) for n in range(2, 2 + count)])
        fits = shop.pending + count <= limit
        if not fits:
            with pytest.raises(QueueFull) as full:
                shop.submit(order)
            assert 1 <= full.value.retry_after <= 60
            continue
        future = shop.submit(order)
        assert shop.pending <= limit
        futures.append((future, count))
        if cancelled:
            future.cancel()
    writer.gate.set()
    assert not wait([future for future, _ in futures], PATIENCE).not_done
    for future, count in futures:
        if not future.cancelled():
            assert [outcome.prompt for outcome in future.result()] == [f"{n} cats" for n in range(2, 2 + count)]
    assert eventually(lambda: shop.pending == 0)
    shop.stop()


def test_an_order_that_breaks_the_batch_breaks_alone() -> None:
    class Touchy(GatedComposer):
        def write(self, requests, target, options):
            outcomes = super().write(requests, target, options)
            if any(request.image == b"broken" for request in requests):
                raise ZeroDivisionError
            return outcomes

    writer = Touchy()
    shop, enhancer = Workshop(10, 1), Enhancer("wan2.2", writer=writer)
    first = shop.submit(Order("a", enhancer, [Job("a bird")]))
    assert writer.entered.acquire(timeout=PATIENCE)
    good = shop.submit(Order("b", enhancer, [Job("a cat"), Job("")]))
    bad = shop.submit(Order("b", enhancer, [Job("a dog", image=b"broken")]))
    writer.gate.set()
    assert isinstance(first.result(PATIENCE)[0], Enhancement)
    assert [type(outcome) for outcome in good.result(PATIENCE)] == [Enhancement, Failure]
    with pytest.raises(ZeroDivisionError):
        bad.result(PATIENCE)
    assert eventually(lambda: shop.pending == 0)
    shop.stop()
