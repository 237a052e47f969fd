"""Whose is it: the sample, patient and role of columns and files, by what they say and how they are named."""
