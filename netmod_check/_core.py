"""How an answer is taken, handed to its checker and answered in words."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Hint(Exception):
    """What is wrong with an answer, in words that do not give the right one away."""


def check(exercise: str, answer: Any) -> None:
    """Print whether `answer` is right, or what to look at.

    Parameters
    ----------
    exercise : str
        The number of the exercise as the book prints it, "1.2" say.
    answer : object
        What the exercise asks for: a number, several in a tuple, an array, or a function.

    Examples
    --------
    >>> check("1.1", "three")
    Not yet. The exercise asks for a number, and this is a str.
    """
    print(message(exercise, answer))


def message(exercise: str, answer: Any) -> str:
    """Return what `check` prints: "Correct.", or "Not yet." and a hint; never a traceback."""
    checker = _checker(exercise)
    if answer is ...:
        return "Not yet. Put your answer in place of the three dots."
    try:
        checker(answer)
    except Hint as hint:
        return f"Not yet. {hint}"
    except Exception as error:  # an answer may be anything, and a function of a student may do anything
        return f"Not yet. Trying your answer raised {type(error).__name__}: {error}"
    return "Correct."


def exercises() -> list[str]:
    """Return the numbers of all exercises that have a checker, in the order of the book."""
    found = []
    for path in sorted(Path(__file__).parent.glob("chapter[0-9][0-9].py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("exercise_"):
                found.append(f"{int(path.stem[-2:])}.{node.name.removeprefix('exercise_')}")
    return found


def _checker(exercise: str) -> Callable[[Any], None]:
    if exercise not in exercises():
        raise ValueError(f"exercise must be one of {', '.join(exercises())}, got {exercise!r}")
    chapter, number = exercise.split(".")
    checker: Callable[[Any], None] = getattr(
        importlib.import_module(f"netmod_check.chapter{int(chapter):02d}"), f"exercise_{number}"
    )
    return checker


# What checkers are made of


def number(answer: Any, what: str = "a number") -> float:
    """Return `answer` as a float, or say that a number is asked for."""
    if isinstance(answer, bool | np.bool_ | str) or answer is None or callable(answer):
        raise Hint(f"The exercise asks for {what}, and this is a {type(answer).__name__}.")
    x = np.asarray(answer)
    if x.dtype.kind not in "iuf" or x.size != 1:
        raise Hint(f"The exercise asks for {what}, and this is {_shape(x)}.")
    value = float(x.reshape(()))
    if not np.isfinite(value):
        raise Hint(f"The exercise asks for {what}, and this is {value}.")
    return value


def numbers(answer: Any, names: Sequence[str]) -> tuple[float, ...]:
    """Return `answer` as one float for each of `names`, or say what is asked for."""
    wanted = f"{len(names)} numbers: {', '.join(names)}"
    if isinstance(answer, str | dict) or not hasattr(answer, "__len__"):
        raise Hint(f"The exercise asks for {wanted}.")
    if len(answer) != len(names):
        raise Hint(f"The exercise asks for {wanted}, and this has {len(answer)}.")
    return tuple(number(x, f"a number for {name}") for x, name in zip(answer, names, strict=True))


def array(answer: Any, shape: tuple[int, ...], what: str) -> NDArray[np.float64]:
    """Return `answer` as a float array of `shape`, or say what is asked for."""
    try:
        x = np.asarray(answer)
    except ValueError as error:  # rows of different lengths
        raise Hint(f"The exercise asks for {what}, of shape {shape}.") from error
    if x.dtype.kind not in "biuf" or x.shape != shape:
        raise Hint(f"The exercise asks for {what}, of shape {shape}, and this is {_shape(x)}.")
    if not np.isfinite(x).all():
        raise Hint(f"The exercise asks for {what}, and this has NaN or infinite entries.")
    return x.astype(float)


def function(answer: Any, what: str) -> Callable[..., Any]:
    """Return `answer` if it can be called, or say that a function is asked for."""
    if not callable(answer) or isinstance(answer, type):
        raise Hint(f"The exercise asks for a function, {what}: give it without calling it.")
    called: Callable[..., Any] = answer
    return called


def close(value: float, right: float, *, rtol: float = 1e-3, atol: float = 0.0) -> bool:
    """Return whether `value` is `right` to the tolerance."""
    return bool(abs(value - right) <= atol + rtol * abs(right))


def _shape(x: NDArray[Any]) -> str:
    return f"a {x.dtype.type.__name__}" if x.ndim == 0 else f"an array of shape {x.shape}"
