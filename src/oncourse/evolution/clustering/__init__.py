"""Clusters of variants across the samples of a patient: `cluster.cluster_patient` is the door."""
