"""What was found in each sample, gene by gene: calls, panels, status, burden."""
