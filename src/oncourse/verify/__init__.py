"""Proof on the machine where oncourse runs: reference cases, and results that nobody changed."""
