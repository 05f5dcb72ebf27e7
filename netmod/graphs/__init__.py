"""The networks of chapter 3: random graphs, signs and strengths, degrees and motifs."""

from netmod.graphs.convert import from_networkx, to_networkx
from netmod.graphs.generators import connection_matrix, dale_signs, erdos_renyi, sonet
from netmod.graphs.motifs import EdgeStatistics, MotifCounts, edge_statistics, in_degrees, motif_counts, out_degrees

__all__ = [
    "EdgeStatistics",
    "MotifCounts",
    "connection_matrix",
    "dale_signs",
    "edge_statistics",
    "erdos_renyi",
    "from_networkx",
    "in_degrees",
    "motif_counts",
    "out_degrees",
    "sonet",
    "to_networkx",
]

for _name in __all__:  # the public address, whatever file a thing is written in: `netmod.graphs`
    globals()[_name].__module__ = __name__
