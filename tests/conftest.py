"""Fixtures shared by the package's tests."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def golden() -> dict:
    """Reference values, computed independently of netmod; each entry states its tolerance."""
    return json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
