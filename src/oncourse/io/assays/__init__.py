"""What an assay could have seen: regions, panels, depth."""
