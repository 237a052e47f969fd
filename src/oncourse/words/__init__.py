"""What the pages say: templates with parameters, English and Chinese side by side (`en/*.toml`, `zh/*.toml`)."""
