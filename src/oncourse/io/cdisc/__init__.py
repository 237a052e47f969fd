"""What regulators take: SDTM and ADaM."""
