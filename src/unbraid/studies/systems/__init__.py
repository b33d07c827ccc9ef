"""The real systems that studies take: networks, pictures, recordings."""
