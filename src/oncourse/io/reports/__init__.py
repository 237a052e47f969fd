"""Reports of laboratories: panels of hospitals, vendors' documents, any table by a mapping file."""
