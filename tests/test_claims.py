"""Chapter 10: verdicts, quotations, references and tests exist; claims that no other test holds are held here."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from book._ext.myst import read
from netmod import (
    RateNetwork,
    connection_matrix,
    dale_signs,
    erdos_renyi,
    firing_rate,
    in_degrees,
    iterate,
    linear_fit,
    linear_response,
    motif_counts,
    sonet,
    sweep,
)

TESTS = Path(__file__).parent
BOOK = TESTS.parent / "book"
CHAPTER = BOOK / "10-claims.md"
VERDICTS = {
    "s": "sets out",
    "r": "reproduced",
    "o": "only when",
    "c": "corrected",
    "u": "unspecified",
    "n": "not reproducible as stated",
}
BADGES = {"info": "s", "success": "r", "warning": "o", "primary": "c", "muted": "u", "danger": "n"}

# The phrases on which chapter 10 gives a verdict, as they stand on the poster (white space aside), part by part.
POSTER = {
    "Equation key": [
        "$E_m^n$ is the average",
        "input current into the mth neuron at the",
        "*n*th step",
        "$E_0$ is average current",
        "due to white noise",
        "$W_{ij}$ is the connection",
        "from the *i*th neuron",
        "to the *j*the neuron",
        "r(E) is the average",
        "firing rate of a neuron",
        "given the average",
        "input current",
    ],
    "Background": [
        "densely connected",
        "the heterogeneity in spike patterns across an entire neural network",
        "A natural cause of heterogeneity in a network arises from the non-regular connectivity between neurons.",
        "random networks of both purely excitatory and mixed inhibitory-excitatory (IE) networks",
        "once the network had converged to steady state",
        "linearly approximated the steady-states with respect to connection strengths",
        "predict levels of heterogeneity from a fundamental feature of network connectivity: the mean and variance "
        "of connection counts arriving at each cell",
    ],
    "Modeling neurons and firing rates": [
        r"$\tau \dot{v} = -(v - E_L) + \mu + \sqrt{\sigma^2 \tau} \xi(t) + i_{ext}(t)$",
        "standard integrate and fire neuron with spiking mechanism",
        "We adopted the leaky integrate and fire model for the dynamics of each cell in our network model.",
        "Firing rate function averages spike counts given an average input current.",
        "Firing rates saturate for large values of input current.",
        "(Left): Voltage plot",
        "(Center) Plot of neuron's firing rate as a function of average current input.",
        "(Right) Plot of the derivative of the firing rate.",
    ],
    "Creating neural networks": [
        "We represent a neural network as a directed graph",
        "We used the Erdos-Renyi (n,p) model for our first order networks.",
        "$W_{ij}$ represents the connection strength from the jth neuron to the ith neuron.",
        "Graphical representation (left) and adjacency matrix (right) of a purely excitatory (E) network.",
        "Graphical representation (left) and adjacency matrix (right) of a mixed IE network",
        r"$E_i^{n+1} = E_0 + \sum_j W_{ij} r(E_j^n)$",
        "Equation 1 [1]",
        "Discreet dynamics used to govern changes in the average current distribution",
        "We are interested in observing network activity of networks in steady-state.",
    ],
    "Steady-states: analytically": [
        "every contraction mapping has a unique fixed point",
        "all infinite iterations of any initial value will converge to $x^*$",
        r"$f(x_n) = x_{n+1}, \lim_{n \to \infty} f(x_n) \to f(x^*).$",
        r"$d(f(x), f(y)) \le kd(x, y), k < 1.$",
        r"$\vec{f}(\vec{x}) - \vec{f}(\vec{x+h}) = \int_0^1 Df(\vec{x+th})dt \cdot h.$",
        "Using an upper bound approximation for integrals and Hölder's inequality",
        r"$|\vec{f}(\vec{x}) - \vec{f}(\vec{x} + \vec{h})| \le \max Df \cdot |h|.$",
        "$Df_{ij} = W_{ij} * dr(E_j)$",
        r"$\max Df = \max dr |W|$",
    ],
    "Steady-states: numerically": [
        "We iterated the function starting with a random initial value until it converged to a fixed point.",
        "Then we tested several dozen more initial values and compared the fixed points to check for uniqueness.",
        "Mixed IE network, fully convergent.",
        "Mixed IE network, stops converging for larger connection strengths.",
        "Two purely excitatory networks.",
    ],
    "Preliminary Results": [
        "We tested 100 50-neuron and 100 100-neuron Erdos-Renyi networks as well as 100 50-neuron and 100-neuron "
        "second-order networks (SONETs).",
        "For purely excitatory networks, the relationship between fixed points and connection strengths is very "
        "linear",
        "for arbitrarily large connection strengths, we could obtain arbitrarily large mean current input",
        "Due to the balanced input of the mixed IE networks",
        "convergence was not observed for all networks",
        "the relationship between fixed points and connection strengths was much less linear",
        "Larger network sizes increased the rate of change of fixed points with respect to connection strengths.",
    ],
    "Future Work": [
        "second order moments of the fixed points in each network with second order moments of two quantifiable "
        "architecture properties",
        "In-degree the number of connections into each neuron",
        "Frequencies of three-cell motifs",
        "(left) chain, (center) convergent and (right) divergent motifs.",
        "Preliminary scatter plots comparing the (top) standard deviations and (bottom) variances of the indegrees "
        "of the network and both the (left) firing rates and (right) average input current.",
        "connection strength of 190",
    ],
}


def entries() -> dict[str, list[tuple[str, str, str, str]]]:
    """Return for each part of the list in chapter 10 its entries: quotation, badge, verdict, and what follows."""
    page = read(CHAPTER)
    (whole,) = [section for section in page.sections if section.title == "The list"]
    found = {}
    for part in page.sections:
        if part.level == 3 and whole.line < part.line <= whole.last:
            inside = [text for text in page.texts if part.line < text.line <= part.last]
            terms, said = ([t.source for t in inside if t.kind == kind] for kind in ("term", "definition"))
            quoted = [re.fullmatch(r"(?:Figure \w+: )?“(.*)”", term) for term in terms]
            judged = [re.fullmatch(r"\{bdg-(\w+)\}`([^`]*)` (.*)", text, flags=re.S) for text in said]
            assert all(quoted), f"odd entries under {part.title}"
            assert all(judged), f"odd entries under {part.title}"
            found[part.title] = [(q[1], *j.groups()) for q, j in zip(quoted, judged, strict=True)]
    return found


ENTRIES = [(part, *entry) for part, items in entries().items() for entry in items]
IDS = [quotation[:40] for _, quotation, *_ in ENTRIES]


def test_every_phrase_is_the_posters_in_its_order_and_none_is_left_out():
    quoted = {part: [p for q, *_ in items for p in q.split(" … ")] for part, items in entries().items()}
    assert quoted == POSTER


@pytest.mark.parametrize(("part", "quotation", "badge", "verdict", "rest"), ENTRIES, ids=IDS)
def test_verdict_place_and_test_exist(part, quotation, badge, verdict, rest):
    assert verdict == VERDICTS[BADGES[badge]]
    names = re.findall(r"`(test_\w+\.py)::(test_\w+)`", rest)
    assert names, "an entry names the test that holds it"
    for file, name in names:
        (path,) = TESTS.rglob(file)  # test files have names of their own
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"no {file}::{name}"
    reason = re.sub(r"`test_.*", "", rest)
    assert len(reason.split()) >= 2, "an entry says why, or where"
    for target in re.findall(r"\{(?:ref|numref|eq|prf:ref)\}`(?:[^`<]*<)?([^`>]+)>?`", reason):
        assert target in LABELS, f"no label {target} in the book"


def labels() -> set[str]:
    """Return every label that the pages of the book define."""
    return set().union(*(read(path).labels for path in BOOK.glob("*.md")))


LABELS = labels()


def test_the_picture_shows_the_verdicts_of_the_list():
    (cell,) = [cell for cell in read(CHAPTER).cells if "verdicts = {" in cell.source]
    names: dict = {}
    exec(cell.source, names)
    listed = ["".join(BADGES[badge] for _, badge, *_ in items) for items in entries().values()]
    assert list(names["verdicts"].values()) == listed
    assert {letter: VERDICTS[letter].removesuffix(" as stated") for letter in VERDICTS} == names["names"]


def test_the_summary_counts_the_verdicts():
    badges = [BADGES[badge] for *_, badge, _, _ in ENTRIES]
    text = CHAPTER.read_text(encoding="utf-8")
    s, r, o, c, u = (badges.count(letter) for letter in "srocu")
    counts = [len(badges), s, len(badges) - s, r, o, c, u]
    told = [
        re.findall(r"\b\d+\b", paragraph) for paragraph in text.split("\n\n") if f"{len(badges)} entries" in paragraph
    ]
    assert [str(count) for count in counts] in [numbers[:7] for numbers in told]  # in this order, in whatever words
    assert badges.count("n") == 1


# What follows holds claims of the poster that no other test holds. The networks are fewer and smaller than in the
# chapters, and the margins wide.


def mean_current(nets, strengths, **options):
    return sweep(nets, strengths, E0=8.0, starts=1, rng=1, **options).E.mean(axis=-1)


def test_without_irregular_wiring_there_is_no_heterogeneity():
    ring = sum(np.roll(np.eye(50, dtype=bool), shift, axis=1) for shift in range(1, 11)) > 0
    random = erdos_renyi(50, 10 / 49, rng=1)
    assert set(in_degrees(ring)) == {10}
    rates = {
        name: iterate(RateNetwork(connection_matrix(A, 15.0), 8.0)).rate for name, A in (("r", ring), ("e", random))
    }
    assert np.ptp(rates["r"]) < 1e-9
    assert np.std(rates["e"]) > 0.05 * np.mean(rates["e"])


def test_excitatory_lines_are_straight_per_synapse_only():
    nets = erdos_renyi(50, 0.2, size=10, rng=1)
    for top, low, high in ((200.0, 0.99, 1.0), (190 / 9.8, 0.75, 0.95)):
        g = top * np.arange(1, 21) / 20
        r2 = linear_fit(g, sweep(nets, g, E0=8.0, starts=1, rng=1).E.swapaxes(1, 2)).r_squared
        assert low < np.median(r2) <= high


@pytest.mark.parametrize("E0", [0.0, 4.0, 8.0, 15.0])
def test_excitatory_currents_grow_without_bound(E0):
    nets, g = erdos_renyi(30, 0.2, size=5, rng=2), np.array([1.0, 30.0, 1e3, 1e5])
    result = sweep(nets, g, E0=E0, starts=3, rng=1)
    bound = E0 + g[:, None] * in_degrees(nets)[:, None] * firing_rate(E0)
    assert (result.converged == 1).all()
    assert (bound - 1e-6 * (1 + abs(bound)) <= result.E).all()
    assert (result.E[:, -1].mean(axis=-1) > 1e4).all()
    assert (result.rate <= 0.5).all()


def lost(nets, gamma, strengths):
    signs = dale_signs(nets.shape[-1], 0.2, gamma)
    result = sweep(nets, strengths, E0=8.0, signs=signs, starts=2, max_iter=1000, rng=1)
    return (result.converged < 1).any(axis=1)


def test_some_mixed_networks_converge_at_all_strengths_and_some_do_not():
    nets = erdos_renyi(50, 0.2, size=20, rng=3)
    gone = lost(nets, 4.0, [20.0, 40.0, 60.0, 80.0])
    assert 2 <= gone.sum() <= 18


def test_failures_do_not_peak_at_the_balance():
    nets = erdos_renyi(60, 0.2, size=20, rng=6)
    counts = [lost(nets, gamma, [30.0, 60.0, 90.0]).sum() for gamma in (2.0, 4.0, 6.0)]
    assert counts[0] < counts[1] <= counts[2] + 1, counts
    assert counts[2] > 10


def test_mixed_lines_are_less_straight():
    nets, medians = erdos_renyi(50, 0.2, size=10, rng=4), []
    for g, signs in ((np.arange(10.0, 201.0, 10.0), None), (np.arange(1.0, 21.0), dale_signs(50))):
        E = sweep(nets, g, E0=8.0, signs=signs, starts=1, rng=1).E
        medians.append(np.nanmedian(linear_fit(g, E.swapaxes(1, 2)).r_squared))
    assert medians[1] < medians[0] - 0.01


def test_larger_networks_are_steeper_per_synapse_only():
    slopes = {}
    for n in (50, 100):
        nets = erdos_renyi(n, 0.2, size=8, rng=n)
        for name, g in (("synapse", np.arange(20, 201, 20)), ("total", np.arange(19, 191, 19) / ((n - 1) * 0.2))):
            x = g * ((n - 1) * 0.2 if name == "total" else 1)
            slopes[name, n] = linear_fit(x, mean_current(nets, g).mean(axis=0)).slope
    np.testing.assert_allclose(slopes["synapse", 50], 49 * 0.1, rtol=0.06)
    np.testing.assert_allclose(slopes["synapse", 100], 99 * 0.1, rtol=0.06)
    np.testing.assert_allclose(slopes["total", 50], slopes["total", 100], rtol=0.15)


def test_the_linear_approximation_falls_short():
    nets, g = erdos_renyi(50, 0.2, size=10, rng=5), np.array([150.0, 225.0]) / 9.8
    E = sweep(nets, g, E0=8.0, starts=1, rng=1).E
    step = linear_response(nets, g[0], E[:, 0]) * (g[1] - g[0])
    missed = np.abs(E[:, 0] + step - E[:, 1]).mean() / np.abs(E[:, 1] - E[:, 0]).mean()
    assert 0.35 < missed < 0.65


def test_spread_of_in_degrees_predicts_the_spread_of_activity():
    nets = erdos_renyi(50, 0.2, size=100, rng=7)
    k = in_degrees(nets)
    for g, E_at_least in ((190.0, 0.99), (190 / 9.8, 0.6)):
        result = sweep(nets, [g], E0=8.0, starts=1, rng=1)
        for power in (0.5, 1.0):  # standard deviations and variances
            of = {x: (k if x == "k" else getattr(result, x)[:, 0]).var(axis=-1) ** power for x in ("k", "E", "rate")}
            assert np.corrcoef(of["k"], of["E"])[0, 1] > E_at_least
            assert np.corrcoef(of["k"], of["rate"])[0, 1] > 0.5


def test_signed_in_degrees_predict_where_plain_counts_do_not():
    nets, signs = erdos_renyi(60, 0.2, size=150, rng=8), dale_signs(60)
    spread = sweep(nets, [10.0], E0=8.0, signs=signs, starts=1, rng=1).rate[:, 0].std(axis=-1)
    plain = np.corrcoef(nets.sum(axis=-1).std(axis=-1), spread)[0, 1]
    signed = np.corrcoef((nets @ signs).std(axis=-1), spread)[0, 1]
    assert abs(plain) < 0.3 < 0.5 < signed  # 0.3 is 3.7 standard errors


def test_convergent_motifs_and_chains_predict_the_spread_divergent_ones_do_not():
    rng = np.random.default_rng(9)
    alphas = rng.uniform(0, [0.4, 0.4, 0.5], (150, 3))
    nets = [
        sonet(100, rng.uniform(0.15, 0.25), conv=a, div=b, chain=c * (a * b) ** 0.5, rng=rng) for a, b, c in alphas
    ]
    counts = motif_counts(np.stack(nets))
    spread = sweep(np.stack(nets), [190 / 19.8], E0=8.0, starts=1, rng=1).rate[:, 0].std(axis=-1)
    columns = np.stack([counts.edges, counts.convergent, counts.divergent, counts.chain], axis=1).astype(float)
    columns[:, 1:] /= columns[:, :1] ** 2  # in units of what the connections alone would give
    z = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    weights = np.linalg.lstsq(z, (spread - spread.mean()) / spread.std(), rcond=None)[0]
    _, convergent, divergent, chain = weights
    assert convergent > 0.3
    assert chain > 0.1
    assert abs(divergent) < min(convergent, chain)


def test_two_readings_of_190():
    nets = erdos_renyi(100, 0.2, size=5, rng=10)
    (synapse,), (total,) = (
        sweep(nets, [g], E0=8.0, starts=1, rng=1).rate.mean(axis=(0, 2)) for g in (190.0, 190 / 19.8)
    )
    assert 0.46 < synapse < 0.48
    assert 0.06 < total < 0.08


def test_the_exponential_neuron_of_the_chapter_has_the_reference_rates(golden):
    (cell,) = [cell for cell in read(CHAPTER).cells if "def exponential_rate" in cell.source]
    names: dict = {}
    exec("import numpy as np\nfrom netmod import LIF\n" + cell.source, names)
    rate = names["exponential_rate"]
    for item in golden["eif"]["items"]:
        found = rate(item["E"], sharpness=item["Delta_T"], v_T=item["v_T"], top=item["params"]["v_th"])
        np.testing.assert_allclose(found, item["rate"], rtol=golden["eif"]["tol_rel"])
    for E in (4.0, 8.0, 20.0):
        np.testing.assert_allclose(rate(E, sharpness=0, top=-50.0), firing_rate(E), rtol=1e-3)
