"""The study of a language model."""
