"""From sequencing reads to counts: what every sample of a patient shows at every site of that patient."""
