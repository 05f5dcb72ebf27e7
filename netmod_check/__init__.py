"""Checkers for the exercises of the book: they say what to look at, and never the answer.

``check("1.2", answer)`` prints "Correct." or a hint. Exercise k of chapter N is checked by the function
``exercise_k`` of ``netmod_check.chapterNN``, which raises `Hint` where an answer is not right.
"""

from netmod_check._core import Hint, check, exercises, message

__all__ = ["Hint", "check", "exercises", "message"]
