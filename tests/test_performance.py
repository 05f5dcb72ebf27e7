"""The page on performance is what its numbers make of it, and they do not tell whose machine it was."""

import json
import re

import numpy as np
import pytest

from tests.benchmarks import page

FOUND = json.loads(page.NUMBERS.read_text(encoding="utf-8"))


def test_the_page_is_written_from_its_numbers():
    assert page.PAGE.read_text(encoding="utf-8") == page.render(FOUND)
    assert page.FIGURE.exists()


def test_the_numbers_are_dated_and_name_no_machine():
    text = page.NUMBERS.read_text(encoding="utf-8")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", FOUND["date"])
    assert re.fullmatch(r"\d+ cores, \w+, \w+", FOUND["machine"])
    assert not re.search(r"[/\\](home|work|usr|root|tmp|Users)\b|://|@", text)


def test_every_workload_has_a_limit_and_the_curves_reach_1e5_neurons_and_1e7_connections():
    names = [row["name"].split(",")[0] for row in FOUND["workloads"]]
    assert {"firing_rate", "sample_rate", "simulate_network", "erdos_renyi", "sonet", "sweep", "iterate"} <= set(
        names
    )
    assert all(row["seconds"] > 0 and row["limit"]["fraction"] > 0 for row in FOUND["workloads"])
    scaling = FOUND["scaling"]
    assert scaling["sizes"][-1] == 100_000
    assert scaling["edges"][-1] == pytest.approx(1e7, rel=0.01)
    for step in scaling["steps"].values():
        tail = np.polyfit(np.log(scaling["sizes"][2:]), np.log(step["seconds"][2:]), 1)[0]
        assert step["slope"] == pytest.approx(tail, abs=1e-9)
        assert step["slope"] < 1.6


@pytest.mark.parametrize(
    ("value", "text"), [(2.345, "2.3 s"), (0.0123, "12 ms"), (0.5, "500 ms"), (123.0, "120 s"), (4.2e-5, "42 µs")]
)
def test_times_have_two_digits(value, text):
    assert page.seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(1.234, "1.2"), (12.34, "12"), (32726.4, "33,000")])
def test_ratios_have_two_digits(value, text):
    assert page.factor(value) == text
