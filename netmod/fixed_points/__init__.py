"""The steady states of chapter 5: iteration, Newton's method, extremal points, search, branches."""

from netmod.fixed_points.branch import Branch, Event, trace_branch
from netmod.fixed_points.extremal import extremal_fixed_points
from netmod.fixed_points.find import FixedPointSet, find_fixed_points, iterate
from netmod.fixed_points.newton import newton
from netmod.fixed_points.solution import FixedPoint

__all__ = [
    "Branch",
    "Event",
    "FixedPoint",
    "FixedPointSet",
    "extremal_fixed_points",
    "find_fixed_points",
    "iterate",
    "newton",
    "trace_branch",
]

for _name in __all__:  # the public address, whatever file a thing is written in: `netmod.fixed_points`
    globals()[_name].__module__ = __name__
