from hypothesis import given
from hypothesis import strategies as st

from daemon.rate import Seldom, SourceLimiter, TokenBucket


@given(st.lists(st.floats(min_value=0, max_value=0.2), min_size=1, max_size=300), st.integers(1, 50))
def test_never_more_than_burst_plus_rate(gaps, rate):
    bucket = TokenBucket(rate, rate)
    now, admitted = 100.0, 0
    for gap in gaps:
        now += gap
        admitted += bucket.allow(now)
    assert admitted <= rate + (now - 100.0) * rate + 1e-6


def test_admits_a_steady_stream_at_its_rate():
    bucket = TokenBucket(60, 60)
    assert all(bucket.allow(5.0 + i / 60) for i in range(600))


def test_a_clock_that_steps_back_refills_nothing():
    bucket = TokenBucket(1, 1)
    assert bucket.allow(10.0)
    assert not bucket.allow(3.0)
    assert not bucket.allow(10.5)
    assert bucket.allow(11.0)


def test_sources_do_not_share_and_are_bounded():
    limiter = SourceLimiter(1, 1, sources=3)
    assert all(limiter.allow(f"10.0.0.{i}", 0.0) for i in range(50))
    assert not limiter.allow("10.0.0.49", 0.0)
    assert len(limiter) == 3


def test_seldom_counts_what_it_held_back():
    seldom = Seldom(5.0)
    assert seldom.ask(0.0) == 0
    assert [seldom.ask(t) for t in (1.0, 2.0, 4.9)] == [None] * 3
    assert seldom.ask(5.0) == 3
