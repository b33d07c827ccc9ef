"""A comparison as a browser of latents: `_browser` (both sides) and `_pair` (two latents)."""
