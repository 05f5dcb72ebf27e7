"""What every example in a docstring may use without saying so: NumPy as `np`, and netmod's own names."""

import numpy as np
import pytest

import netmod


@pytest.fixture(autouse=True)
def _names_of_examples(doctest_namespace):
    doctest_namespace.update({name: getattr(netmod, name) for name in netmod.__all__}, np=np)
