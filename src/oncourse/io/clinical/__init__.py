"""People, treatments and follow-up: the words of hospitals and the formats of exports."""
