"""Tables of clonal evolution tools: PyClone(-VI), Pairtree, CONIPHER, LICHeE, cBioPortal clonality columns.

Read to and written from long frames with one row per variant and sample. Counts: variant_id, sample_id, alt_count,
depth, major_cn, minor_cn, normal_cn, purity. Clusters: variant_id, sample_id, cluster_id, ccf, ccf_sd, p_cluster. What
a format does not hold is null; what it cannot express is said at its writer.
"""

from oncourse.io.clones.ascn import ASCN, ascn_columns, read_ascn
from oncourse.io.clones.conipher import read_conipher, write_conipher
from oncourse.io.clones.counts import (
    CLUSTERS_SCHEMA,
    COUNTS_SCHEMA,
    counts_from_frame,
    counts_of,
    counts_to_frame,
    read_text_columns,
    table_of,
)
from oncourse.io.clones.lichee import read_lichee, write_lichee
from oncourse.io.clones.pairtree import read_pairtree, write_pairtree
from oncourse.io.clones.pyclone import (
    read_pyclone,
    read_pyclone_clusters,
    read_pyclone_vi,
    write_pyclone,
    write_pyclone_clusters,
    write_pyclone_vi,
)

__all__ = [
    "ASCN",
    "CLUSTERS_SCHEMA",
    "COUNTS_SCHEMA",
    "ascn_columns",
    "counts_from_frame",
    "counts_of",
    "counts_to_frame",
    "read_ascn",
    "read_conipher",
    "read_lichee",
    "read_pairtree",
    "read_pyclone",
    "read_pyclone_clusters",
    "read_pyclone_vi",
    "read_text_columns",
    "table_of",
    "write_conipher",
    "write_lichee",
    "write_pairtree",
    "write_pyclone",
    "write_pyclone_clusters",
    "write_pyclone_vi",
]
