"""Write `protein_domains.tsv.gz` of `oncourse.genome` from the table of domains that maftools ships (MIT licence).

    python tools/build_protein_domains.py ../shared/data/kb-genes/protein_domains.tsv.gz

Needed only where a gene is to be added: the table is part of the package. It holds the genes of genes.tsv.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import polars as pl

from oncourse.genome.domains import chosen_domains
from oncourse.genome.genes import gene_table


def main() -> None:
    """Write the table into the package."""
    frame = pl.read_csv(
        gzip.decompress(Path(sys.argv[1]).read_bytes()),
        separator="\t",
        infer_schema=False,
        quote_char=None,
        truncate_ragged_lines=True,
    )
    table = chosen_domains(frame).filter(pl.col("gene").is_in(gene_table()["gene"].implode()))
    target = Path(__file__).parents[1] / "src/oncourse/genome/data/protein_domains.tsv.gz"
    target.write_bytes(gzip.compress(table.write_csv(separator="\t").encode(), mtime=0))
    print(f"{table.height} domains of {table['gene'].n_unique()} genes")


if __name__ == "__main__":
    main()
