"""The page of a comparison: `_page` (order and headline), `_tables`, `_figures`, `_gallery`."""
