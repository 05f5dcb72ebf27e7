"""Write the page `book/performance.md` and its figure from the numbers in `book/performance.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BOOK = Path(__file__).resolve().parents[2] / "book"
NUMBERS, PAGE, FIGURE = BOOK / "performance.json", BOOK / "performance.md", BOOK / "_static" / "performance.svg"

TEXT = """\
(performance)=
# Performance

How fast is `netmod`, beside other people's software and beside what the machine allows? One command measures all that is on this page, and writes it:

```
make performance
```

The figures are of {date}, on a machine of {machine}, with {versions}. The machine was shared with other work, and the rows were measured one after another, some in runs of their own. Single times mean little: the ratios carry over to other machines, and each is of two sides that took turns.

## Workloads

Each row is the function that a reader calls, on the input that is stated. **Others** says how many times as long other software takes for the same work, checked to give the same result (`make peers` installs most of it). **The limit** is the cost, in the same run, of one part that cannot be left out; the last column says which. A fraction of 100 % would mean that nothing
else takes time. Above 100 % the function does that part by a quicker way than the one named. All is CPU time, the least of at least {rounds} rounds, with one thread for BLAS.

| Function | Input | CPU time | Others take | Fraction of the limit | The limit |
| :-- | :-- | --: | :-- | --: | :-- |
{workloads}

The two rows of `sweep` are networks of the kind of {{ref}}`chapter 6 <ch-results>` in the two readings of strength ({{ref}}`notation-strength`), and what others take is scaled up from random samples. Of the runs that share a strength only the first is walked in full; the others go on from Taylor's polynomial of the map once they are near its end. Where some runs of a network do not settle soon, all of them are walked in full, and a sweep takes about as long as the plain iteration with its table.

## Threads and processes

`sweep` keeps the threads of BLAS to one while it runs (if `threadpoolctl` is installed, as `make` does): its matrices are small, and more threads mostly wait for each other. More cores are used by an `executor`. One sweep of 20 networks with default settings on the same machine (whose cores other work may share: wall time then includes waiting for it, CPU time does not):

| Run | CPU time | wall time |
| :-- | --: | --: |
{threads}

## Growth

Networks with {in_degree} connections into each neuron, mixed, from {smallest} to {largest} neurons: {edges} connections in the largest.

```{{figure}} _static/performance.svg
:name: fig-performance-growth
:alt: CPU time against the number of neurons on logarithmic axes, one line for each function, all nearly straight and nearly parallel, with slopes near one.
**Time grows with the number of connections.** CPU time of each function against the number of neurons; the number at a line is its slope over the last three sizes. A slope of 1 means: twice the neurons, twice the time.
```

| Function | CPU time at {largest} | Slope | Memory at {largest} |
| :-- | --: | --: | --: |
{growth}

*Memory* is the most that the arrays made by the function took while it worked, the network itself (about 12 bytes a connection) not counted.
"""


def seconds(t: float) -> str:
    """Return a time with two digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if t >= size:
            return f"{t / size:.2g} {unit}" if t / size < 100 else f"{round(t / size, -1):.0f} {unit}"
    return f"{t * 1e6:.2g} µs"


def factor(x: float) -> str:
    """Return a ratio with two digits."""
    return f"{x:.1f}" if x < 10 else f"{float(f'{x:.2g}'):,.0f}"


def amount(size: float) -> str:
    """Return a number of bytes with two digits."""
    unit, scale = ("GB", 1e9) if size >= 1e9 else ("MB", 1e6)
    return f"{size / scale:.1f} {unit}" if size / scale < 10 else f"{size / scale:.0f} {unit}"


def render(found: dict[str, Any]) -> str:
    """Return the text of the page."""
    rows, last = [], found["scaling"]["sizes"][-1]
    for row in found["workloads"]:
        others = "; ".join(f"{name}: {factor(x)} times" for name, x in row["peers"].items()) or "–"
        rows.append(
            f"| `{row['name'].split(',')[0]}`{row['name'].partition(',')[2] and ',' + row['name'].partition(',')[2]} "
            f"| {row['what']} | {seconds(row['seconds'])} | {others} | {row['limit']['fraction']:.0%} "
            f"| {row['limit']['what']} |".replace("%", " %")
        )
    return TEXT.format(
        date=found["date"],
        machine=found["machine"],
        versions=", ".join(f"{name} {version}" for name, version in found["versions"].items()),
        rounds=found["rounds"],
        workloads="\n".join(rows),
        threads="\n".join(
            f"| {name} | {seconds(x['cpu'])} | {seconds(x['wall'])} |" for name, x in found["threads"].items()
        ),
        in_degree=found["scaling"]["in_degree"],
        smallest=f"{found['scaling']['sizes'][0]:,}",
        largest=f"{last:,}",
        edges=f"{found['scaling']['edges'][-1]:,}",
        growth="\n".join(
            f"| `{name.split(',')[0]}`{name[len(name.split(',')[0]) :]} | {seconds(x['seconds'][-1])} "
            f"| {x['slope']:.2f} | {amount(x['bytes'])} |"
            for name, x in found["scaling"]["steps"].items()
        ),
    )


def draw(found: dict[str, Any]) -> None:
    """Write the figure."""
    import matplotlib as mpl

    from netmod import plot

    plot.use_style()
    mpl.rcParams["svg.hashsalt"] = "performance"  # the same numbers, the same file
    fig, ax = plot.figure(height=3.6)
    sizes = found["scaling"]["sizes"]
    ends = sorted(found["scaling"]["steps"].items(), key=lambda step: step[1]["seconds"][-1])
    at = 0.0
    for name, step in ends:
        ax.loglog(sizes, step["seconds"], "o-", ms=3)
        at = max(step["seconds"][-1], 1.8 * at)  # labels that do not lie on each other
        ax.text(1.15 * sizes[-1], at, f"{name}: {step['slope']:.2f}", color=ax.lines[-1].get_color(), va="center")
    ax.set(xlabel="neurons", ylabel="CPU time (s)", xlim=(0.8 * sizes[0], 1.1 * sizes[-1]))
    fig.savefig(FIGURE, facecolor="white", bbox_inches="tight", metadata={"Date": None})


def write(found: dict[str, Any]) -> None:
    """Write numbers, page and figure."""
    NUMBERS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(render(found), encoding="utf-8")
    draw(found)
