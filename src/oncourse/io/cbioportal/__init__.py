"""A cBioPortal study folder."""
