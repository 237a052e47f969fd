"""What the pages say: templates with parameters, English and Chinese side by side (`en/*.toml`, `zh/*.toml`)."""

#: Languages of reports, pages and manuscripts: a folder of templates each.
LANGUAGES = ("en", "zh")
