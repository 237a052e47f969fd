"""Writing without hurting: what may be replaced, how it is swapped in, and what a run that ends early leaves."""
