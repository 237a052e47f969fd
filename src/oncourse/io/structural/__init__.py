"""Segments, gene copies, fusions and junctions."""
