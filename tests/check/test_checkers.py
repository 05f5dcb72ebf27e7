"""Checkers teach and do not leak: wrong answers get a hint that holds no answer, right ones pass.

``tests/check/answers_NN.py`` has, for each exercise of chapter NN, REFERENCE (an answer that is right) and
MISCONCEPTIONS (wrong answers of a kind that students give, each with a phrase of the hint it must get).
"""

import importlib
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from book._ext import editions, myst
from netmod_check import exercises, message

ANSWERS = {
    f"{int(path.stem[-2:])}": importlib.import_module(f"tests.check.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("answers_[0-9][0-9].py"))
}
REFERENCE = {name: a for module in ANSWERS.values() for name, a in module.REFERENCE.items()}
MISCONCEPTIONS = {name: m for module in ANSWERS.values() for name, m in module.MISCONCEPTIONS.items()}
WRONG = [0, 1, -1, 1e300, float("nan"), np.zeros(3), np.zeros((2, 2)), np.ones(7), None, "a string", True, {}, []]
WRONG += [(0, 0), (1, 1, 1), (0, 0, 0, 0), lambda *args, **kwargs: 0.0, lambda: None, 10**400, 1 + 2j, object()]


def accepted(exercise, answer):
    return message(exercise, answer) == "Correct."


def test_every_checker_has_answers_to_be_tried_with():
    assert exercises() == sorted(REFERENCE, key=lambda name: [int(part) for part in name.split(".")])
    assert REFERENCE.keys() == MISCONCEPTIONS.keys()


# Exercises that are no project and whose answer is in words.
WORDS = {"6.2": "what R² does not show"}


def test_every_exercise_with_a_number_an_array_or_a_function_as_its_answer_has_a_checker():
    book = editions.Book()
    without, calls = {}, set()
    for path in book.pages():
        asked = [d.label for d in myst.read(path).directives if d.name in ("exercise", "exercise-start")]
        parts = editions.parts(path)
        for label in asked:
            number = book.labels.number(label)
            text = " ".join(p.source for p in parts if p.exercise == label and not p.solution)
            if number not in exercises():
                without[number] = text
            elif editions.reference(parts, label, number):
                calls.add(number)
    assert calls == set(exercises()), "a solution ends with the call of its checker"
    unchecked = [number for number, text in without.items() if "Project" not in text and number not in WORDS]
    assert not unchecked
    assert WORDS.keys() <= without.keys()
    assert not [number for number, text in without.items() if re.search(r"Give `|Write (a function )?`\w+\(", text)]


@pytest.mark.parametrize("exercise", REFERENCE)
def test_the_reference_solution_passes(exercise):
    assert message(exercise, REFERENCE[exercise]) == "Correct."


@pytest.mark.parametrize("exercise", REFERENCE)
def test_nothing_that_a_hint_says_is_an_answer(exercise):
    shape = len(REFERENCE[exercise]) if isinstance(REFERENCE[exercise], tuple) else 0
    wrong = [*WRONG, *(answer for answer, _ in MISCONCEPTIONS[exercise])]
    for answer in wrong:
        said = message(exercise, answer)
        assert said.startswith("Not yet. "), f"{answer!r} was accepted, or not answered: {said}"
        found = [float(x) for x in re.findall(r"[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", said.replace("−", "-"))]
        for value in found:
            assert not accepted(exercise, value), f"{said!r} gives the answer away"
        if 0 < shape <= 4 and len(found) <= 6:
            for values in itertools.product(found, repeat=shape):
                assert not accepted(exercise, values), f"{said!r} gives the answer away"


@pytest.mark.parametrize("exercise", MISCONCEPTIONS)
def test_three_misconceptions_get_a_hint_of_their_own(exercise):
    hints = [message(exercise, answer) for answer, _ in MISCONCEPTIONS[exercise]]
    for hint, (answer, phrase) in zip(hints, MISCONCEPTIONS[exercise], strict=True):
        assert phrase in hint, f"{answer!r}: {hint!r}"
    assert len(set(hints)) == len(hints) >= 3


def test_an_unknown_exercise_is_named():
    with pytest.raises(ValueError, match="exercise must be one of"):
        message("99.1", 0)
