"""Findings, covariates and treatments as the outcome questions need them."""
