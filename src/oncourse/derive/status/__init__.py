"""Statuses of samples and patients: one engine, read by every analysis and page."""
