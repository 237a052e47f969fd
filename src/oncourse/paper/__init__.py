"""Results -> what a manuscript needs: Table 1, flow, tables, figures, paragraphs, references, checklists."""
