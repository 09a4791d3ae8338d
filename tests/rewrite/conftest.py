"""What tests of rewriting share."""

from __future__ import annotations

import pytest
from made.rewrite import Made


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Made:
    made = Made()
    monkeypatch.setattr("leafinstruct.models.pool.Pool.llm", lambda *_: made)
    return made
