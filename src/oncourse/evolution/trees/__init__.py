"""Trees of clones that the sum rule allows, with a posterior over them: `posterior.fit_trees` is the door."""
