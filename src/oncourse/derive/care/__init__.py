"""What is known of one patient: therapy matches, ctDNA, the watch list."""
