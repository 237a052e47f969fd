"""Any file as a table of text: its encoding, its cells, the place of each; workbooks, JSON and SAS transport too."""
