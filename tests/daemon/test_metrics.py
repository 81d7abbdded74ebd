import pytest

from daemon.metrics import Metrics


def test_text_format():
    metrics = Metrics()
    metrics.counter("b_total", "Bs, said\nso.", ["kind"]).inc(kind='a"\\\n')
    metrics.counter("b_total", "ignored", ["kind"]).inc(2, kind="z")
    metrics.gauge("a_now", "A.").set(0.5)
    metrics.gauge("c_now", "C.").follow(lambda: 7)
    assert metrics.render() == (
        "# HELP a_now A.\n# TYPE a_now gauge\na_now 0.5\n"
        "# HELP b_total Bs, said\\nso.\n# TYPE b_total counter\n"
        'b_total{kind="a\\"\\\\\\n"} 1\nb_total{kind="z"} 2\n'
        "# HELP c_now C.\n# TYPE c_now gauge\nc_now 7\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), "NaN"), (float("inf"), "+Inf"), (float("-inf"), "-Inf"), (3, "3"), (1e300, "1e+300")],
)
def test_numbers(value, text):
    metrics = Metrics()
    metrics.gauge("g", "G.").set(value)
    assert metrics.render().splitlines()[-1] == f"g {text}"


def test_misuse_is_refused():
    metrics = Metrics()
    counter = metrics.counter("a_total", "A.", ["kind"])
    with pytest.raises(ValueError, match="cannot go down"):
        counter.inc(-1, kind="x")
    with pytest.raises(ValueError, match="labels"):
        counter.inc(1)
    with pytest.raises(ValueError, match="already"):
        metrics.gauge("a_total", "A.")
    with pytest.raises(ValueError, match="no valid"):
        metrics.counter("a b", "A.")
