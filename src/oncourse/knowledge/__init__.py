"""What is known of therapies: sourced rules, an expression language with three values, importers of evidence."""
