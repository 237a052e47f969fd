"""One patient as plain data: what pages, PDF, JSON and FHIR draw, and the risk a saved model gives."""
