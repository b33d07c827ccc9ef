"""The page of a comparison: tables, figures and pictures."""
