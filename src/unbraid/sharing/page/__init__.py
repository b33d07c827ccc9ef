"""The page of a joint dictionary."""
