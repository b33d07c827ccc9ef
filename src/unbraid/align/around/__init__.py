"""Around a score: differences, nuisance, choice among many, subjects, axis tests."""
