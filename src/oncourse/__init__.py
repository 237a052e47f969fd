"""oncourse: clinical studies that sequence tumours, from study folder to study report."""

__version__ = "0.1.0"
