"""Small variants and their read counts: MAF, VCF, tables of callers and annotators."""
